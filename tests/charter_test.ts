/**
 * The charter (design, section 7): the rooms of the core keep to it, and each construct that it
 * bans would be caught.
 */
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { oversized, type Room, violations } from "./support/charter.ts";

const ROOMS: Room[] = ["mod", "execute", "given", "trace", "capture", "kinds"];
const sources = Object.fromEntries(
  ROOMS.map((room) => [room, readFileSync(new URL(`../${room}.ts`, import.meta.url), "utf8")]),
) as Record<Room, string>;

for (const room of ROOMS) {
  test(`${room}.ts keeps to the charter`, () => {
    assertEquals(violations(sources[room], room), []);
  });
}

test("mod.ts opens with the module's documentation", () => {
  assert(/^\/\*\*[\s\S]*?@module\s*\*\//.test(sources.mod));
});

test("execute.ts is read in under a minute: fewer than 150 lines, its documentation included", () => {
  const lines = sources.execute.split("\n").length - 1;
  assert(lines < 150, `${lines} lines`);
});

test("the rooms of capture have no function of more than four parameters or forty lines", () => {
  for (const room of ["capture", "kinds"] as const) assertEquals(oversized(sources[room]), []);
  const long = `function long() {\n${"a();\n".repeat(39)}}`;
  assertEquals(oversized(`const wide = (a, b, c, d, e) => 1;\n${long}`), [
    "1: 5 parameters",
    "2: 41 lines",
  ]);
});

/** A construct, the code that holds it, and what the charter must say of it. */
type Snippet = [code: string, construct: string];

const names = "declare const a: any, b: any, c: any, step: any, list: any;\n";

const DECISIONS: Snippet[] = [
  ["if (a) b();", "if"],
  ["if (a) b(); else c();", "if"],
  ["const x = a ? b : c;", "?:"],
  ["switch (a) { case b: c(); }", "switch"],
  ["a && b();", "&&"],
  ["a || b();", "||"],
  ["a ?? b();", "??"],
  ["let x; x &&= a;", "&&="],
  ["let x; x ||= a;", "||="],
  ["let x; x ??= a;", "??="],
  ["a?.b();", "?."],
  ["a?.[b];", "?."],
  ["a?.();", "?."],
  ["a == b;", "=="],
  ["a === b;", "==="],
  ["a != b;", "!="],
  ["a !== b;", "!=="],
  ["a < b;", "<"],
  ["a <= b;", "<="],
  ["a > b;", ">"],
  ["a >= b;", ">="],
  ["a in b;", "in"],
  ["a instanceof b;", "instanceof"],
  ["!a;", "!"],
  ["for (let i = 0; a; ) b();", "for"],
  ["for (const key in a) b(key);", "for-in"],
  ["for (const each of a) b(each);", "for-of"],
  ["async () => { for await (const each of a) b(each); };", "for-await"],
  ["while (a) b();", "while"],
  ["do b(); while (a);", "do-while"],
  ["try { a(); } catch { b(); }", "try"],
  ["try { a(); } finally { b(); }", "try"],
  ["throw a;", "throw"],
  ["here: { a(); }", "label"],
  ["here: { break here; }", "goto"],
  ["const x = function* () {};", "generator"],
  ["const x = { *steps() {} };", "generator"],
  ["const x = function* () { yield a; };", "yield"],
  ["const x = { again() { this.again(); } };", "this"],
  ["class Again {}", "class"],
  ["const x = class {};", "class"],
  ["a.constructor('return b')();", ".constructor"],
  ["a['constructor'](b);", ".constructor"],
  ["const { constructor: make } = a;", ".constructor"],
  ["list[a](b);", "computed call"],
];

/** Each device by which a decision was once hidden here, and its relatives. */
const DISGUISES: Snippet[] = [
  ["const { [typeof a]: theAction } = b;", "typeof"],
  ["const { [typeof a]: theAction } = b;", "look-up"],
  ["const { [a]: theAction } = b;", "look-up"],
  ["b[a];", "look-up"],
  ["b[Number(a)](c);", "look-up"],
  ["const { theAction } = b; theAction();", "call of what was looked up"],
  ["a!();", "asserted call"],
  ["(a as () => void)();", "asserted call"],
  ["const { watched = b } = { watched: a };", "default in a pattern"],
  ["const [watched = b] = [a];", "default in a pattern"],
  ["const f = ({ watched = b }) => watched;", "default in a pattern"],
  ["let threw = b;", "changing name threw"],
  ["var threw = b;", "changing name threw"],
  ["threw = b;", "changing name threw"],
  ["a.threw = b;", "changing name a.threw"],
  ["const empty = () => {}; empty();", "call of an empty function"],
  ["const empty = () => null; empty();", "call of an empty function"],
  ["function empty() {} empty();", "call of an empty function"],
];

const ITERATIONS: Snippet[] = [
  ...["forEach", "map", "flatMap", "filter", "some", "every", "reduce", "reduceRight", "find"],
  ...["findIndex", "findLast", "findLastIndex", "sort", "toSorted", "next"],
].flatMap((name): Snippet[] => [
  [`list.${name}(step);`, `.${name}()`],
  [`list["${name}"](step);`, `.${name}()`],
]);

const RECURSIONS: Snippet[] = [
  ["function again() { again(); }", "recursion again"],
  ["const again = () => again();", "recursion again"],
  ["const x = function again() { again(); };", "recursion again"],
  ["const again = () => { const inner = () => again(); inner(); };", "recursion again"],
  ["function even() { odd(); } function odd() { even(); }", "recursion even"],
  [
    "const one = () => two(); const two = () => three(); const three = () => one();",
    "recursion two",
  ],
  // A retry calls itself through a channel.
  ["const attempt = () => a().then(b, attempt);", "recursion attempt"],
  ["const attempt = () => a().then(b, () => attempt());", "recursion attempt"],
  ["const attempt = () => attempt.call(a);", "recursion attempt"],
  ["const steps = { again: () => steps.again() };", "recursion steps"],
  ["const attempt = () => a({ attempt });", "recursion attempt"],
];

const GLOBALS: Snippet[] = [
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"],
  ...["fetch", "eval", "Function", "require", "process", "Deno", "Bun", "globalThis", "window"],
  ...[
    "console",
    "crypto",
    "Math",
    "Array",
    "Object",
    "Reflect",
    "Proxy",
    "Symbol",
    "JSON",
    "Error",
  ],
  ...["WebSocket", "Worker", "localStorage", "navigator", "AbortController", "arguments"],
].map((name): Snippet => [`function x() { return ${name}; }`, `global ${name}`]);

const ELSEWHERE: Snippet[] = [
  ["await import('./capture.ts');", "dynamic import"],
  ["import.meta.url;", "import.meta"],
  ["const x = { setTimeout };", "global setTimeout"],
  ["const x = setTimeout as unknown;", "global setTimeout"],
  ["new Promise(setTimeout);", "global setTimeout"],
  ["const f = (x = fetch) => x;", "global fetch"],
  ["import { capture } from './capture.ts';", "import of ./capture.ts"],
  ["import { readFile } from 'node:fs';", "import of node:fs"],
  ["import './trace.ts';", "import without names"],
  ["import * as trace from './trace.ts';", "import without names"],
  ["import trace from './trace.ts';", "import without names"],
  ["import { Fact } from './schemas/types.ts';", "import of values of ./schemas/types.ts"],
  ["export * from './trace.ts';", "export *"],
  ["export { capture } from './capture.ts';", "import of ./capture.ts"],
  ["import fs = require('node:fs');", "import ="],
  ["debugger;", "debugger"],
];

const SNIPPETS: [Room, Snippet[]][] = [
  ["execute", [...DECISIONS, ...DISGUISES, ...ITERATIONS, ...RECURSIONS, ...GLOBALS, ...ELSEWHERE]],
  ["trace", [
    ["setTimeout(a, 1);", "global setTimeout"],
    ["fetch(a);", "global fetch"],
    ["console.log(a);", "global console"],
    ["performance.now();", "global performance"],
    ["Promise.resolve(a);", "global Promise"],
    ["process.env;", "global process"],
    ["Date.now();", "Date.now"],
    ["new Date();", "new Date()"],
    ["new Date;", "new Date()"],
    ["Math.random();", "Math.random"],
    ["async () => {};", "async"],
    ["async () => { await a; };", "await"],
    ["a.then(b);", ".then()"],
    ["a.catch(b);", ".catch()"],
    ["a.finally(b);", ".finally()"],
    ["await import(a);", "dynamic import"],
    ["const x = 'APPLIED';", "word APPLIED"],
    ["const x = { FAILED: 1 };", "word FAILED"],
    ["let x: 'UNKNOWN';", "word UNKNOWN"],
    ["const x = `SUCCESS_OBSERVED`;", "word SUCCESS_OBSERVED"],
    ["const x = { fact: 'PROOF_ABSENT' };", "word PROOF_ABSENT"],
    ["interface X { readonly signal: boolean }", "word signal"],
    ["type X = Action;", "word Action"],
    ["a.unproven(b);", "word unproven"],
    ["import { type Action } from './execute.ts';", "import of ./execute.ts"],
    ["import { execute } from './mod.ts';", "import of ./mod.ts"],
  ]],
  ["capture", [
    ["setTimeout(a, 1);", "global setTimeout"],
    ["setInterval(a, 1);", "global setInterval"],
    ["queueMicrotask(a);", "global queueMicrotask"],
    ["fetch(a);", "global fetch"],
    ["console.log(a);", "global console"],
    ["Deno.readTextFile(a);", "global Deno"],
    ["eval(a);", "global eval"],
    ["new Function(a);", "global Function"],
    ["Promise.resolve(a);", "global Promise"],
    ["Date.now();", "Date.now"],
    ["new Date();", "new Date()"],
    ["Math.random();", "Math.random"],
    ["async () => { await a; };", "await"],
    ["a.then(b);", ".then()"],
    ["const x = 'APPLIED';", "word APPLIED"],
    ["const x = a.orderId;", "word orderId"],
    ["const x = { settlement: b };", "word settlement"],
    ["import type { Fact } from './schemas/types.ts';", "word Fact"],
    ["import { timestamp } from './trace.ts';", "import of ./trace.ts"],
  ]],
  ["kinds", [
    ["fetch(a);", "global fetch"],
    ["async () => {};", "async"],
    ["new Date();", "new Date()"],
    ["const x = a.orderId;", "word orderId"],
    ["const x = a.consume;", "word consume"],
    ["import { capture } from './capture.ts';", "import of ./capture.ts"],
  ]],
  ["given", [
    ["setTimeout(a, 1);", "global setTimeout"],
    ["fetch(a);", "global fetch"],
    ["new Promise(a);", "global Promise"],
    ["async () => { await a; };", "await"],
    ["a.then(b);", ".then()"],
    ["const x = 'UNKNOWN';", "word UNKNOWN"],
    ["import { execute } from './execute.ts';", "import of ./execute.ts"],
  ]],
  ["mod", [
    ["export const x = 1;", "logic"],
    ["import { execute } from './execute.ts';", "logic"],
    ["export * from './execute.ts';", "export *"],
    [
      "export { validator } from './tests/support/schemas.ts';",
      "import of ./tests/support/schemas.ts",
    ],
    ["export { Fact } from './schemas/types.ts';", "import of values of ./schemas/types.ts"],
  ]],
];

for (const [room, snippets] of SNIPPETS) {
  for (const [code, construct] of snippets) {
    test(`the charter refuses in ${room}.ts: ${code}`, () => {
      // Declared names are on the first line, so that only what is shown is refused.
      const found = violations(names + code, room);
      assert(found.includes(`2: ${construct}`), `found only: ${found.join(", ")}`);
    });
  }
}

test("the charter refuses every decision in the midst of the real execute.ts", () => {
  const marker = "    const unproven =";
  const [before, after, ...more] = sources.execute.split(marker) as [string, string];
  assertEquals(more, []);
  const constructs = [...DECISIONS, ...DISGUISES];
  const probes = constructs.map(([code], i) =>
    `const probe${i} = (a: any, b: any, c: any, list: any) => { ${code} };\n`
  );
  const found = violations(before + probes.join("") + marker + after, "execute");
  const first = before.split("\n").length;
  constructs.forEach(([code, construct], i) => {
    assert(found.includes(`${first + i}: ${construct}`), `${construct} in ${code}`);
  });
});

test("the charter lets pass what decides nothing", () => {
  const harmless = `
    type Picked<T> = T extends string ? "yes" : "no";
    interface Ports { readonly signal?: AbortSignal | undefined }
    const ACTE_III = { RETURNED: "APPLIED" } as const;
    const nothing = () => {};
    export async function execute(ports: Ports = {}) {
      const { signal } = ports;
      let observe = (key: keyof typeof ACTE_III) => {
        observe = nothing;
        signal.removeEventListener("abort", giveUp);
        return ACTE_III[key];
      };
      const giveUp = () => observe("RETURNED");
      return await new Promise((resolve) => resolve(giveUp())).then(nothing, nothing);
    }
  `;
  assertEquals(violations(harmless, "execute"), []);
});

test("the charter does not take code that it cannot parse for code without fault", () => {
  let thrown: unknown;
  try {
    violations("const = ;", "execute");
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof SyntaxError);
});
