import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { breaches } from "../../runner/contract/breaches.ts";
import { wrongDocuments } from "../../tests/contracts/wrong.ts";
import { HOSTILE } from "../../tests/support/hostile.ts";
import { validator, vectors } from "../../tests/support/schemas.ts";
import { judge, type Validate } from "../checks/contract.ts";
import { compileValidators } from "../validators.ts";
import { resultOf } from "./results.ts";

const isResult = await compiled();

/** The validator that the page is built with. */
async function compiled(): Promise<Validate> {
  const folder = mkdtempSync(join(tmpdir(), "report-validators-"));
  try {
    const file = join(folder, "validators.mjs");
    writeFileSync(file, await compileValidators());
    return (await import(pathToFileURL(file).href)).isResult;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// deno-lint-ignore no-explicit-any -- what is broken here has no type
type Changed = any;

/** What is found in a result with one change. */
async function found(change: (result: Changed) => void): Promise<string[]> {
  const result: Changed = await resultOf(
    { orderId: "a", input: { at: new Date(0) } },
    () => [1n, NaN],
  );
  change(result);
  return judge(result, isResult).map(({ pointer, message }) => `${pointer} ${message}`);
}

test("the compiled schema gives the verdict of the schema files on every vector", () => {
  const expected = validator("execution-result");
  for (const { name, document } of vectors("execution-result")) {
    assertEquals(isResult(document), expected(document), name);
  }
});

test("every result of the Deployer is accepted, whatever its action returns", async () => {
  assertEquals(await found(() => {}), []);
  for (const [name, make] of HOSTILE) {
    if (name.includes("100 MB")) continue;
    const result = await resultOf({ orderId: "a" }, make);
    assertEquals(judge(JSON.parse(JSON.stringify(result)), isResult), [], name);
  }
});

test("the field that is wrong is named, in each of the mistakes that people make", () => {
  const named = wrongDocuments.filter(({ contract }) => contract === "execution-result")
    .map(({ name, document }) => {
      const [first] = judge(document as Changed, isResult);
      return `${name}: ${first?.pointer} ${first?.message}`;
    });
  assertEquals(named, [
    'a status that contradicts the settlement: /trace/settlement must be "THREW"',
    "APPLIED with a rawError: /trace/rawError must not be there",
    "FAILED without a rawError: /trace/rawError is missing",
    "two facts: /facts must NOT have fewer than 3 items",
    'a third fact that contradicts the status: /facts/2/type must be "SUCCESS_OBSERVED"',
    "a timestamp without milliseconds: /trace/endedAt must be a moment in UTC with milliseconds, such as 2026-01-31T09:30:00.000Z",
    "an identity of 300 characters: /orderId must NOT have more than 256 characters",
    "a negative duration: /trace/durationMs must be >= 0",
    "a $js that is no string: /trace/rawResult/$js must be string",
  ]);
});

test("an identity that differs is found wherever it stands", async () => {
  assertEquals(await found((result) => result.facts[1].orderId = "b"), [
    "/facts/1/orderId must be the orderId of the result",
  ]);
  assertEquals(await found((result) => result.trace.orderId = "b"), [
    "/trace/orderId must be the orderId of the result",
  ]);
  assertEquals(await found((result) => result.trace.context.executionId = "b"), [
    "/trace/context/executionId must be the executionId of the result",
  ]);
});

test("times that do not add up are found", async () => {
  const later = "2026-01-31T09:30:00.999Z";
  assertEquals(await found((result) => result.facts[1].at = later), [
    "/facts/1/at must be trace.startedAt",
  ]);
  assertEquals(await found((result) => result.facts[2].at = later), [
    "/facts/2/at must be trace.endedAt",
  ]);
  assertEquals(await found((result) => result.trace.durationMs += 1), [
    "/trace/endedAt must be trace.startedAt plus trace.durationMs, rounded to the millisecond",
  ]);
});

test("times from which no end can be told are found too", async () => {
  const rule =
    "/trace/endedAt must be trace.startedAt plus trace.durationMs, rounded to the millisecond";
  const changes: ((result: Changed) => void)[] = [
    (result) => result.trace.durationMs = -1e300,
    (result) => result.trace.startedAt = result.facts[1].at = "2026-13-31T09:30:00.000Z",
  ];
  for (const change of changes) assert((await found(change)).includes(rule));
});

test("a wall clock that steps back between two facts is no mistake", async () => {
  assertEquals(await found((result) => result.facts[0].at = "2027-01-01T00:00:00.000Z"), []);
});

test("a fidelity that miscounts the tags is found", async () => {
  assertEquals(await found((result) => result.trace.fidelity.raw.tagged = 3), [
    "/trace/fidelity/raw/tagged must be 2, as the tags are",
  ]);
  assertEquals(await found((result) => result.trace.fidelity.input.truncated = 1), [
    "/trace/fidelity/input/truncated must be 0, as the tags are",
  ]);
  const exact = { exact: true, tagged: 0, truncated: 0, unreadable: 0 };
  assertEquals(await found((result) => result.trace.fidelity.raw = exact), [
    "/trace/fidelity/raw/exact must be false, as the tags are",
    "/trace/fidelity/raw/tagged must be 2, as the tags are",
  ]);
});

test("a result in which nothing is of its type is a matter of the schemas alone", () => {
  for (
    const document of [{}, { trace: 1, facts: 2 }, { facts: [1, null], trace: { context: [] } }]
  ) {
    assertEquals([...breaches(document)], []);
    assert(judge(document, isResult).length > 0);
  }
});

test("a result that is too deep to be judged is told to be so", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level++) deep = [deep];
  const findings = judge({ trace: { rawResult: deep } } as Changed, isResult);
  assertEquals(findings, [{ pointer: "", message: "is too deep to be judged" }]);
});
