import { expect, test } from "vitest";
import { order } from "./order.js";

test("import gives the module", async () => {
  expect(JSON.parse(await order())).toMatchObject({ status: "APPLIED" });
});
