/** `deployer ssh`, against a real sshd. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { until } from "../../../tests/support/until.ts";
import { fresh, run, tidy } from "../cli_shell.ts";
import { HOST, type Sshd, startSshd } from "./sshd.ts";

after(tidy);

const LONG = { timeout: 60_000 };
let sshd: Sshd;
before(async () => void (sshd = await startSshd()));
after(() => sshd.stop());

/** The options of ssh, as `deployer ssh` takes them. */
function options(): string[] {
  const file = (name: string) => join(sshd.folder, name);
  return [
    `Port=${sshd.port}`,
    `IdentityFile=${file("key")}`,
    "IdentitiesOnly=yes",
    `UserKnownHostsFile=${file("known")}`,
    `GlobalKnownHostsFile=${file("none")}`,
  ].flatMap((option) => ["-o", option]);
}

function call(ledger: string, orderId: string, script: string, terminal = false) {
  const order = ["--ledger", ledger, "--order", orderId, ...options()];
  const env = { NO_COLOR: "1" };
  return run(["ssh", HOST, ...order, "--", "sh", "-c", script], { terminal, env });
}

test("a command is executed once on the other machine, and its own code counts", LONG, async () => {
  const ledger = fresh();
  const proof = join(ledger, "proof");
  const id = `once ${ledger}`;
  const first = await call(ledger, id, `echo once >> ${proof}; echo done`);
  assertEquals(first.code, 0, first.stderr);
  assertEquals(JSON.parse(first.stdout).trace.rawResult.stdout.end, "done\n");
  assertEquals((await call(ledger, id, `echo once >> ${proof}; echo done`)).code, 73);
  assertEquals((await call(ledger, id, `echo twice >> ${proof}`)).code, 64); // Of another order.
  assertEquals(readFileSync(proof, "utf8"), "once\n");
  assertEquals((await call(ledger, `${id} 255`, "exit 255")).code, 20);
});

test(
  "a connection that is lost is UNKNOWN, and says where to look for the command",
  LONG,
  async () => {
    const ledger = fresh();
    const proof = join(ledger, "proof");
    const lost = call(
      ledger,
      `lost ${ledger}`,
      `: > ${proof}; sleep 1; echo over; : > ${proof}.over`,
      true,
    );
    await until(() => existsSync(proof));
    await new Promise((resolve) => setTimeout(resolve, 200));
    sshd.killSessions();
    const { code, stdout } = await lost;
    assertEquals(code, 30, stdout);
    assertMatch(stdout, /look {4}on 127\.0\.0\.1, in .+: what came of it is there\n/);

    await until(() => existsSync(`${proof}.over`));
    const { result } = JSON.parse(
      (await run(["show", "--ledger", ledger, `lost ${ledger}`])).stdout,
    );
    const { look: input } = result.trace.rawError;
    const stdin = JSON.stringify({ orderId: `look ${ledger}`, action: { name: "ssh", input } });
    const looked = await run(["run", "--ledger", ledger, ...options(), "-"], { stdin });
    assertEquals(looked.code, 0, looked.stderr);
    const { end } = JSON.parse(looked.stdout).trace.rawResult.stdout;
    assertStringIncludes(end, "ended 0");
    assert(end.includes("over"));
  },
);
