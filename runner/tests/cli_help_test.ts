/** The exit codes that `deployer COMMAND --help` lists are those that the command ends with. */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { settle } from "../../tests/support/orders.ts";
import { COMMANDS } from "../cli/commands.ts";
import { EXIT } from "../cli/exit.ts";
import { claim } from "../testing_claim.ts";
import { fresh, run, tidy } from "./cli_shell.ts";

after(tidy);

const LONG = { timeout: 60_000 };
const DOWN = ["--ledger", "sqlite:/dev/null/none"];

/**
 * What does not come about here: another machine for ssh, and the page, which the package's build
 * makes. Nor does 70, a fault of its own, and of what needs no ledger 74, a full disk below stdout.
 */
const ELSEWHERE: Record<string, number[]> = { ssh: [0, 30], report: [0] };

/** How each command ends with each of its codes; all later ones need what earlier ones have left. */
function ways(folder: string): Record<string, Record<number, string[]>> {
  const ledger = ["--ledger", join(folder, "ledger")];
  const file = (name: string, content: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const order = (orderId: string, script: string) => {
    const input = { program: "sh", args: ["-c", script] };
    return file(`${orderId}.json`, { orderId, action: { name: "command", input } });
  };
  const exec = (id: string, script: string) => {
    return ["--order", id, ...ledger, "--", "sh", "-c", script];
  };
  const good = join(folder, "result.json");
  const bad = file("bad.json", {});
  const key = ["--key", join(folder, "key.pem")];
  const ssh = ["127.0.0.1", "-o", "Port=1", "--order", "s", ...ledger, "--", "true"];
  return {
    exec: {
      0: exec("a", "true"),
      20: exec("f", "exit 3"),
      30: exec("u", "kill -9 $$"),
      64: ledger,
      73: exec("a", "true"),
      74: [...DOWN, "--", "true"],
    },
    ssh: { 20: ssh, 64: ledger, 73: ssh, 74: [...DOWN, "web1", "--", "true"] },
    run: {
      0: [order("ra", "true"), ...ledger],
      20: [order("rf", "exit 3"), ...ledger],
      30: [order("ru", "kill -9 $$"), ...ledger],
      64: [bad, ...ledger],
      73: [order("ra", "true"), ...ledger],
      74: [order("rl", "true"), ...DOWN],
    },
    list: { 0: ledger, 64: ["everything"], 74: ["--ledger", bad] },
    show: {
      0: ["a", ...ledger],
      20: ["f", ...ledger],
      30: ["u", ...ledger],
      64: ["none", ...ledger],
      73: ["open", ...ledger],
      74: ["a", "--ledger", bad],
    },
    check: { 0: [good], 1: [bad], 64: [] },
    recover: { 0: ledger, 64: ["everything"], 74: ["--ledger", bad] },
    report: { 64: ["everything"] },
    sign: { 0: [good, ...key], 64: [bad, ...key] },
    completion: { 0: ["bash"], 64: ["tcsh"] },
  };
}

test("every command ends with the codes that its help lists, and with no other", LONG, async () => {
  const folder = fresh();
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(folder, "result.json"), JSON.stringify(await settle("RETURNED")));
  const table = ways(folder);
  assertEquals(Object.keys(table), Object.keys(COMMANDS));
  await run(["exec", "--ledger", join(folder, "ledger"), "--", "true"]);
  await new FolderLedger(join(folder, "ledger")).consume(...claim("open"));
  for (const [name, codes] of Object.entries(table)) {
    const { stdout: help } = await run([name, "--help"]);
    const [, listed = ""] = help.split("\nExit codes:\n");
    for (const [code, args] of Object.entries(codes)) {
      const { code: ended, stderr } = await run([name, ...args]);
      assertEquals(ended, Number(code), `${name} ${args}: ${stderr}`);
      assertMatch(listed, new RegExp(`^ {2}${code} `, "m"), name);
    }
    const others = [70, 74, ...ELSEWHERE[name] ?? []].map(String);
    const told = [...listed.matchAll(/^ {2}(\d+) /gm)].map(([, code]) => code!);
    assertEquals(told, Object.keys(COMMANDS[name]!.codes));
    assertEquals(told.filter((code) => !(code in codes) && !others.includes(code)), []);
  }
});

test("every code is in the overview, and in the help of a command", async () => {
  const overview = (await run(["--help"])).stdout;
  const known = Object.values(COMMANDS).flatMap(({ codes }) => Object.keys(codes));
  for (const code of [1, ...Object.values(EXIT)]) {
    assert(known.includes(`${code}`), `${code}`);
    assertMatch(overview, new RegExp(` ${code} `));
  }
});

test("help says what --quiet leaves out, and it leaves that out", LONG, async () => {
  const said = "only the exit code tells FAILED";
  assertStringIncludes((await run(["exec", "--help"])).stdout, said);
  const args = ["--quiet", "--ledger", fresh(), "--order", "x", "--", "false"];
  assertEquals(await run(["exec", ...args]), { code: 20, stdout: "", stderr: "" });
  const again = await run(["exec", ...args]);
  assertEquals([again.code, again.stdout], [73, ""]);
  assertStringIncludes(again.stderr, "deployer: order");
  const json = await run(["exec", "--json", ...args.slice(0, 3), "--", "false"]);
  assertEquals([json.stderr, JSON.parse(json.stdout).status], ["", "FAILED"]);
});
