/**
 * Debian's validators are of the same opinion as ajv on every document: `npm run test:debian`, after
 * `apt-get install python3-jsonschema`. A missing one fails.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { corruptedCases, resultCases, SEED, vectorCases } from "../contracts/corpus.ts";
import { hear, table } from "../contracts/hearing.ts";
import { debianJudges, npmJudges } from "../contracts/judges.ts";

test("all of Debian's validators are of the same opinion as ajv on every document", async () => {
  const results = await resultCases();
  const cases = [...vectorCases(), ...results, ...corruptedCases(results)];
  const judges = [...npmJudges.slice(0, 1), ...debianJudges];
  const rows = await hear(judges, cases);
  console.log(`the documents of test:contracts, seed ${SEED}`);
  console.log(table(rows));
  assertEquals(
    rows.map(({ judge, disagreements, changes }) => [judge.name, disagreements, changes]),
    judges.map(({ name }) => [name, [], []]),
  );
});
