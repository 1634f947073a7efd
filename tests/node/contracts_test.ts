/** Independent validators from npm are of one opinion on every document: `npm run test:contracts`. */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { bundle } from "../../schemas/bundle.ts";
import { corruptedCases, resultCases, SEED, vectorCases } from "../contracts/corpus.ts";
import { hear, table } from "../contracts/hearing.ts";
import { type Judge, npmJudges } from "../contracts/judges.ts";
import { type Schema, schemas } from "../support/schemas.ts";

const vectors = vectorCases();
const results = await resultCases();
const cases = [...vectors, ...results, ...corruptedCases(results)];

test("all validators from npm are of the same opinion on every document", async () => {
  const rows = await hear(npmJudges, cases);
  console.log(
    `${vectors.length} vectors, ${results.length} results of generated actions and as many broken ones, seed ${SEED}`,
  );
  console.log(table(rows));
  assertEquals(rows.map(({ judge, disagreements }) => [judge.name, disagreements.slice(0, 5)]), [
    ...npmJudges.map(({ name }) => [name, []]),
  ]);
  assertEquals(rows.map(({ judge, changes }) => [judge.name, changes.slice(0, 5)]), [
    ...npmJudges.map(({ name }) => [name, []]),
  ]);
});

test("a validator that is wrong about one document is named with it, and so is one that the one file misleads", async () => {
  let heard = 0;
  const wrong: Judge = {
    name: "wrong",
    language: "none",
    opinions: (_schemas, questions) =>
      Promise.resolve(questions.map((_, at) => at % 2 === 0 || (at === 1 && heard++ === 0))),
  };
  const asked = vectors.slice(0, 4).map((vector, at) => ({ ...vector, expected: at % 2 === 0 }));
  const [row] = await hear([wrong], asked);
  assertEquals(row?.disagreements, [asked[1]?.name ?? ""]);
  assertEquals(row?.changes, [asked[1]?.name ?? ""]);
});

for (const judge of npmJudges) {
  test(`${judge.name} notices a schema that has lost a rule`, async () => {
    const { $schema, $id } = schemas["fact.schema.json"] as Schema;
    const strict = { $schema, $id: `${$id}?strict`, required: ["orderId"] };
    const lost = { $schema, $id: `${$id}?lost` };
    const questions = [strict, lost].map(({ $id }) => ({ address: $id, document: {} }));
    assertEquals(await judge.opinions([strict, lost], questions), [false, true]);
  });
}

test("a third of the documents at least is refused, and a third accepted", async () => {
  const [row] = await hear(npmJudges.slice(0, 1), cases);
  assert(row !== undefined);
  assert(Math.min(row.accepted, row.refused) * 3 >= cases.length, table([row]));
});

test("the one file refers to nothing outside itself, and each contract in it is under its title", () => {
  const text = JSON.stringify(bundle());
  const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => reference);
  assert(references.length > 20);
  assertEquals(references.filter((reference) => !reference?.startsWith("#/$defs/")), []);
  assertEquals([...text.matchAll(/"\$id":/g)].length, 1);
});
