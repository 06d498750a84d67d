"""Validates SARIF 2.1.0 logs against their JSON schema: check_sarif.py SCHEMA FILE…

Prints one line per error and ends with 1 if there is any.
"""

import json
import sys

import jsonschema


def main(schema_path: str, *files: str) -> int:
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.validators.validator_for(schema)(schema)
    bad = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            log = json.load(file)
        for error in validator.iter_errors(log):
            bad += 1
            print(f"{path}: {error.json_path}: {error.message[:200]}")
        results = [result for run in log.get("runs", []) for result in run.get("results", [])]
        rules = {rule["id"] for run in log.get("runs", []) for rule in run["tool"]["driver"].get("rules", [])}
        unknown = {result.get("ruleId") for result in results} - rules
        if unknown:
            bad += 1
            print(f"{path}: results of rules that are not declared: {sorted(map(str, unknown))}")
        if not results:
            bad += 1
            print(f"{path}: no results, so nothing was validated")
        print(f"{path}: {len(results)} results, {len(rules)} rules")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
