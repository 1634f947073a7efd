/**
 * One result for each settlement, byte for byte, in every runtime (law 8). The files are written by
 * this test alone, when UPDATE_GOLDEN=1 is set, so that no result is written by hand.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Action, execute } from "../mod.ts";
import {
  assertSound,
  BEGIN,
  circumstances,
  clock,
  order,
  type Settlement,
  SETTLEMENTS,
} from "./support/orders.ts";

const folder = new URL("./golden/", import.meta.url);
const update = process.env.UPDATE_GOLDEN === "1";

/** An error without a word of the platform's: the stack is the test's own. */
function failure(message: string, more: object = {}): Error {
  return Object.assign(
    new TypeError(message),
    { stack: `TypeError: ${message}\n    at test` },
    more,
  );
}

/** A value with most of what JSON cannot say. */
const tagged = () => ({
  current: "r42",
  rows: 3n,
  ratio: NaN,
  nothing: undefined,
  list: [1, , -0], // deno-lint-ignore-line no-sparse-arrays
  at: new Date(BEGIN),
  digests: new Map([["index.html", new Uint8Array([0, 127, 255])]]),
  tags: new Set(["a", Symbol("b")]),
  pattern: /^r[0-9]+$/u,
  site: new URL("https://example.org/docs"),
  $js: "a key of the user's own",
});

const ACTIONS: Record<Settlement, (controller: AbortController) => Action> = {
  RETURNED: () => () => Promise.resolve(tagged()),
  THREW: () => () => {
    throw failure("release r42 is not there", {
      code: "ENOENT",
      cause: failure("no such folder", { path: "/srv/r42" }),
    });
  },
  RETURNED_NOTHING: () => (() => {}) as unknown as Action,
  UNPROVEN: () => (_request, { unproven }) => unproven(failure("connection lost during COMMIT")),
  ABORTED: (controller) => () => {
    controller.abort({ stopped: "after 30 s" });
    return new Promise(() => {});
  },
};

for (const settlement of SETTLEMENTS) {
  const file = `${settlement.toLowerCase().replaceAll("_", "-")}.json`;

  test(`execute() writes the golden ${file} to the byte (law 8)`, async () => {
    const controller = new AbortController();
    const result = await execute(order(), circumstances(), ACTIONS[settlement](controller), {
      signal: controller.signal,
      clock: clock([BEGIN, BEGIN + 4], [1000.5, 1126.2515]),
    });
    assertEquals(result.trace.settlement, settlement);
    assertSound(result);
    const text = `${JSON.stringify(result, null, 2)}\n`;
    if (update) writeFileSync(new URL(file, folder), text);
    assertEquals(text, readFileSync(new URL(file, folder), "utf8"));
  });
}

test("every golden file belongs to a settlement", () => {
  assertEquals(readdirSync(folder).length, SETTLEMENTS.length);
});
