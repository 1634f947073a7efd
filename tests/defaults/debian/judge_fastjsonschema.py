"""Judges results with Debian's python3-fastjsonschema: SCHEMA VALID... -- INVALID..., as judge.mjs."""

import json
import sys

import fastjsonschema


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


schema, *paths = sys.argv[1:]
validate = fastjsonschema.compile(read(schema))
border = paths.index("--")
for at, path in enumerate(paths):
    if at == border:
        continue
    try:
        validate(read(path))
        accepted = True
    except fastjsonschema.JsonSchemaValueException:
        accepted = False
    if accepted != (at < border):
        print(f"{path}: {'accepted' if accepted else 'refused'}")
print(f"{len(paths) - 1} documents")
