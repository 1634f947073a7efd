/** `deployer check`, `sign` and `run`: documents of files, and what is wrong with them. */
import { createHash, createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { settle, SETTLEMENTS } from "../../tests/support/orders.ts";
import { contracts, vectors } from "../../tests/support/schemas.ts";
import { firstFault } from "../cli/faults.ts";
import { documents, type Read } from "../cli/documents.ts";
import { type Envelope, seal } from "../cli/envelope.ts";
import { type Contract, ExecutionResult } from "../cli/validators.ts";
import { fresh, run, tidy } from "./cli_shell.ts";

after(tidy);

const text = (value: unknown, space?: number) => JSON.stringify(value, null, space);

/** Writes files, and calls them by their paths. */
function files(...contents: string[]): string[] {
  const folder = fresh();
  return contents.map((content, i) => {
    const path = join(folder, `${i}.json`);
    writeFileSync(path, content);
    return path;
  });
}

async function verdict(...args: string[]) {
  const { code, stdout, stderr } = await run(["check", ...args]);
  assertEquals(stderr, "");
  const { checked, refused } = JSON.parse(stdout);
  type Refusal = { line: number; field: string; reason: string };
  const told = refused.map(({ line, field, reason }: Refusal) => [line, field, reason]);
  return { code, checked, refused: told };
}

// --- check --------------------------------------------------------------------------------------

test("results, facts, orders and entries are accepted, one by one, in arrays and in lines", async () => {
  const results = await Promise.all(SETTLEMENTS.map((settlement) => settle(settlement)));
  const [result] = results;
  const { trace: { context, action }, facts, orderId } = result!;
  const entry = {
    status: "APPLIED",
    fact: facts[0],
    request: { orderId, action },
    context,
    result,
  };
  const [one, array, lines, mixed] = files(
    text(result, 2),
    text(results, 2),
    results.map((each) => `${text(each)}\r\n`).join("") + "\n",
    [facts[0], { orderId, action }, context, entry, { ...entry, recovered: facts[2] }]
      .map((each) => `${text(each)}\n`).join(""),
  );
  assertEquals(await verdict(one!), { code: 0, checked: 1, refused: [] });
  assertEquals(await verdict(array!, lines!), { code: 0, checked: 10, refused: [] });
  assertEquals(await verdict(mixed!), { code: 0, checked: 5, refused: [] });
});

test("what is refused is told by line, field and reason; the rest is checked all the same", async () => {
  const result = await settle("RETURNED");
  const wrong = (change: (copy: Record<string, never>) => void) => {
    const copy = JSON.parse(text(result));
    change(copy);
    return copy;
  };
  const cases: [unknown, string, string][] = [
    [wrong((r) => delete r.consumed), "consumed", "is missing"],
    [wrong((r) => Object.assign(r, { consumed: 1 })), "consumed", "must be true: received 1"],
    [
      wrong((r) => Object.assign(r, { status: "DONE" })),
      "status",
      `must be one of APPLIED, FAILED, UNKNOWN: received "DONE"`,
    ],
    [
      wrong((r) => Object.assign(r, { status: "FAILED" })),
      "trace.settlement",
      `must be "THREW": received "RETURNED"`,
    ],
    [
      wrong((r) => Object.assign(r.trace!, { rawError: 1 })),
      "trace.rawError",
      "must not be there: received 1",
    ],
    [
      wrong((r) => Object.assign(r.trace!, { orderId: "another" })),
      "trace.orderId",
      `must be "order-1", the orderId of the result: received "another"`,
    ],
    [
      wrong((r) => Object.assign(r.trace!, { durationMs: 17 })),
      "trace.endedAt",
      `must be "2026-01-31T09:30:00.017Z", trace.startedAt plus trace.durationMs, rounded to the ` +
      `millisecond: received "2026-01-31T09:30:00.000Z"`,
    ],
    [
      wrong((r) => Object.assign(r.trace!, { rawResult: { $js: "undefined" } })),
      "trace.fidelity.raw.exact",
      "must be false, as the tags are: received true",
    ],
    [
      wrong((r) => Object.assign(r.facts![1]!, { at: "2026-01-31T09:30:00.001Z" })),
      "facts[1].at",
      `must be "2026-01-31T09:30:00.000Z", trace.startedAt: received "2026-01-31T09:30:00.001Z"`,
    ],
    [
      wrong((r) => Object.assign(r.facts![0]!, { executionId: "e" })),
      "facts[0].executionId",
      `must be "execution-1", the executionId of the result: received "e"`,
    ],
    [
      { orderId: "x", action: { name: "n", retries: 3 } },
      "action.retries",
      "is unknown: received 3",
    ],
    [{ orderId: "x", action: {} }, "action.name", "is missing"],
    [{ type: "DONE", orderId: "x" }, "contract", "is missing"],
    [7, "the document", "must be object: received 7"],
  ];
  const [lines] = files(cases.map(([document]) => text(document)).join("\n"));
  const refused = cases.map(([, field, reason], i) => [i + 1, field, reason]);
  assertEquals(await verdict(lines!), { code: 1, checked: cases.length, refused });
});

test("the line is that of the field, in a file over many lines too", async () => {
  const results = await Promise.all(["RETURNED", "THREW"].map((s) => settle(s as "THREW")));
  const pretty = text(results, 2);
  const broken = pretty.replace(/"status": "FAILED"/, `"status": "DONE"`);
  const [file] = files(broken);
  const line = broken.slice(0, broken.indexOf(`"DONE"`)).split("\n").length;
  const { refused } = await verdict(file!);
  assertEquals(refused.map(([line, field]: unknown[]) => [line, field]), [[line, "status"]]);
});

test("what is no JSON is told by its line; a line cut by a crash hides no other", async () => {
  const good = text(await settle("RETURNED"));
  const [cut, first, comma, empty, depth, nul] = files(
    `${good}\n${good.slice(0, 100)}\n${good}`,
    `${good.slice(0, 100)}\n${good}\n${good}`,
    `{\n  "orderId": "x",\n  "action": { "name": "n", }\n}`,
    "",
    "[".repeat(100_000),
    `{"a":"\u0000"}`,
  );
  assertEquals(await verdict(cut!), {
    code: 1,
    checked: 3,
    refused: [[2, "the document", "is not JSON: it ends too early"]],
  });
  assertEquals((await verdict(first!)).refused.map(([line]: [number]) => line), [1]);
  assertEquals((await verdict(comma!)).refused, [
    [3, "the document", `is not JSON: unexpected "}"`],
  ]);
  assertEquals(await verdict(empty!), { code: 0, checked: 0, refused: [] });
  assertEquals((await verdict(depth!)).refused.length, 1);
  assertEquals((await verdict(nul!)).refused.length, 1);
});

test("documents are found however the text is cut into chunks", async () => {
  const whole = `{"a":"\u2028 1"}\n\n{"b":2}\n[3,\n`;
  for (const size of [1, 2, 7, 100]) {
    const chunks = (async function* () {
      for (let at = 0; at < whole.length; at += size) yield whole.slice(at, at + size);
    })();
    const found: Read[] = [];
    for await (const read of documents(chunks)) found.push(read);
    assertEquals(found.map((read) => "problem" in read ? read.line : read.value), [
      { a: "\u2028 1" },
      { b: 2 },
      4,
    ]);
  }
});

test("stdin is a file too; a file that is not there is 64, not refused", async () => {
  const stdin = text(await settle("THREW"));
  assertEquals((await run(["check", "-"], { stdin })).code, 0);
  const none = await run(["check", "none.json"]);
  assertEquals([none.code, none.stdout], [64, ""]);
  const people = await run(["check", "-"], { stdin: "{}", terminal: true, env: { NO_COLOR: "1" } });
  assertEquals([people.code, people.stdout], [1, "-:1 contract is missing\n1 of 1 refused\n"]);
});

test("each conformance vector is judged as the vectors say", () => {
  const titles: Record<string, Contract> = {
    "execution-result": "ExecutionResult",
    "execution-request": "ExecutionRequest",
    "execution-context": "ExecutionContext",
    fact: "Fact",
  };
  let judged = 0;
  for (const contract of contracts.filter((name) => name in titles)) {
    for (const { name, valid, document } of vectors(contract)) {
      const found = firstFault(titles[contract]!, document);
      // Some valid vectors show one rule, and break one that no schema can state.
      if (valid && contract === "execution-result") continue;
      assertEquals(found === undefined, valid, `${contract}/${name}: ${text(found)}`);
      judged += 1;
    }
  }
  assert(judged > 100);
});

test("each raw value of the vectors is judged as they say, in the place of a result's", async () => {
  const result = await settle("RETURNED");
  const raws = vectors("raw-value");
  for (const { name, valid, document } of raws) {
    const holder = { ...result, trace: { ...result.trace, rawResult: document } };
    assertEquals(ExecutionResult(holder), valid, name);
  }
  assert(raws.length > 50);
});

// --- sign, check --key --------------------------------------------------------------------------

const PEM = {
  private: { type: "pkcs8", format: "pem" },
  public: { type: "spki", format: "pem" },
} as const;

function pair(type: "ed25519" | "P-256" | "P-384" | "rsa") {
  const made = type === "ed25519"
    ? generateKeyPairSync("ed25519")
    : type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: type });
  return [made.privateKey.export(PEM.private), made.publicKey.export(PEM.public)] as [
    string,
    string,
  ];
}

for (const type of ["ed25519", "P-256"] as const) {
  test(`${type}: what was signed is accepted by its key; anything else is refused, by its own line`, async () => {
    const result = await settle("THREW");
    const [file, key, publicKey, otherKey] = files(text(result, 2), ...pair(type), pair(type)[1]);
    const { code, stdout, stderr } = await run(["sign", file!, "--key", key!]);
    assertEquals([code, stderr], [0, ""]);
    const envelope: Envelope = JSON.parse(stdout);
    const statement = JSON.parse(atob(envelope.payload));
    assertEquals([envelope.payloadType, statement._type, statement.predicate.status], [
      "application/vnd.in-toto+json",
      "https://in-toto.io/Statement/v1",
      "FAILED",
    ]);

    const judged = async (document: unknown, ...args: string[]) => {
      const [signed] = files(text(document));
      const { code, refused } = await verdict(signed!, ...args);
      return [code, ...refused.map(([, field, reason]: string[]) => `${field} ${reason}`)];
    };
    const check = (document: unknown) => judged(document, "--key", publicKey!);
    assertEquals(await check(envelope), [0]);
    assertEquals(await judged(envelope, "--key", key!), [0]); // A private key has its public one.

    const bytes = atob(envelope.payload);
    const changed = (by: Record<string, unknown>) => ({ ...envelope, ...by });
    const says = async (document: unknown, line: string) => {
      const [code, said = ""] = await check(document);
      assertEquals(code, 1);
      assertStringIncludes(said as string, line);
    };
    await says(
      changed({ payload: btoa(bytes.replace("FAILED", "FAILEF")) }),
      "it was changed since",
    );
    await says(changed({ payloadType: "text/plain" }), `received "text/plain"`);
    await says(changed({ signatures: [] }), "is no envelope of DSSE");
    await says(result, "is not signed");
    const [, other] = await judged(envelope, "--key", otherKey!);
    assertStringIncludes(other as string, "is signed by another key");
    const [, unchecked] = await judged(envelope);
    assertStringIncludes(unchecked as string, "--key is needed");
  });
}

test("what was signed and is too deep to be judged is refused by its levels, and is no fault", async () => {
  const [pem, publicKey] = pair("ed25519");
  const deep = JSON.parse(`${"[".repeat(2000)}${"]".repeat(2000)}`);
  const result = { ...await settle("RETURNED"), deep };
  const envelope = seal(result, new Uint8Array(), createPrivateKey(pem));
  const [signed, key] = files(text(envelope), publicKey);
  const { code, refused } = await verdict(signed!, "--key", key!);
  assertEquals([code, refused.length], [1, 1]);
  assertStringIncludes(refused[0][2], "payload has more than 1000 levels");
});

test("the digest that is signed is that of the file's bytes, whatever they begin and end with", async () => {
  const result = text(await settle("RETURNED"), 2);
  const [key, publicKey] = files(...pair("ed25519"));
  for (const content of [result, `\ufeff${result}`, `${result.replaceAll("\n", "\r\n")}\r\n`]) {
    const [file] = files(content);
    const { code, stdout, stderr } = await run(["sign", file!, "--key", key!]);
    assertEquals(code, 0, stderr);
    const { subject: [{ digest }] } = JSON.parse(atob(JSON.parse(stdout).payload));
    assertEquals(digest.sha256, createHash("sha256").update(readFileSync(file!)).digest("hex"));
    const [signed] = files(stdout);
    assertEquals((await verdict(signed!, "--key", publicKey!)).refused, []);
  }
});

test("a key of no use and a document that is no result are refused before anything is signed", async () => {
  const [rsa] = pair("rsa");
  const [p384] = pair("P-384");
  const [ed25519, publicKey] = pair("ed25519");
  const result = text(await settle("RETURNED"));
  const cases: [string, string, string][] = [
    [result, rsa, "must be of Ed25519 or ECDSA P-256: received rsa"],
    [result, p384, "must be of Ed25519 or ECDSA P-256: received ec secp384r1"],
    [result, publicKey, "is no private key in PEM"],
    [result, "", "is no private key in PEM"],
    ["{}", ed25519, "is no result: contract is missing"],
    ["{", ed25519, "line 1: is not JSON: it ends too early"],
  ];
  for (const [document, pem, line] of cases) {
    const [file, key] = files(document, pem);
    const { code, stdout, stderr } = await run(["sign", file!, "--key", key!]);
    assertEquals([code, stdout], [64, ""]);
    assertStringIncludes(stderr, line);
  }
  assertStringIncludes((await run(["sign", "x"])).stderr, "--key is missing");
  assertStringIncludes((await run(["sign", "x", "--key", "none"])).stderr, `key "none" cannot be`);
});

// --- run ----------------------------------------------------------------------------------------

test("an order from a file is executed once; its faults are one line each, with 64", async () => {
  const folder = fresh();
  const ledger = join(folder, "ledger");
  const order = (input: unknown, name = "command") =>
    text({ orderId: "x", action: { name, input } });
  const call = async (content: string, ...args: string[]) => {
    const [file] = files(content);
    return await run(["run", "--ledger", ledger, file!, ...args]);
  };
  const wrong: [string, string][] = [
    ["{", "line 1: is not JSON: it ends too early"],
    ["[]", "the document must be object: received []"],
    ["null", "the document must be object: received null"],
    [`{"orderId":"x"}`, "action is missing"],
    [`{"orderId":"x","action":"command"}`, `action must be object: received "command"`],
    [`{"orderId":7,"action":{"name":"command"}}`, "orderId must be string: received 7"],
    [
      `{"orderId":"","action":{"name":"command"}}`,
      `orderId must NOT have fewer than 1 characters: received ""`,
    ],
    [
      text({ orderId: "x".repeat(257), action: { name: "command" } }),
      `orderId must NOT have more than 256 characters: received "${"x".repeat(79)}…`,
    ],
    [
      `{"orderId":"x","action":{"name":"command"},"a\\nb":1}`,
      `["a\\nb"] is unknown: received 1`,
    ],
    [`{"action":{"name":"command"}}`, "orderId is missing"],
    [order({}), "cannot use action.input.program"],
    [order({ program: "date", arg: [] }), "cannot use action.input.arg"],
    [order({ program: "date", args: ["a", 3] }), "cannot use action.input.args[1]"],
    [
      order({}, "reboot"),
      `action.name must be one of command, ssh, http, release: received "reboot"`,
    ],
    [order({ host: "-oProxyCommand=x", program: "date" }, "ssh"), "cannot use action.input.host"],
    [order({ method: "GET" }, "http"), "cannot use action.input.url"],
    [order({}, "release"), "cannot use action.input.site"],
  ];
  for (const [content, line] of wrong) {
    const { code, stdout, stderr } = await call(content);
    assertEquals([code, stdout], [64, ""], stderr);
    assertStringIncludes(stderr, line);
  }
  const echo = order({ program: "echo", args: ["$HOME"] });
  const done = await call(echo);
  assertEquals(done.code, 0, done.stderr);
  assertEquals(JSON.parse(done.stdout).trace.rawResult.stdout.end, "$HOME\n");
  assertEquals((await call(echo)).code, 73);
  assertEquals((await call(echo, "--order", "y")).code, 0);
  const again = await call(echo, "--fresh");
  assertEquals(again.code, 0);
  const { orderId } = JSON.parse(again.stdout);
  assertStringIncludes(again.stderr, `order ${orderId}\n`);
  const unnamed = echo.replace(`"orderId":"x",`, "");
  assertEquals((await call(unnamed, "--order", "named")).code, 0);
  const named = await call(unnamed, "--fresh");
  assertEquals(named.code, 0, named.stderr);
  assertEquals(named.stderr.split("\n")[0], `order ${JSON.parse(named.stdout).orderId}`);
  assertEquals((await call(unnamed)).code, 64);
  const stdin = await run(["run", "--ledger", ledger, "-"], {
    stdin: order({ program: "false" }).replace(`"x"`, `"z"`),
  });
  assertEquals(stdin.code, 20);
});

test("a release is switched beside its order, where --target says", async () => {
  const folder = fresh();
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "site/index.html"), "hello");
  const input = { site: "site" };
  writeFileSync(
    join(folder, "order.json"),
    text({ orderId: "r", action: { name: "release", input } }),
  );
  const { code, stdout, stderr } = await run(
    [
      "run",
      join(folder, "order.json"),
      "--ledger",
      join(folder, "l"),
      "--target",
      join(folder, "t"),
    ],
  );
  assertEquals(code, 0, stderr);
  assertEquals(Object.keys(JSON.parse(stdout).trace.rawResult.files), ["index.html"]);
});
