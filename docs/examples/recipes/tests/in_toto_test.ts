import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { file_google_protobuf_struct, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { toStatement } from "../in_toto.ts";
import { resultOf } from "./results.ts";

const LABEL = { once: "LABEL_OPTIONAL", many: "LABEL_REPEATED" };
const field = (name: string, number: number, typeName?: string, label = LABEL.once) => ({
  name,
  number,
  label,
  jsonName: name === "type" ? "_type" : name.replace(/_(.)/g, (_, next) => next.toUpperCase()),
  ...(typeName ? { type: "TYPE_MESSAGE", typeName } : { type: "TYPE_STRING" }),
});

/**
 * What in-toto publishes as `in_toto_attestation/v1/statement.proto` and `resource_descriptor.proto`.
 * JSON that follows them is read by protobuf without an unknown field: it refuses any other.
 */
const registry = createFileRegistry(
  fromJson(FileDescriptorProtoSchema, {
    name: "in_toto_attestation/v1/statement.proto",
    package: "in_toto_attestation.v1",
    syntax: "proto3",
    dependency: ["google/protobuf/struct.proto"],
    messageType: [
      {
        name: "Statement",
        field: [
          field("type", 1),
          field("subject", 2, ".in_toto_attestation.v1.ResourceDescriptor", LABEL.many),
          field("predicate_type", 3),
          field("predicate", 4, ".google.protobuf.Struct"),
        ],
      },
      {
        name: "ResourceDescriptor",
        field: [
          field("name", 1),
          field("uri", 2),
          field("digest", 3, ".in_toto_attestation.v1.ResourceDescriptor.DigestEntry", LABEL.many),
        ],
        nestedType: [
          {
            name: "DigestEntry",
            field: [field("key", 1), field("value", 2)],
            options: { mapEntry: true },
          },
        ],
      },
    ],
  }),
  (name) =>
    name === file_google_protobuf_struct.proto.name ? file_google_protobuf_struct : undefined,
);
const schema = registry.getMessage("in_toto_attestation.v1.Statement")!;

const SUBJECT = { name: "site.tar", digest: { sha256: "ab".repeat(32) } };

test("A result of any status is a Statement in in-toto's own layout, and loses nothing in it", async () => {
  for (const status of ["APPLIED", "FAILED", "UNKNOWN"] as const) {
    const statement = toStatement(await resultOf(status), [SUBJECT]);
    const json = JSON.parse(JSON.stringify(statement));
    assert.deepEqual(toJson(schema, fromJson(schema, json)), json);
    assert.equal(json._type, "https://in-toto.io/Statement/v1");
    assert.equal(json.predicate.status, status);
  }
});

test("The layout refuses what is none of it", () => {
  const wrong: JsonValue = { _type: "https://in-toto.io/Statement/v1", subjects: [SUBJECT] };
  assert.throws(() => fromJson(schema, wrong), /subjects/);
});

test("The predicate's type is where its schema can be fetched", async () => {
  const { predicateType } = toStatement(await resultOf("APPLIED"), [SUBJECT]);
  const url = import.meta.resolve("deployer-runtime/schemas/execution-result.schema.json");
  assert.equal(predicateType, JSON.parse(readFileSync(fileURLToPath(url), "utf8")).$id);
});
