/** What `show` and `list` say on a terminal: reasons, the ends of outputs, and what was cut. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Action, execute } from "deployer-runtime";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { outputFiles } from "../actions/output.ts";
import { card, entryOfResult } from "../cli/card.ts";
import { linesOfOutput } from "../cli/printed.ts";
import { showProgress } from "../cli/progress.ts";
import { fit, fitMiddle, jsonOf, pad, show, widthOf, wrap } from "../cli/style.ts";
import { tableOf } from "../cli/table.ts";
import { asked, happened } from "../cli/words.ts";
import type { Entry } from "../ledgers/ledger.ts";
import { claim } from "../testing_claim.ts";
import { fresh, run, tidy } from "./cli_shell.ts";

after(tidy);

const LONG = { timeout: 30_000 };
const PEOPLE = { terminal: true, env: { NO_COLOR: "1" } };
const STYLE = { columns: 80, paint: (_: unknown, text: string) => text };
const context = { executionId: "e", runner: "r" };

/** An entry of an order whose action ended like this. */
async function entry(action: Action, orderId = "x", asked: object = { name: "n" }): Promise<Entry> {
  const order = { orderId, action: asked as { name: string } };
  return entryOfResult(await execute(order, context, action));
}

const throwing = (thrown: unknown): Action => () => {
  throw thrown;
};

// --- Reasons ------------------------------------------------------------------------------------

test("whatever was thrown is told in words that do not end in nothing", async () => {
  const refused = ["::1:9", "127.0.0.1:9"].map((address) => new Error(`ECONNREFUSED ${address}`));
  const cases: [thrown: unknown, words: string][] = [
    [new Error("no space left"), "no space left"],
    [new AggregateError(refused), "ECONNREFUSED ::1:9; ECONNREFUSED 127.0.0.1:9"],
    [new Error("", { cause: new Error("reset") }), "reset"],
    [Object.assign(new TypeError(), { code: "E1" }), "TypeError (E1)"],
    ["no such table", `it threw "no such table"`],
    ["", `it threw ""`],
    [{ reason: 7n }, `it threw { "reason": 7n }`],
    [undefined, "it threw undefined"],
    [null, "it threw null"],
    ["a\0b", `it threw "a\\u0000b"`],
  ];
  for (const [thrown, words] of cases) {
    assertEquals(happened(await entry(throwing(thrown))), words);
  }
});

test("a thrown error is shown with what it holds, unless its words say all of it", async () => {
  const ledger = fresh();
  const held = new FolderLedger(ledger);
  const store = async (orderId: string, thrown: unknown) => {
    const order = { orderId, action: { name: "n" } };
    await held.store(await execute(order, context, throwing(thrown), held));
  };
  await store("more", Object.assign(new Error("", { cause: new Error("reset") }), { at: 7n }));
  await store("all", new Error("no space left"));
  await store("text", "no space left");
  const shown = async (order: string) =>
    (await run(["show", "--ledger", ledger, order], PEOPLE)).stdout;
  assertStringIncludes(
    await shown("more"),
    `  n: reset\n`,
  );
  assertStringIncludes(
    await shown("more"),
    `  Error {\n    caused by: Error: reset,\n    "at": 7n\n  }\n\n  by `,
  );
  assertMatch(await shown("all"), / {2}n: no space left\n[^]+ {2}failure observed\n\n {2}by /);
  assertMatch(await shown("text"), / {2}n: it threw "no space left"\n[^]+ observed\n\n {2}by /);
});

test("what JSON cannot say is told as what it is, in a command, its output and its evidence", async () => {
  const ledger = fresh();
  const args = ["--ledger", ledger, "--order", "x", "--", "printf", "a\\000b"];
  const { stdout } = await run(["exec", ...args], PEOPLE);
  assertStringIncludes(stdout, "  │ a\\u0000b\n");
  const proof = { rows: 12n, at: new Map([["eu", new Date(0)]]) };
  const tagged = await entry(
    (_, { unproven }) => unproven(proof),
    "y",
    { name: "command", input: { program: "echo", args: ["\ud800", 7n] } },
  );
  const held = new FolderLedger(ledger);
  await held.consume(tagged.fact, tagged.request, tagged.context);
  await held.store(tagged.result!);
  const shown = await run(["show", "--ledger", ledger, "y"], PEOPLE);
  assertStringIncludes(shown.stdout, "  echo '\\ud800' 7n: ");
  assertStringIncludes(shown.stdout, `    "rows": 12n,\n    "at": Map of 1 {\n`);
  assertStringIncludes(shown.stdout, `      "eu": 1970-01-01T00:00:00.000Z (date)\n`);
  const listed = await run(["list", "--ledger", ledger], PEOPLE);
  assert(![stdout, shown.stdout, listed.stdout].join().includes("[object Object]"));
});

// --- Outputs ------------------------------------------------------------------------------------

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join("");

test("of an output its end is shown, and how much comes before it or between", () => {
  const cases: [output: object, extent: [most: number, first: boolean], ...lines: string[]][] = [
    [{ bytes: 21, end: numbers(1, 10) }, [3, false], "… 7 lines before", "8", "9", "10"],
    [{ bytes: 6, end: "1\n2\n3\n" }, [3, false], "1", "2", "3"],
    [{ bytes: 7, end: "1\r\n2\r\n3" }, [2, false], "… 1 line before", "2", "3"],
    [{ bytes: 21, end: numbers(1, 10) }, [3, true], "1", "… 6 lines between", "8", "9", "10"],
    [{ bytes: 8, end: numbers(1, 4) }, [3, true], "1", "2", "3", "4"],
    [{ bytes: 3893, end: numbers(801, 1000) }, [1, false], "… 3.9 kB before", "1000"],
    [
      { bytes: 3893, start: numbers(1, 9), end: numbers(998, 1000) },
      [3, false],
      ...["1", "2", "3", "… 3.9 kB between", "…998", "999", "1000"],
    ],
    [
      { bytes: 5000, start: "ended 0\nx", end: "y".repeat(20) },
      [12, true],
      ...["ended 0", "x…", "… 5.0 kB between", `…${"y".repeat(20)}`],
    ],
    // What is no UTF-8 is longer once it is read: it is known by `start` that it was cut.
    [
      { bytes: 2000, start: "a\n", end: "\ufffd".repeat(1000) },
      [1, false],
      ...["a", "… more between", `…${"\ufffd".repeat(74)}…`],
    ],
    [{ bytes: 9, end: "10%\r55%\r\n" }, [3, false], "55%"],
  ];
  for (const [output, [most, first], ...lines] of cases) {
    const [head, ...shown] = linesOfOutput(
      "stdout",
      { file: "f", ...output },
      ", in",
      { most, first },
      STYLE,
    );
    assertMatch(head!, /^stdout {2}\S+ (bytes|kB), in f$/);
    assertEquals(shown, lines.map((line) => `│ ${line}`));
  }
  const none = { file: "f", bytes: 0, end: "" };
  const most = 3;
  const first = false;
  assertEquals(linesOfOutput("stdout", none, "", { most, first }, STYLE), ["stdout  nothing"]);
  assertEquals(
    linesOfOutput("stdout", { file: "f", unreadable: "ENOENT" }, "", { most, first }, STYLE),
    ["stdout  cannot be read: ENOENT"],
  );
});

test("of a look the verdict is shown first, and not the script that asked", async () => {
  const ledger = fresh();
  const held = new FolderLedger(ledger);
  const args = ["-c", "cd || exit\n…", "look", ".deployer-ssh/1f3a"];
  const action = { name: "ssh", input: { host: "web1", program: "sh", args } };
  const end = `ended 3\nstdout:\n${numbers(1, 20)}`;
  const proof = { exitCode: 0, stdout: { file: "f", bytes: end.length, end } };
  const result = await execute({ orderId: "look", action }, context, () => proof, held);
  await held.store(result);
  const { stdout } = await run(["show", "--ledger", ledger, "look"], PEOPLE);
  assertStringIncludes(stdout, "\n  web1: look into .deployer-ssh/1f3a: it ended with code 0\n");
  assertStringIncludes(stdout, "\n  │ ended 3\n  │ … 18 lines between\n  │ 18\n  │ 19\n  │ 20\n");
});

test(
  "of an order without a result, what its command has printed so far is shown",
  LONG,
  async () => {
    const ledger = fresh();
    const held = new FolderLedger(ledger, () => true); // Its Runner is gone.
    await held.consume(...claim("x"));
    const shown = async () => (await run(["show", "--ledger", ledger, "x"], PEOPLE)).stdout;
    assertMatch(await shown(), / {2}consumed\n\n {2}by /);

    const files = outputFiles(join(ledger, "output"), "x");
    mkdirSync(join(ledger, "output"));
    writeFileSync(files.stdout, numbers(1, 20));
    assertEquals(spawnSync("mkfifo", [files.stderr]).status, 0); // The command may have put it there.
    const lines = [
      `stdout  51 bytes so far, in ${files.stdout}`,
      ...["│ … 8 lines before", ...Array.from({ length: 12 }, (_, i) => `│ ${i + 9}`)],
    ];
    const open = await shown();
    assertStringIncludes(open, lines.map((line) => `  ${line}\n`).join(""));
    assertStringIncludes(open, "  stderr  cannot be read: it is no file any more\n");
    assertEquals((await held.recover()).length, 1);
    const closed = await shown();
    assertStringIncludes(closed, "UNKNOWN  x\n");
    assertStringIncludes(closed, lines.map((line) => `  ${line}\n`).join(""));
  },
);

// --- Lists --------------------------------------------------------------------------------------

const command = (...args: string[]) => ({ name: "command", input: { program: "sh", args } });

test("a list says that times are UTC, and why something went wrong", async () => {
  const entries = [
    await entry(() => 1, "done", command("deploy.sh")),
    await entry(throwing(new Error("sh ended with code 3")), "no", command("deploy.sh")),
    await entry((_, { unproven }) => unproven(), "who-knows", command("deploy.sh")),
  ];
  const [heading, done, no, why, unknown, whyUnknown, ...rest] = tableOf(entries, STYLE);
  assertMatch(heading!, /^STATUS {3}CONSUMED \(UTC\) {6} +TOOK {2}ORDER {6}ACTION$/);
  assertMatch(
    done!,
    /^APPLIED {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ ms {2}done {7}sh deploy\.sh$/,
  );
  assertMatch(no!, /^FAILED .+ no {9}sh deploy\.sh$/);
  assertEquals(why, "         sh ended with code 3");
  assertMatch(unknown!, /^UNKNOWN .+ who-knows {2}sh deploy\.sh$/);
  assertEquals([whyUnknown, rest], ["         it says itself that it cannot tell", []]);
});

test("identities and actions share a line: both can be read, whatever the width", async () => {
  const long = `site-${"1f3a".repeat(10)}-eu`;
  const asked = command("-c", "./deploy.sh production");
  const entries = [await entry(() => 1, long, asked), await entry(() => 1, "x", command())];
  for (const columns of [30, 60, 80, 120, 200]) {
    const rows = tableOf(entries, { ...STYLE, columns }).slice(-2);
    for (const row of rows) assert(widthOf(row) <= columns, row);
    const [, order = "", action = ""] = /(\S*…\S*|site-\S+) {2}(sh.*)$/.exec(rows[0]!) ?? [];
    const room = order.length + action.length;
    assert(order.startsWith("site") && order.length > room / 3, rows[0]);
    assert(action.startsWith("sh -c") && action.length > room / 3, rows[0]);
    if (columns === 120) assertStringIncludes(action, "sh -c './deploy.sh production'");
    if (columns === 200) assertEquals(order, long);
  }
  const [row] = tableOf([entries[1]!], STYLE).slice(-1);
  assert(row!.endsWith("  x      sh"), "a short identity takes no more than its heading");
});

test("a wide character takes two columns, and none is cut", () => {
  const cases: [text: string, width: number][] = [
    ["abc", 3],
    ["部署", 4],
    ["🚀", 2],
    ["e\u0301", 1],
    ["ｱ", 1],
    ["Ａ", 2],
    ["é", 1],
    ["→", 1],
  ];
  for (const [text, width] of cases) assertEquals(widthOf(text), width, text);
  assertEquals(fit("部署完成", 8), "部署完成");
  assertEquals(fit("部署完成", 7), "部署完…");
  assertEquals(fit("部署完成", 6), "部署…");
  assertEquals(fit("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assertEquals(fit("🚀🚀", 2), "…");
  assertEquals(fit("abc", 0), "…");
  assertEquals(fitMiddle("site-1f3a-eu", 8), "site…-eu");
  assertEquals(fitMiddle("site-1f3a-eu", 12), "site-1f3a-eu");
  assertEquals(fitMiddle("部署部署部署", 7), "部…部署");
  assertEquals(fitMiddle("abe\u0301", 2), "a…");
  assertEquals(pad("部", 4) + "|", "部  |");
  assertEquals(wrap("部署 完成 x", 8), ["部署", "完成 x"]);
});

// --- What a terminal gets -----------------------------------------------------------------------

test("what an order asks of a server is told without its password", () => {
  for (
    const [url, told] of [
      ["https://me:secret@example.com/a@b", "GET https://me:***@example.com/a@b"],
      ["https://example.com:8080/a@b", "GET https://example.com:8080/a@b"],
      ["//me:secret@example.com", "GET //me:***@example.com"],
    ] as const
  ) {
    const action = { name: "http", input: { method: "GET", url } };
    assertEquals(asked({ request: { orderId: "x", action } }), told);
  }
});

test("a value that is refused is cut between characters, and says no password", () => {
  for (const start of ["", "a"]) {
    const shown = show(start + "🚀".repeat(60));
    assert(shown.endsWith("🚀…") && shown.isWellFormed(), shown);
  }
  assertEquals(show("x://me:secret@a"), '"x:***@a"');
});

test("JSON holds no character that a terminal obeys, and says the same", () => {
  const text = "a\x9b2Jb\x7f\x85é🚀\x1b\n\u061c\u00ad\u202e\u2066\u200b\ufeff👩\u200d👩";
  assertEquals(jsonOf({ text }, 2).match(/(?![\n\u200d])[\p{Cc}\p{Cf}]/u), null);
  assertStringIncludes(jsonOf({ text }), "👩\u200d👩");
  assertEquals(JSON.parse(jsonOf({ text })), { text });
});

test("the line that moves shows whole characters, and waits for no FIFO", LONG, async () => {
  const folder = fresh();
  mkdirSync(folder, { recursive: true });
  const fifo = join(folder, "fifo");
  const file = join(folder, "file");
  execFileSync("mkfifo", [fifo]);
  writeFileSync(file, "é".repeat(5000) + "x"); // A cut at an even byte is in the middle of one.
  let shown = "";
  const out = { columns: 80, isTerminal: true, write: (text: string) => shown += text };
  const progress = showProgress(out as never, STYLE, [fifo, file, join(folder, "none")]);
  while (shown === "") await new Promise((later) => setTimeout(later, 20));
  progress.end();
  assertMatch(shown, /ms {2}éé+…/);
  assertEquals(shown.includes("\ufffd"), false);
});

// --- What others have written ---------------------------------------------------------------------

/** What may be in the place of any value that was recorded; JSON can say no more than this. */
const ODD: unknown[] = [
  ...[null, true, 0, -1, 1e999, "", "\ud800", "\x1b[2J\u009b\n", [], {}, [null], [[]]],
  JSON.parse('{"toString":1,"valueOf":1,"__proto__":{"a":1}}'),
  ...["truncated", "string", "bytes", "error", "map", "date", "circular", "toString", null, {}]
    .flatMap(($js) =>
      [{ toString: 1, valueOf: 1 }, [[{}], null], "x", 1.5].map((field) => ({
        $js,
        size: field,
        head: field,
        utf16: field,
        base64: field,
        length: field,
        message: field,
        errors: field,
        entries: field,
        value: field,
        up: field,
        props: field,
      }))
    ),
];

test("whatever a record holds, its card and its line in a list are plain text", async () => {
  const printed = { file: "f", bytes: 3000, start: "a", end: "b" };
  const why = { stopped: "Ctrl-C", gaveUp: "SIGHUP", lost: true, phase: "started", host: "h" };
  const look = { host: "h", marker: "m", look: {}, stdout: printed, stderr: printed };
  const release = { release: "r", seen: "r", differing: ["a"], unreadable: "b", error: "c" };
  const action = { name: "ssh", input: { host: "h", program: "sh", args: ["a"], url: "u" } };
  const request = { orderId: "x", action };
  for (const evidence of [{ ...why, ...look }, release]) {
    const result = await execute(request, context, (_, { unproven }) => unproven(evidence));
    const thrown = await execute(
      request,
      context,
      throwing(Object.assign(new Error("no"), evidence)),
    );
    for (
      const whole of [result, thrown].map((each) => JSON.parse(JSON.stringify(entryOfResult(each))))
    ) {
      const places = [
        ...placesIn(whole.result.trace.rawError, ["result", "trace", "rawError"]),
        ...placesIn(action.input, ["request", "action", "input"]),
        ...[["context", "annotations"], ["context", "annotations", "a"]],
      ];
      for (const place of places) {
        for (const odd of ODD) {
          const entry = { ...JSON.parse(JSON.stringify(whole)), context: { ...context } };
          if (place.length === 3) entry.context.annotations = { a: "b" };
          put(entry, place, odd);
          const where = { result: "f", printed: [] };
          const lines = [...card(entry, STYLE, where), ...tableOf([entry], STYLE)].join("\n");
          // deno-lint-ignore no-control-regex -- that is what is looked for
          const wrong = /[\x00-\x09\x0b-\x1f\x7f-\x9f]|\[object |NaN/.exec(lines)?.[0];
          assertEquals(wrong, undefined, `${place.join(".")}: ${JSON.stringify(odd)}: ${lines}`);
        }
      }
    }
  }
});

test("a moment that was recorded with something in brackets commands no terminal", async () => {
  const done = await entry(() => 1);
  const at = "2026-01-01 (\x1b[2J\n)"; // Engines read it as an instant.
  const fact = { ...done.fact, at };
  const facts = done.result!.facts.map((each) => ({ ...each, at, type: at }));
  const hostile = { ...done, fact, result: { ...done.result, facts } } as unknown as Entry;
  const where = { result: "f", printed: [] };
  for (const line of [...card(hostile, STYLE, where), ...tableOf([hostile], STYLE)]) {
    // deno-lint-ignore no-control-regex -- that is what is looked for
    assertEquals(/[\x00-\x1f]/.test(line), false, line);
  }
});

/** The keys that lead to each value in a value. */
function* placesIn(value: unknown, place: string[]): Generator<string[]> {
  yield place;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* placesIn(inner, [...place, key]);
}

function put(holder: Record<string, unknown>, place: string[], value: unknown): void {
  const [key, ...rest] = place as [string, ...string[]];
  if (rest.length === 0) holder[key] = value;
  else put(holder[key] as Record<string, unknown>, rest, value);
}
