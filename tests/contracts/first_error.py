"""Prints what Debian's python3-jsonschema says first of documents, with the one file.

Usage: first_error.py SCHEMA < DOCUMENTS. One line a document, {"title": contract, "document": ...};
one line an error, [path, message].
"""

import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)

for line in sys.stdin:
    case = json.loads(line)
    validator = Draft202012Validator({**schema, "$ref": f"#/$defs/{case['title']}"})
    error = next(validator.iter_errors(case["document"]))
    print(json.dumps([error.json_path, error.message]))
