/**
 * Only `node --test` without arguments looks for a file of this name. It finds the tests of every other
 * project in here as well, which have dependencies of their own, and no file can tell it not to.
 */
import { test } from "node:test";

test("`node --test` without arguments runs too much: type `npm run test:node`", () => {
  throw "type `npm run test:node`";
});
