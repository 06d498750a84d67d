"""Checks OCSF events against the OCSF schema, compiled by PyPI `ocsf-lib`.

    python check_ocsf.py SCHEMA_FOLDER < events.jsonl

SCHEMA_FOLDER is a checkout of ocsf/ocsf-schema. Unknown attributes, wrong types, values outside an
enumeration, captions that do not match their ids, missing required attributes and broken constraints
are errors. Exits 1 when there is one, or when there is no event.
"""

import ipaddress
import json
import sys

from ocsf.compile import Compilation
from ocsf.repository import read_repo

WHOLE = {"integer_t", "long_t", "timestamp_t", "port_t"}


def check(schema, value, attributes, constraints, path, errors):
    """Checks one object and what is in it."""
    for name, held in value.items():
        attribute = attributes.get(name)
        if attribute is None:
            errors.append(f"{path}.{name}: no such attribute")
            continue
        if attribute.is_array != isinstance(held, list) and attribute.type != "json_t":
            errors.append(f"{path}.{name}: {'not a' if attribute.is_array else 'a'} list")
            continue
        for one in held if attribute.is_array else [held]:
            check_one(schema, one, attribute, f"{path}.{name}", errors)
        caption = (attribute.enum or {}).get(str(held))
        if caption and attribute.sibling in value and value[attribute.sibling] != caption.caption:
            errors.append(f"{path}.{attribute.sibling}: not `{caption.caption}`")
    for name, attribute in attributes.items():
        # What a profile requires holds only where the profile is applied, and we apply none.
        if attribute.requirement == "required" and not attribute.profile and name not in value:
            errors.append(f"{path}.{name}: required")
    names = (constraints or {}).get("at_least_one", [])
    if names and not any(name in value for name in names):
        errors.append(f"{path}: lacks any of {', '.join(names)}")


def check_one(schema, one, attribute, path, errors):
    """Checks one value of an attribute."""
    kind = attribute.type
    if kind in schema.objects:
        if not isinstance(one, dict):
            errors.append(f"{path}: not an object")
        elif kind != "object":
            inner = schema.objects[kind]
            check(schema, one, inner.attributes, inner.constraints, path, errors)
    elif kind in WHOLE:
        if not isinstance(one, int) or isinstance(one, bool) or abs(one) >= 2 ** (31 if kind == "integer_t" else 63):
            errors.append(f"{path}: not a whole number that fits")
    elif kind == "boolean_t":
        if not isinstance(one, bool):
            errors.append(f"{path}: not true or false")
    elif kind not in {"json_t", "float_t"} and not isinstance(one, str):
        errors.append(f"{path}: not text")
    elif kind == "ip_t":
        ipaddress.ip_address(one)
    if attribute.enum and str(one) not in attribute.enum:
        errors.append(f"{path}: {one} is none of its values")


def main():
    """Checks every event on standard input."""
    schema = Compilation(read_repo(sys.argv[1])).build()
    known = {event.uid: event for event in schema.classes.values()}
    errors, count = [], 0
    for line in sys.stdin:
        event = json.loads(line)
        count += 1
        described = known.get(event.get("class_uid"))
        if described is None:
            errors.append(f".class_uid: no class {event.get('class_uid')}")
            continue
        check(schema, event, described.attributes, described.constraints, "", errors)
        if event.get("type_uid") != event["class_uid"] * 100 + event.get("activity_id", 0):
            errors.append(".type_uid: not class_uid * 100 + activity_id")
    for error in sorted(set(errors)):
        print(error)
    print(f"{count} events, {len(errors)} errors")
    sys.exit(1 if errors or not count else 0)


if __name__ == "__main__":
    main()
