/** The release action, on real folders. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type ReleaseOrder, releaseSwitch } from "deployer-runner/actions/release";
import { execute, type ExecutionResult, type Ports } from "deployer-runtime";
import { testCases } from "../../tests/support/action_cases.ts";
import { contents, folder, list, removeFolders, writeFiles } from "../../tests/support/folders.ts";
import { assertSound } from "../../tests/support/orders.ts";
import { until } from "../../tests/support/until.ts";
import { onWindows } from "../../tests/support/windows.ts";
import { NotOnWindows } from "../flush.ts";

after(removeFolders);

const LONG = { timeout: 30_000 };

testCases("release", {
  "it is read back as it was given": () => {
    const cwd = folder({ "site/index.html": "one", "site/a/b": "two" });
    return deploy(cwd, "first", "site");
  },
  "the site is not there, or cannot be copied": async () => {
    const cwd = folder({ "site/a": "1" });
    assertEquals((await deploy(cwd, "first", "none")).status, "FAILED");
    return deploy(cwd, "second", "."); // Into itself.
  },
  "`current` is a folder or a file": async () => {
    const cwd = folder({ "site/a": "1", "deployed/current": "mine" });
    assertEquals((await deploy(cwd, "first", "site")).status, "FAILED");
    return deploy(folder({ "site/a": "1", "deployed/current/a": "mine" }), "first", "site");
  },
  "the switch fails": () => {
    const cwd = folder({ "site/a": "1", [`deployed/current.${nameOf("first")}/a`]: "mine" });
    return deploy(cwd, "first", "site");
  },
  "it is read back otherwise, or cannot be read back": async () => {
    const cwd = folder({ "site/a": "1", "elsewhere": "2" });
    symlinkSync("../elsewhere", join(cwd, "site/link"));
    return await deploy(cwd, "first", "site");
  },
  "the Runner gives up": () => deploy(...withdrawn(folder({ "site/a": "1" }), "first")),
});

test("the release action keeps the old release until the new one is whole", async () => {
  const cwd = folder({ "one/a": "1", "two/a": "2" });
  symlinkSync("nowhere", join(cwd, "two/dangling"));
  assertEquals((await deploy(cwd, "none", "two")).status, "FAILED");
  assertEquals(list(cwd, "deployed"), [], "nothing was changed");
  assertEquals((await deploy(cwd, "first", "one")).status, "APPLIED");
  const before = contents(cwd);
  assertEquals((await deploy(cwd, "second", "two")).status, "FAILED");
  assertEquals((await deploy(cwd, "third", "one/a")).status, "FAILED");
  assertEquals((await deploy(cwd, "first", "one")).status, "FAILED", "one release, one order");
  assertEquals(contents(cwd), before);
});

test("a `current` that is no link is refused in one line before anything is copied", async () => {
  for (
    const [mine, kind] of [["deployed/current/mine", "a folder"], ["deployed/current", "a file"]]
  ) {
    const cwd = folder({ "site/a": "1", [mine as string]: "kept" });
    const before = contents(cwd);
    const result = await deploy(cwd, "first", "site");
    assert(result.status === "FAILED");
    const { message } = result.trace.rawError as { message: string };
    const current = join(cwd, "deployed/current");
    assertEquals(
      message,
      `cannot switch ${current}: expected a link, or nothing, and it is ${kind}`,
    );
    assertEquals(contents(cwd), before);
  }
});

test("on Windows no release action is made: it replaces no link to a folder in one step", async () => {
  await assertRejects(
    () => onWindows(() => releaseSwitch("", "deployed")),
    NotOnWindows,
    "on Windows",
  );
});

test("what goes wrong before the switch leaves neither link nor release behind", async () => {
  const cwd = folder({ "site/a": "1", "other/a": "2" });
  assertEquals((await deploy(cwd, "first", "site")).status, "APPLIED");
  const before = contents(cwd);

  // Somebody's own folder stands where the link would be made, and stays.
  writeFiles(cwd, { [`deployed/current.${nameOf("second")}/mine`]: "kept" });
  const occupied = contents(cwd);
  assertEquals((await deploy(cwd, "second", "other")).status, "FAILED");
  assertEquals(contents(cwd), occupied);
  rmSync(join(cwd, `deployed/current.${nameOf("second")}`), { recursive: true });

  // A folder takes the place of `current` while the site is copied.
  const ports = asItBegins(cwd, "third", () => {
    rmSync(join(cwd, "deployed/current"));
    writeFiles(cwd, { "deployed/current/mine": "kept" });
  });
  assertEquals((await deploy(cwd, "third", "other", ports)).status, "FAILED");
  rmSync(join(cwd, "deployed/current"), { recursive: true });
  symlinkSync(`releases/${nameOf("first")}`, join(cwd, "deployed/current"));
  assertEquals(contents(cwd), before);
});

test(
  "a release that the Runner gives up on before the switch is not switched, nor left",
  LONG,
  async () => {
    const cwd = folder({ "site/a": "1" });
    const result = await deploy(...withdrawn(cwd, "first"));
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const release = `releases/${nameOf("first")}`;
    assertEquals(result.trace.rawError, { release, switching: false });
    await until(() => !existsSync(join(cwd, "deployed", release)));
    assertEquals(list(cwd, "deployed"), ["releases"]);
  },
);

test("whatever an order is called, its release is one folder of its own", async () => {
  const cwd = folder({ "site/index.html": "one" });
  const before = list(dirname(cwd));
  const identities = ["../../x", "/x", "..", ".", "a/b", "x\u0000y", "x".repeat(256)];
  for (const identity of identities) {
    assertEquals((await deploy(cwd, identity, "site")).status, "APPLIED");
  }
  assertEquals(list(cwd, "deployed"), ["current", "releases"]);
  assertEquals(list(cwd, "deployed/releases"), identities.map(nameOf).sort());
  assertEquals([list(cwd), list(dirname(cwd))], [["deployed", "site"], before]);
});

test("an input that names no site is refused by name, and changes nothing", async () => {
  const cwd = folder({ "site/a": "1" });
  const cases = [
    [undefined, "action.input: expected an object, received nothing"],
    [{}, "action.input.site: expected a string, received nothing"],
    [{ site: 7 }, "action.input.site: expected a string, received 7"],
    [{ site: "site", to: "/" }, 'action.input.to: expected no field but site, received "/"'],
  ] as [ReleaseOrder["action"]["input"], string][];
  for (const [input, message] of cases) {
    const order = { orderId: "x", action: { name: "release", input } };
    const action = releaseSwitch(cwd, join(cwd, "deployed"));
    const result = await execute(order, { executionId: "e", runner: "r" }, action);
    assert(result.status === "FAILED");
    const thrown = result.trace.rawError as { message: string };
    assertEquals(thrown.message, `cannot use ${message}`);
  }
  assertEquals(list(cwd), ["site"]);
});

test("the release action proves nothing when what it reads back is not what it was given", async () => {
  const cwd = folder({ "site/a": "1", "site/b": "2" });
  // A link whose content depends on where it stands: another file once it is deployed.
  writeFiles(cwd, { "version": "old", "deployed/releases/version": "new" });
  symlinkSync("../version", join(cwd, "site/version"));
  const result = await deploy(cwd, "first", "site");
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  const release = readlinkSync(join(cwd, "deployed/current"));
  assertEquals(result.trace.rawError, { release, seen: release, differing: ["version"] });
});

test("the release action deploys a site that is itself a link", async () => {
  const cwd = folder({ "builds/7/a": "7" });
  symlinkSync("builds/7", join(cwd, "site"));
  assertEquals((await deploy(cwd, "first", "site")).status, "APPLIED");
  assertEquals(readFileSync(join(cwd, "deployed/current/a"), "utf8"), "7");
});

test("the release action does not copy a site into itself", async () => {
  const cwd = folder({ "index.html": "one" });
  assertEquals((await deploy(cwd, "first", ".")).status, "FAILED");
  assertEquals(list(cwd, "deployed"), ["releases"]);
});

test("releases that switch at the same time never fail, and none vouches for another one's", async () => {
  const cwd = folder({ "site/a": "1", "site/b": "2" });
  const orders = Array.from({ length: 8 }, (_, i) => `order-${i}`);
  const results = await Promise.all(orders.map((orderId) => deploy(cwd, orderId, "site")));
  for (const { orderId, status, trace } of results) {
    // One that was overtaken before it had read back its release has no proof: UNKNOWN.
    assertNotEquals(status, "FAILED");
    if (trace.settlement !== "RETURNED") continue;
    const { release } = trace.rawResult as { release: string };
    assertEquals(release, `releases/${sha256(orderId).slice(0, 16)}`);
  }
  assertEquals(list(cwd, "deployed/current"), ["a", "b"]);
});

test("the release action is atomic: at every moment the old release is live, or the new one", async () => {
  const cwd = folder({ "site/a": "1" });
  await deploy(cwd, "order-0", "site");
  let [looks, switching] = [0, true];
  const visitor = (async () => {
    for (; switching; looks++) await readlink(join(cwd, "deployed/current")); // Rejects if it is gone.
  })();
  const switches = (async () => {
    for (let i = 1; i <= 20; i++) await deploy(cwd, `order-${i}`, "site");
  })().finally(() => switching = false);
  await Promise.all([visitor, switches]);
  assert(looks > 20);
});

/** Executes a release in this process. */
async function deploy(
  cwd: string,
  orderId: string,
  site: string,
  ports: Ports = {},
): Promise<ExecutionResult> {
  const result = await execute(
    { orderId, action: { name: "release", input: { site } } },
    { executionId: "e", runner: "r" },
    releaseSwitch(cwd, join(cwd, "deployed")),
    ports,
  );
  assertSound(result);
  return result;
}

/** An order on which the Runner gives up when its release begins to be copied. */
function withdrawn(cwd: string, orderId: string): Parameters<typeof deploy> {
  const controller = new AbortController();
  const giveUp = () => queueMicrotask(() => controller.abort(new Error("too late")));
  return [cwd, orderId, "site", asItBegins(cwd, orderId, giveUp, controller)];
}

/** Ports by which something happens when the release is there, and nothing is copied yet. */
function asItBegins(
  cwd: string,
  orderId: string,
  happens: () => void,
  { signal } = new AbortController(),
): Ports {
  const release = join(cwd, "deployed/releases", nameOf(orderId));
  const listen = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (...args: unknown[]) => {
    listen(...args);
    if (existsSync(release)) happens();
  };
  return { signal };
}

function nameOf(orderId: string): string {
  return sha256(orderId).slice(0, 16);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
