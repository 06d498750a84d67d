"""Validates OCSF events of class 2004 (Detection Finding): check_ocsf.py SCHEMA_ARCHIVE|- FILE…

FILE is JSON: one event, an array, or one event a line. With an archive of the schema's repository
the events are checked attribute by attribute against the compiled schema (presence, types, enums,
constraints, nothing unknown, profiles declared); in any case against the models of py-ocsf-models,
which others wrote. Prints one line per error and ends with 1 if there is any.
"""

import json
import re
import sys
import tarfile
import tempfile
from pathlib import Path

CLASS = 2004


def load_schema(archive: str) -> dict:
    from ocsf.compile import Compilation
    from ocsf.repository import read_repo
    from ocsf.schema import to_dict

    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            # Python before 3.11.4 knows no filter.
            tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        root = next(Path(folder).glob("*/dictionary.json")).parent
        schema = to_dict(Compilation(read_repo(root)).build())
        # `"profile": null` in a class frees an attribute from its profile; ocsf-lib loses that.
        for path in root.glob("events/**/*.json"):
            raw = json.loads(path.read_text(encoding="utf-8"))
            compiled = schema["classes"].get(raw.get("name"), {"attributes": {}})["attributes"]
            for name, attribute in raw.get("attributes", {}).items():
                if isinstance(attribute, dict) and attribute.get("profile", "") is None and name in compiled:
                    compiled[name]["profile"] = None
        return schema


def read_events(path: str) -> list:
    text = Path(path).read_text(encoding="utf-8")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]


class Checker:
    def __init__(self, schema: dict):
        self.schema = schema
        self.cls = next(it for it in schema["classes"].values() if it["uid"] == CLASS)

    def event(self, event: dict):
        profiles = set(event.get("metadata", {}).get("profiles", []))
        for profile in profiles - set(self.cls["profiles"] or []):
            yield "metadata.profiles", f"`{profile}` is no profile of this class"
        yield from self.attributes(event, self.cls, profiles, "")
        if event.get("type_uid") != CLASS * 100 + event.get("activity_id", -1):
            yield "type_uid", "is not class_uid * 100 + activity_id"

    def attributes(self, value: dict, kind: dict, profiles: set, at: str):
        known = kind["attributes"]
        for name, attribute in known.items():
            profile = attribute.get("profile")
            active = profile is None or profile in profiles
            if attribute["requirement"] == "required" and active and name not in value:
                yield f"{at}{name}", "required and missing"
            if not active and name in value:
                yield f"{at}{name}", f"belongs to profile `{profile}`, which metadata.profiles does not name"
        for name, given in value.items():
            if name not in known:
                yield f"{at}{name}", f"no attribute of `{kind['name']}`"
                continue
            attribute = known[name]
            if attribute.get("is_array"):
                if not isinstance(given, list):
                    yield f"{at}{name}", "not an array"
                    continue
                for index, item in enumerate(given):
                    yield from self.one(item, attribute, profiles, f"{at}{name}[{index}]")
            else:
                yield from self.one(given, attribute, profiles, f"{at}{name}")
        for constraint, names in (kind.get("constraints") or {}).items():
            present = sum(name in value for name in names)
            if constraint == "at_least_one" and present == 0 or constraint == "just_one" and present != 1:
                yield at.rstrip("."), f"{constraint} of {names}"

    def one(self, value, attribute: dict, profiles: set, at: str):
        kind = attribute["type"]
        if kind == "object_t":
            kind = attribute.get("object_type") or "object"
        if kind in self.schema["objects"]:
            if not isinstance(value, dict):
                yield at, f"not an object `{kind}`"
            elif kind != "object":
                yield from self.attributes(value, self.schema["objects"][kind], profiles, f"{at}.")
            return
        if attribute.get("enum") and str(value) not in attribute["enum"]:
            yield at, f"{value!r} is not in its enum"
        yield from self.scalar(value, kind, at)

    def scalar(self, value, kind: str, at: str):
        rule = self.schema["types"].get(kind, {})
        base = rule.get("type") or kind
        bases = {"string_t": str, "integer_t": int, "long_t": int, "float_t": (int, float), "boolean_t": bool}
        wanted = bases.get(base)
        if wanted and (not isinstance(value, wanted) or wanted is int and isinstance(value, bool)):
            yield at, f"{value!r} is no {kind}"
        elif rule.get("regex") and isinstance(value, str) and not re.search(rule["regex"], value):
            yield at, f"{value!r} does not look like a {kind}"
        elif rule.get("max_len") and isinstance(value, str) and len(value) > rule["max_len"]:
            yield at, f"longer than {rule['max_len']}"


def model_errors(event: dict):
    from py_ocsf_models.events.findings.detection_finding import DetectionFinding
    from pydantic import ValidationError

    try:
        DetectionFinding.model_validate(event)
    except ValidationError as error:
        for item in error.errors():
            # The schema asks for one of `uid` and `name`; these models insist on the name.
            if item["type"] == "missing" and item["loc"][-2:] in (("technique", "name"), ("sub_technique", "name")):
                continue
            yield ".".join(map(str, item["loc"])), f"{item['msg']} (py-ocsf-models)"


def main(archive: str, *files: str) -> int:
    checker = None if archive == "-" else Checker(load_schema(archive))
    bad = 0
    for path in files:
        events = read_events(path)
        for number, event in enumerate(events):
            errors = list(model_errors(event)) + (list(checker.event(event)) if checker else [])
            bad += len(errors)
            for at, what in errors[:5]:
                print(f"{path}: event {number}: {at}: {what}")
        if not events:
            bad += 1
            print(f"{path}: no events, so nothing was validated")
        print(f"{path}: {len(events)} events")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
