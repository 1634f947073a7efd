"""Judges documents with Debian's python3-jsonschema, for tests/node/contracts_test.ts.

Usage: judge.py SCHEMAS < DOCUMENTS. One line a document, {"schema": address, "document": ...};
one line a verdict, 1 or 0. Whatever is not in the folder SCHEMAS cannot be referred to.
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator, RefResolver

schemas = [json.loads(path.read_text("utf-8")) for path in pathlib.Path(sys.argv[1]).glob("*.json")]
store = {schema["$id"]: schema for schema in schemas}


class Offline(RefResolver):
    """Refuses to fetch: a reference that leaves the schemas is an error."""

    def resolve_remote(self, uri):
        raise LookupError(f"not among the schemas: {uri}")


validators = {}


def validator(address):
    """The validator of one schema, or of one definition in it."""
    if address not in validators:
        resolver = Offline(base_uri="", referrer={}, store=store)
        validators[address] = Draft202012Validator({"$ref": address}, resolver=resolver)
    return validators[address]


for line in sys.stdin.buffer:
    case = json.loads(line)
    print(int(validator(case["schema"]).is_valid(case["document"])))
