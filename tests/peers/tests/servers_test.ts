/** A server that does not come up is told with what it said. */
import assert from "node:assert/strict";
import { execPath } from "node:process";
import { test } from "node:test";
import { Server } from "../servers.ts";

test("a server that ends before it answers is told by its end and its last words", async () => {
  const server = new Server("demo", execPath, ["-e", "console.error('no port'); process.exit(3)"]);
  await assert.rejects(
    server.answers(() => Promise.resolve(false)),
    /^Error: demo: it ended with 3\nno port/,
  );
  await server.stop();
});

test("a server that is not installed is told by the system's own words", async () => {
  const server = new Server("demo", "/nowhere/demo", []);
  await assert.rejects(
    server.answers(() => Promise.resolve(false)),
    /^Error: demo: spawn .*ENOENT/,
  );
});
