/**
 * Results under the default limits are read by others: jq, Python's json and Python's jsonschema,
 * whatever the action returned. `npm run test:debian`, after `apt-get install jq
 * python3-jsonschema`. A missing one fails.
 */
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { capture, execute } from "../../mod.ts";
import { HOSTILE, nested } from "../support/hostile.ts";
import { isSame, levels } from "../support/recorded.ts";
import { assertSound, circumstances, order } from "../support/orders.ts";

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const PYTHON = "/usr/bin/python3";
const ADDRESS = "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/";
const PATIENT = { timeout: 300_000 };

/** What a program prints. That it is missing, or fails, is a failure. */
function run(command: string, args: readonly string[], input: string): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 29,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ends with ${status}: ${stderr.slice(-2000)}`);
  return stdout;
}

const lines = (documents: readonly unknown[]): string =>
  documents.map((document) => `${JSON.stringify(document)}\n`).join("");

/** A document, and whether the contract of that name accepts it. */
function judge(contract: string, documents: readonly unknown[]): boolean[] {
  const schema = `${ADDRESS}${contract}.schema.json`;
  const input = lines(documents.map((document) => ({ schema, document })));
  return run(PYTHON, [path("../contracts/judge.py"), path("../../schemas")], input)
    .trim().split("\n").map((verdict) => verdict === "1");
}

/** The result of an action that returns an object that holds the value: no thenable is awaited. */
async function resultOf(value: unknown): Promise<unknown> {
  const result = await execute(order(), circumstances(), () => ({ value }));
  assertSound(result);
  return result;
}

/** As deep as results get, in every way in which values hold others. */
const DEEP: Record<string, (inner: unknown) => unknown> = {
  arrays: (inner) => [inner],
  objects: (inner) => ({ inner, count: 1n }),
  Maps: (inner) => new Map([["k", inner]]),
  Sets: (inner) => new Set([inner]),
  errors: (inner) => Object.assign(new Error("m", { cause: inner }), { code: "E", stack: "" }),
  "errors of errors": (inner) => Object.assign(new AggregateError([inner], "m"), { stack: "" }),
  escapes: (inner) => ({ $js: inner }),
  "everything in turn": (inner) => [{ inner, map: new Map([["k", new Set([1n, "\0"])]]) }],
};

const deep = Object.entries(DEEP).map(([name, wrap]) => [name, nested(1e4, wrap)] as const);

/** What `documents()` are made from, with names to blame. */
const values: (readonly [name: string, value: unknown])[] = [
  ...HOSTILE.map(([name, make]) => [name, make()] as const),
  ...deep,
  ["every kind of limit at once", {
    text: "\ud800".repeat(1e6),
    texts: Array(100).fill("x".repeat(1e5)),
    bytes: [new Uint8Array(1e6), new Uint8Array(1e6)],
    wide: Array.from({ length: 20_000 }, (_, i) => ({ i })),
  }],
];

let made: Promise<unknown[]> | undefined;
const documents = (): Promise<unknown[]> =>
  made ??= Promise.all(values.map(([, value]) => resultOf(value)));

/** The names of the values whose documents are not as they should be. */
const blame = (isGood: (index: number) => boolean): string[] =>
  values.flatMap(([name], index) => isGood(index) ? [] : [name]);

test("jq reads every result as it was written", PATIENT, async () => {
  const all = await documents();
  const read = run("jq", ["-c", "."], lines(all)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(read.length, all.length);
  assertEquals(blame((index) => isSame(read[index], JSON.parse(JSON.stringify(all[index])))), []);
});

test("Python's json reads every result as it was written", PATIENT, async () => {
  const all = await documents();
  const script = [
    "import json, sys",
    "for line in sys.stdin.buffer:",
    "    print(json.dumps(json.loads(line.decode('utf-8', 'strict')), allow_nan=False))",
  ].join("\n");
  const read = run(PYTHON, ["-c", script], lines(all)).trim().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals(read.length, all.length);
  assertEquals(blame((index) => isSame(read[index], JSON.parse(JSON.stringify(all[index])))), []);
});

test("Python's jsonschema accepts every result", PATIENT, async () => {
  // It takes a millisecond a value. Of what is merely large, a few documents are enough.
  const all = await documents();
  const large = all.filter((document) => JSON.stringify(document).length > 100_000);
  const judged = all.filter((document) => !large.slice(2).includes(document));
  assert(large.length > 2 && judged.length > 96);
  const verdicts = judge("execution-result", judged);
  assertEquals(verdicts.length, judged.length);
  assertEquals(blame((index) => verdicts[judged.indexOf(all[index])] ?? true), []);
});

test("Python's jsonschema judges the deepest values in linear time", PATIENT, () => {
  const seconds = (documents: readonly unknown[]): number => {
    const start = performance.now();
    const verdicts = judge("raw-value", documents);
    assertEquals(verdicts, documents.map(() => true));
    return (performance.now() - start) / 1000;
  };
  const started = seconds([null]);
  const times = deep.map(([name, value]) => {
    const document = capture(value).value;
    assert(levels(document) >= 45, `${name}: ${levels(document)} levels`);
    return [name, seconds([document]) - started] as const;
  });
  console.log(
    `python3-jsonschema, values of 48 levels, beyond the ${started.toFixed(2)} s of its start:`,
  );
  for (const [name, time] of times) console.log(`  ${time.toFixed(2).padStart(6)} s  ${name}`);
  // A schema that judges by nested alternatives takes hours: 2^48. What is slow here is the machine.
  for (const [name, time] of times) assert(time < 30, `${name}: ${time} s`);
});

test("without the limit, jq and Python's jsonschema refuse what is deep", PATIENT, () => {
  const document = capture(nested(1e4, (inner) => [inner]), { maxDepth: 300 }).value;
  assertEquals(levels(document), 301); // The deepest one is what stands for the cut.
  assertThrows(() => run("jq", ["."], JSON.stringify(document)), Error, "depth limit");
  assertThrows(() => judge("raw-value", [document]), Error, "recursion depth");
});

test("the reader in docs/validate.md decodes what it says it does", PATIENT, () => {
  const page = readFileSync(new URL("../../docs/validate.md", import.meta.url), "utf8");
  const [, reader] = /^```python\n(import base64\n.*?)^with open/ms.exec(page) ?? [];
  assert(reader);
  const recorded = capture({
    clean: [1, "a", null, true, { b: 1.5 }],
    none: [undefined, , undefined], // deno-lint-ignore no-sparse-arrays
    big: 2n ** 70n,
    numbers: [Infinity, -Infinity, -0, NaN],
    text: "a\0\ud83d",
    bytes: new Uint8Array([0, 255]),
    object: { $js: "bigint", value: "1" },
    map: new Map([["k", 1n]]),
    cut: new Uint8Array(70_000),
  }).value;
  const script = `${reader}
import math, sys
it = read(json.load(sys.stdin))
assert it["clean"] == [1, "a", None, True, {"b": 1.5}]
assert [none["$js"] for none in it["none"]] == ["undefined", "hole", "undefined"]
assert it["big"] == 2 ** 70
inf, minus, zero, nan = it["numbers"]
assert inf == math.inf and minus == -math.inf and math.copysign(1, zero) == -1 and math.isnan(nan)
assert it["text"] == "a\\0\\ud83d"
assert it["bytes"] == b"\\x00\\xff"
assert it["object"] == {"$js": "bigint", "value": "1"}
assert it["map"] == [("k", 1)]
assert it["cut"]["base64"]["size"] == 70000
print("decoded")
`;
  assertEquals(run(PYTHON, ["-c", script], JSON.stringify(recorded)), "decoded\n");
});
