/** The module stands alone: what surrounds it, in this repository too, is none of its business. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { root } from "./support/snippets.ts";

const published: string[] = JSON.parse(readFileSync(new URL("package.json", root), "utf8")).files;

test("no room of the module imports the Runner's package, reads its types, or any package", () => {
  const code = (file: string) =>
    readFileSync(new URL(file, root), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const seen = new Set<string>();
  const waiting = ["mod.ts"];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    seen.add(file);
    const names = [...code(file).matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)];
    for (const [, name = ""] of names) {
      assert(name.startsWith("./") || name.startsWith("../"), `${file} imports ${name}`);
      const path = new URL(name, new URL(file, root)).href.slice(root.href.length);
      assert(!/^(runner|report|docs|tests)\//.test(path), `${file} imports ${path}`);
      if (!seen.has(path)) waiting.push(path);
    }
    assertEquals(code(file).match(/runner\/|deployer-runner|report\//g), null, file);
  }
  assert(seen.size >= 5);
});

test("the module's package carries nothing of the Runner's package", () => {
  assertEquals(published.filter((path) => /^(runner|report|docs\/examples)/.test(path)), []);
  for (const path of published.filter((path) => path.endsWith(".ts") && !path.includes("*"))) {
    assert(existsSync(new URL(path, root)), path);
  }
  assert(readdirSync(new URL("runner/", root)).includes("package.json"));
});
