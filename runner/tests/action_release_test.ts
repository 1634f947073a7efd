/** The release action, on real folders. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { execFileSync } from "node:child_process";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type ReleaseOptions,
  type ReleaseOrder,
  releaseSwitch,
} from "deployer-runner/actions/release";
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
  "a link leads out of the site, or something is neither file, folder nor link": async () => {
    const cwd = folder({ "site/a": "1" });
    symlinkSync("../elsewhere", join(cwd, "site/link"));
    assertEquals((await deploy(cwd, "first", "site")).status, "FAILED");
    rmSync(join(cwd, "site/link"));
    pipe(join(cwd, "site/link"));
    return await deploy(cwd, "second", "site");
  },
  "the Runner asks to stop before the switch": () => {
    const stop = AbortSignal.abort(new Error("asked to stop"));
    return deploy(folder({ "site/a": "1" }), "first", "site", {}, { stop });
  },
  "it is read back otherwise, or cannot be read back, or another release is live": async () => {
    const cwd = folder({ "site/a": "1" });
    const ports = asItIsSwitched(cwd, "first", () => writeFiles(cwd, { "deployed/current/b": "" }));
    assertEquals((await deploy(cwd, "first", "site", ports)).status, "UNKNOWN");
    const gone = asItIsSwitched(cwd, "second", () => rmSync(join(cwd, "deployed/current")));
    return await deploy(cwd, "second", "site", gone);
  },
  "the Runner gives up": () => deploy(...withdrawn(folder({ "site/a": "1" }), "first")),
});

test("the release action keeps the old release until the new one is whole", async () => {
  const cwd = folder({ "one/a": "1", "two/a": "2" });
  symlinkSync("/nowhere", join(cwd, "two/out"));
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

  // A folder or a file takes the place of `current` while the site is copied.
  for (const mine of ["deployed/current/mine", "deployed/current"]) {
    const ports = asItBegins(cwd, mine, () => {
      rmSync(join(cwd, "deployed/current"));
      writeFiles(cwd, { [mine]: "kept" });
    });
    assertEquals((await deploy(cwd, mine, "other", ports)).status, "FAILED");
    assertEquals(readFileSync(join(cwd, mine), "utf8"), "kept");
    rmSync(join(cwd, "deployed/current"), { recursive: true });
    symlinkSync(`releases/${nameOf("first")}`, join(cwd, "deployed/current"));
    assertEquals(contents(cwd), before);
  }
});

test(
  "a release that the Runner gives up on before the switch is not switched, nor left",
  LONG,
  async () => {
    const cwd = folder({ "site/a": "1" });
    const result = await deploy(...withdrawn(cwd, "first"));
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const release = `releases/${nameOf("first")}`;
    assertEquals(result.trace.rawError, { release, phase: "copying", gaveUp: "too late" });
    await until(() => !existsSync(join(cwd, "deployed", release)));
    assertEquals(list(cwd, "deployed"), ["releases"]);
  },
);

/** What becomes of a switch whose answer is an error, where it may have been made. */
const SWITCHES: Record<string, (deployed: string, link: string) => void> = {
  "was made, and another one followed": (deployed, link) => {
    rmSync(link);
    symlinkSync("releases/other", join(deployed, "current"));
  },
  "cannot be looked at": (deployed) => {
    renameSync(deployed, `${deployed}.gone`);
    writeFileSync(deployed, "");
  },
};

for (const [what, happens] of Object.entries(SWITCHES)) {
  test(`a release whose switch is answered by an error, and ${what}, is UNKNOWN`, async () => {
    const cwd = folder({ "site/a": "1" });
    const deployed = join(cwd, "deployed");
    const name = nameOf("first");
    const link = join(deployed, `current.${name}`);
    const ports = when(() => existsSync(link), () => happens(deployed, link));
    const result = await deploy(cwd, "first", "site", ports);
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    assertStringIncludes((result.trace.rawError as { error: string }).error, "rename");
    const kept = [deployed, `${deployed}.gone`].map((path) => join(path, "releases", name, "a"));
    assert(kept.some((path) => existsSync(path)), "it may be live");
  });
}

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

/** What may happen to a release between the switch and its proof, and where that is seen. */
const CHANGES: Record<string, [change: (current: string) => void, differing: string[]]> = {
  "a file holds something else": [(at) => appendFileSync(join(at, "a"), "!"), ["a"]],
  "a file is gone": [(at) => rmSync(join(at, "a")), ["a"]],
  "a file is new": [(at) => writeFileSync(join(at, "c"), ""), ["c"]],
  "a file may be executed": [(at) => chmodSync(join(at, "a"), 0o755), ["a"]],
  "a file is a link to its like": [(at) => {
    rmSync(join(at, "a"));
    symlinkSync("b/a", join(at, "a"));
  }, ["a"]],
  "a link leads elsewhere": [(at) => {
    rmSync(join(at, "link"));
    symlinkSync("b/a", join(at, "link"));
  }, ["link"]],
  "a folder is gone": [(at) => rmSync(join(at, "b"), { recursive: true }), ["b", "b/a"]],
};

for (const [what, [change, differing]] of Object.entries(CHANGES)) {
  test(`a release is not proven, and says where, when ${what} as it is read back`, async () => {
    const cwd = folder({ "site/a": "1", "site/b/a": "1" });
    chmodSync(join(cwd, "site/a"), 0o644);
    symlinkSync("a", join(cwd, "site/link"));
    const current = join(cwd, "deployed/current");
    const ports = asItIsSwitched(cwd, "first", () => change(current));
    const result = await deploy(cwd, "first", "site", ports);
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const release = readlinkSync(current);
    assertEquals(result.trace.rawError, { release, seen: release, differing });
  });
}

test("a release that another one has overtaken is not proven, and says which is live", async () => {
  const cwd = folder({ "site/a": "1" });
  await deploy(cwd, "other", "site");
  const ports = asItIsSwitched(cwd, "first", () => {
    rmSync(join(cwd, "deployed/current"));
    symlinkSync(`releases/${nameOf("other")}`, join(cwd, "deployed/current"));
  });
  const result = await deploy(cwd, "first", "site", ports);
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  const [release, seen] = ["first", "other"].map((orderId) => `releases/${nameOf(orderId)}`);
  assertEquals(result.trace.rawError, { release, seen, differing: [] });
});

/** Links of a site, and the first one that leads out of it. */
const LINKS: Record<string, [links: Record<string, string>, out?: string]> = {
  "to a file": [{ "link": "a" }],
  "to a folder": [{ "link": "b/c" }],
  "of a workspace": [{ "b/modules": "../b", "b/c/a": "../../packages/a" }],
  "to what is not there": [{ "link": "nothing/at/all" }],
  "to itself": [{ "link": "link", "one": "two", "two": "one", "here": "." }],
  "to the site": [{ "b/link": "..", "b/c/link": "../../a" }],
  "to the root of the disk": [{ "link": "/" }, "link"],
  "to a folder beside the site, which is not there": [{ "b/link": "../../beside" }, "b/link"],
  "out of the site and back": [{ "link": "../site/a" }, "link"],
  "out of the site through another link": [{ "b/deep": "c", "link": "b/deep/../../../a" }, "link"],
  "upwards through another link": [{ "b/c/top": "../..", "link": "b/c/top/../a" }, "link"],
  "that seems to lead out, but not through another link": [
    { "link": "b/c", "to": "link/../../a" },
  ],
  "to a link that leads out": [{ "link": "one", "one": "two", "two": "../out" }, "link"],
  "through a link to the outside": [{ "b/link": "../z/x", "z": "/" }, "z"],
  "through what is not there": [{ "link": "nothing/../../out" }, "link"],
};

for (const [what, [links, out]] of Object.entries(LINKS)) {
  test(`a link ${what} is ${out ? "refused by its name, or kept" : "released"}`, async () => {
    const cwd = folder({ "site/a": "1", "site/b/c/d": "2" });
    for (const [path, to] of Object.entries(links)) symlinkSync(to, join(cwd, "site", path));
    if (out !== undefined) {
      const refused = await deploy(cwd, "first", "site");
      const to = links[out] as string;
      assertEquals(
        messageOf(refused),
        `cannot release "${out}": it is a link to "${to}", which leads out of the site`,
      );
      assertEquals(list(cwd), ["site"], "nothing was made");
    }
    const given = contents(join(cwd, "site"));
    const linksOut = out === undefined ? "refuse" : "keep";
    const result = await deploy(cwd, "second", "site", {}, { linksOut });
    assert(result.status === "APPLIED");
    const { files, links: seen } = result.trace.rawResult as Record<string, unknown>;
    assertEquals([seen, files], [links, { "a": sha256("1"), "b/c/d": sha256("2") }]);
    rmSync(join(cwd, "site"), { recursive: true });
    assertEquals(contents(join(cwd, "deployed/releases", nameOf("second"))), given);
  });
}

test("a release is what the site was, and stays so without the site", async () => {
  const names = ["a b", "new\nline", "é", "e\u0301", "名", "__proto__", "-rf", "'\"\\", ".hidden"];
  const cwd = folder(Object.fromEntries(names.map((name) => [`site/${name}`, name])));
  const site = join(cwd, "site");
  mkdirSync(join(site, "empty/er"), { recursive: true });
  linkSync(join(site, "a b"), join(site, "hard"));
  symlinkSync("empty", join(site, "folder"));
  symlinkSync("nothing\nat all", join(site, "dangling"));
  writeFileSync(join(site, "large"), new Uint8Array(2_500_000).fill(7));
  const modes = { "a b": 0o755, "é": 0o600, "名": 0o444, "empty": 0o750, "empty/er": 0o555 };
  for (const [name, mode] of Object.entries(modes)) chmodSync(join(site, name), mode);

  const given = [contents(site), modesIn(site)];
  const order = "first";
  const result = await deploy(cwd, order, "site");
  assert(result.status === "APPLIED");
  rmSync(site, { recursive: true });
  const release = join(cwd, "deployed/releases", nameOf(order));
  assertEquals([contents(release), modesIn(release)], given);
  appendFileSync(join(release, "hard"), "!");
  assertEquals(readFileSync(join(release, "a b"), "utf8"), "a b", "a file of its own");
  const { files } = result.trace.rawResult as { files: Record<string, string> };
  assertEquals(Object.keys(files), [...names, "hard", "large"].sort());
});

/** What can stand in a site and is no file, folder or link. */
const KINDS: Record<string, (path: string) => Promise<() => void> | void> = {
  "a FIFO": pipe,
  "a socket": (path) =>
    new Promise((resolve) => {
      const server = createServer();
      server.listen(path, () => resolve(() => server.close()));
    }),
};

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind} in a site is refused by its name, and never waited for`, LONG, async () => {
    const cwd = folder({ "site/a": "1", "site/b/c": "2" });
    const close = await make(join(cwd, "site/b/it"));
    const result = await deploy(cwd, "first", "site");
    close?.();
    const expected = "expected a file, a folder or a link";
    assertEquals(messageOf(result), `cannot read "b/it": ${expected}, and it is ${kind}`);
    assertEquals(list(cwd), ["site"], "nothing was made");
  });
}

/** What may become of a site while it is copied. */
const MEANWHILE: Record<string, [change: (file: string) => void, message: string]> = {
  "holds something else": [(file) => writeFileSync(file, "2"), "it changed meanwhile"],
  "may be executed": [(file) => chmodSync(file, 0o755), "it changed meanwhile"],
  "is gone": [(file) => rmSync(file), "ENOENT"],
  "is a FIFO": [(file) => {
    rmSync(file);
    pipe(file);
  }, "it is a FIFO"],
  "is a link": [(file) => {
    rmSync(file);
    symlinkSync("b", file);
  }, "ELOOP"],
  "is a folder": [(file) => {
    rmSync(file);
    mkdirSync(file);
  }, "it is a folder"],
};

for (const [what, [change, message]] of Object.entries(MEANWHILE)) {
  test(`a file that ${what} while its site is copied is FAILED, by its name`, LONG, async () => {
    const cwd = folder({ "site/a": "1", "site/b": "1" });
    chmodSync(join(cwd, "site/a"), 0o644);
    const ports = asItBegins(cwd, "first", () => change(join(cwd, "site/a")));
    const result = await deploy(cwd, "first", "site", ports);
    assertStringIncludes(messageOf(result), `"a": `);
    assertStringIncludes(messageOf(result), message);
    assertEquals(list(cwd, "deployed"), ["releases"]);
    assertEquals(list(cwd, "deployed/releases"), []);
  });
}

test("a name, or the target of a link, that is not UTF-8 is refused", async () => {
  for (const make of [`: > "$(printf 'b\\377')"`, `ln -s "$(printf 'b\\377')" c`]) {
    const cwd = folder({ "site/a": "1" });
    execFileSync("sh", ["-c", make], { cwd: join(cwd, "site") });
    assertStringIncludes(messageOf(await deploy(cwd, "first", "site")), "not valid UTF-8");
    assertEquals(list(cwd), ["site"]);
  }
});

// Root reads and writes everything, and Deno cannot become somebody else.
const isSomebody = process.getuid?.() !== 0;
const canBeSomebody = isSomebody || !("Deno" in globalThis);

if (canBeSomebody) {
  test("a file that cannot be read is named, and what was copied is removed", async () => {
    const cwd = folder({ "site/a": "1", "site/b/secret": "2", "site/closed/c": "3" });
    chmodSync(join(cwd, "site/b/secret"), 0);
    chmodSync(join(cwd, "site/closed"), 0o555);
    await asNobody(cwd, async () => {
      const result = await deploy(cwd, "first", "site");
      assertStringIncludes(messageOf(result), `cannot read "b/secret": EACCES`);
      assertEquals(list(cwd, "deployed"), []);

      // What nobody may write to is removed too.
      chmodSync(join(cwd, "site/b/secret"), 0o644);
      writeFiles(cwd, { [`deployed/current.${nameOf("second")}/mine`]: "kept" });
      assertEquals((await deploy(cwd, "second", "site")).status, "FAILED");
      assertEquals(list(cwd, "deployed/releases"), []);
      assertEquals((await deploy(cwd, "third", "site")).status, "APPLIED");
    });
  });
}

/** When a Runner gives up or asks to stop, by a name for the moment, and what is evidence then. */
const MOMENTS: Record<string, (cwd: string, looks: number) => boolean> = {
  reading: (_, looks) => looks > 3, // `execute()` looks at the signal too, before it begins.
  copying: (cwd) => sizeOf(join(cwd, "deployed/releases", nameOf("first"), "large")) > 0,
  "copying, at its very end,": (cwd) =>
    existsSync(join(cwd, `deployed/current.${nameOf("first")}`)),
  proving: (cwd) => existsSync(join(cwd, "deployed/current")),
};

for (const [moment, isNow] of Object.entries(MOMENTS)) {
  const [phase] = moment.split(",");
  const isSwitched = phase === "proving";
  test(`a release that is given up while it is ${moment} says so, and ends`, LONG, async () => {
    const cwd = folder({ "site/a": "1" });
    writeFileSync(join(cwd, "site/large"), new Uint8Array(5_000_000));
    const giveUp = new AbortController();
    const order = "first";
    const abort = () => giveUp.abort(new Error("too late"));
    const result = await deploy(
      cwd,
      order,
      "site",
      when((looks) => isNow(cwd, looks), abort, giveUp),
    );
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const release = `releases/${nameOf(order)}`;
    assertEquals(result.trace.rawError, { release, phase, gaveUp: "too late" });
    if (isSwitched) return;
    await until(() => list(cwd, "deployed/releases").length === 0);
    assert(!existsSync(join(cwd, "deployed/current")));
  });

  const status = isSwitched ? "APPLIED" : "FAILED";
  test(`a release that is asked to stop while it is ${moment} is ${status}`, LONG, async () => {
    const cwd = folder({ "site/a": "1" });
    writeFileSync(join(cwd, "site/large"), new Uint8Array(5_000_000));
    const stop = new AbortController();
    const ports = when((looks) => isNow(cwd, looks), () => stop.abort(new Error("asked to stop")));
    const result = await deploy(cwd, "first", "site", ports, { stop: stop.signal });
    assertEquals(result.status, status);
    assert(stop.signal.aborted);
    if (isSwitched) return;
    assertEquals(messageOf(result), "asked to stop");
    assertEquals(list(cwd, "deployed/releases"), []);
    assert(!existsSync(join(cwd, "deployed/current")));
  });
}

test("a release that is asked to stop before it begins makes nothing", async () => {
  const cwd = folder({ "site/a": "1" });
  const stop = AbortSignal.abort("asked to stop");
  const result = await deploy(cwd, "first", "site", {}, { stop });
  assert(result.status === "FAILED" && result.trace.settlement === "THREW");
  assertEquals([result.trace.rawError, list(cwd)], ["asked to stop", ["site"]]);
});

test("what a killed release has left blocks no order but its own", async () => {
  const cwd = folder({ "site/a": "1", [`deployed/releases/${nameOf("killed")}/half`]: "" });
  symlinkSync(`releases/${nameOf("killed")}`, join(cwd, `deployed/current.${nameOf("killed")}`));
  assertEquals((await deploy(cwd, "killed", "site")).status, "FAILED");
  assertEquals((await deploy(cwd, "first", "site")).status, "APPLIED");
  assertEquals(list(cwd, "deployed/current"), ["a"]);
});

test("the folders of a release are for all to read, as far as the umask goes", async () => {
  const cwd = folder({ "site/a": "1" });
  chmodSync(join(cwd, "site"), 0o700);
  const umask = process.umask(0o022);
  const { status } = await deploy(cwd, "first", "site").finally(() => process.umask(umask));
  assertEquals(status, "APPLIED");
  const folders = ["deployed", "deployed/releases", "deployed/current/."];
  assertEquals(folders.map((path) => statSync(join(cwd, path)).mode & 0o777), [
    0o755,
    0o755,
    0o755,
  ]);
});

test(
  "a target that cannot be made is an error, also below /proc",
  { skip: existsSync("/proc/self") ? false : "there is no /proc", ...LONG },
  async () => {
    const action = releaseSwitch(folder({ "site/a": "1" }), "/proc/none/deployed");
    const order = { orderId: "x", action: { name: "release", input: { site: "site" } } };
    const result = await execute(order, { executionId: "e", runner: "r" }, action);
    assertStringIncludes(messageOf(result), "ENOENT");
  },
);

test("a release goes where it was to go as its action was made, also where the process is elsewhere", async () => {
  const cwd = folder({ "site/a": "1" });
  const elsewhere = folder({ "site/a": "2" });
  const before = process.cwd();
  process.chdir(cwd);
  const action = releaseSwitch(".", "deployed");
  process.chdir(elsewhere);
  const order = { orderId: "x", action: { name: "release", input: { site: "site" } } };
  const result = await execute(order, { executionId: "e", runner: "r" }, action)
    .finally(() => process.chdir(before));
  assertEquals(result.status, "APPLIED");
  assertEquals(readFileSync(join(cwd, "deployed/current/a"), "utf8"), "1");
  assertEquals(list(elsewhere), ["site"]);
});

test("the release action deploys a site that is itself a link", async () => {
  const cwd = folder({ "builds/7/a": "7" });
  symlinkSync("builds/7", join(cwd, "site"));
  assertEquals((await deploy(cwd, "first", "site")).status, "APPLIED");
  assertEquals(readFileSync(join(cwd, "deployed/current/a"), "utf8"), "7");
});

test("the release action does not copy a site into itself", async () => {
  const cwd = folder({ "index.html": "one" });
  assertStringIncludes(messageOf(await deploy(cwd, "first", ".")), "would be in it");
  assertEquals(list(cwd), ["index.html"]);

  // Nor by a link: the next one would hold the one before it.
  const linked = folder({ "site/a": "1", "site/kept/a": "1", "deployed/mine": "" });
  symlinkSync("../site/kept", join(linked, "deployed/releases"));
  assertStringIncludes(messageOf(await deploy(linked, "first", "site")), "would be in it");
  assertEquals(list(linked, "site/kept"), ["a"]);
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
  let looks = 0;
  let switching = true;
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
  options: ReleaseOptions = {},
): Promise<ExecutionResult> {
  const result = await execute(
    { orderId, action: { name: "release", input: { site } } },
    { executionId: "e", runner: "r" },
    releaseSwitch(cwd, join(cwd, "deployed"), options),
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
  controller?: AbortController,
): Ports {
  const release = join(cwd, "deployed/releases", nameOf(orderId));
  return when(() => existsSync(release), happens, controller);
}

/** Ports by which something happens when the release is switched, and is not proven yet. */
function asItIsSwitched(cwd: string, orderId: string, happens: () => void): Ports {
  const current = join(cwd, "deployed/current");
  return when(() => {
    return existsSync(current) && readlinkSync(current) === `releases/${nameOf(orderId)}`;
  }, happens);
}

/** Ports by which something happens once it is so: an action looks at its signal again and again. */
function when(
  isSo: (looks: number) => boolean,
  happens: () => void,
  { signal }: AbortController = new AbortController(),
): Ports {
  let isDone = false;
  let looks = 0;
  const throwIfAborted = signal.throwIfAborted.bind(signal);
  signal.throwIfAborted = () => {
    if (!isDone && isSo(++looks)) {
      isDone = true;
      happens();
    }
    throwIfAborted();
  };
  return { signal };
}

function pipe(path: string): void {
  execFileSync("mkfifo", [path]);
}

/** Does something as a user who owns a folder and may not do everything. */
async function asNobody(cwd: string, work: () => Promise<void>): Promise<void> {
  if (isSomebody) return await work();
  execFileSync("chown", ["-R", "65534", cwd]);
  chmodSync(dirname(cwd), 0o755);
  chmodSync(dirname(dirname(cwd)), 0o755);
  process.seteuid?.(65534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

function messageOf({ status, trace }: ExecutionResult): string {
  assert(status === "FAILED" && trace.settlement === "THREW", JSON.stringify(trace));
  return (trace.rawError as { message: string }).message;
}

/** The permissions of every file and folder in a folder. */
function modesIn(folder: string): Record<string, number> {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const all = names.map((name) => [name, lstatSync(join(folder, name))] as const);
  return Object.fromEntries(
    all.filter(([, found]) => !found.isSymbolicLink())
      .map(([name, { mode }]) => [name, mode & 0o777] as [string, number])
      .sort(([one], [other]) => one < other ? -1 : 1),
  );
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function nameOf(orderId: string): string {
  return sha256(orderId).slice(0, 16);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
