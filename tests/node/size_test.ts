import { test } from "node:test";
import { assert } from "@std/assert";
import { sizeOf } from "../support/size.ts";

// 4096 until objects were told by what they say of themselves (some 530 bytes), and arguments that
// cannot be read by their names (some 390). Fidelity wins over the bound; the next byte needs a reason.
const BOUND = 5050;

test(`The whole module takes at most ${BOUND} bytes, minified and gzipped`, async () => {
  const size = await sizeOf(`export * from "./mod.ts";`);
  console.log(`mod.ts: ${size} bytes minified and gzipped, of ${BOUND}`);
  assert(size <= BOUND, `${size} bytes`);
});

test("What is measured is the module: capture alone is smaller, and not empty", async () => {
  const all = await sizeOf(`export * from "./mod.ts";`);
  const capture = await sizeOf(`export { capture } from "./mod.ts";`);
  assert(1000 < capture && capture < all, `${capture} and ${all} bytes`);
});
