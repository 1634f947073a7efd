/** The last part of the bundle: runs what the test files before it registered, and reports. */
import type { Report } from "./report.ts";
import { registered } from "./shims/test.ts";
import { NO_REALM, runInNewContext } from "./shims/vm.ts";

/** A test that is left out, everywhere where `where` is refused. */
interface Exception {
  beginning: string;
  where: string;
  because: string;
}

/** What a place refuses, and how that is found out: by trying. */
const TRIALS: Record<string, () => unknown> = {
  "code from strings": () => new Function("return 1")(),
  "changes of intrinsics": () => Object.assign(Array.prototype, { at: Array.prototype.at }),
  "files": () => platform.Deno?.readTextFileSync("deno.json"),
  "the environment": () => platform.Deno?.env.get("HOME"),
  "another realm": () => runInNewContext("1"),
};

const inBrowser = "document" in globalThis || "WorkerLocation" in globalThis;
const inWorkerd = globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Tests that must fail in a place: known limits of what is no supported runtime. */
const OTHERWISE: Record<string, string> = inBrowser
  ? {
    "execute() hears unproven(evidence) from the action's own listener: a timeout (law 4)":
      "the platform's own timer aborts: all microtasks run before the next listener is called",
  }
  : inWorkerd
  ? {
    "the classes of the platform that say themselves by toJSON() do so":
      "it has no performance.mark()",
    "the laws hold for 2000 executions of any kind, many at the same time":
      "its own controller.abort() throws at a reason that cannot be read",
  }
  : {};

/** To the server of the page, or on a line of the output. */
const tell = async (path: string, body: string) =>
  inBrowser ? void await fetch(path, { method: "POST", body }) : console.log(body);

const platform = globalThis as {
  Deno?: { readTextFileSync(file: string): string; env: { get(name: string): string } };
};

/** Tests that cannot be where something is refused, by the beginning of their names. */
const LEFT_OUT: Exception[] = [
  {
    beginning: "the module runs in Deno without any permission",
    where: "",
    because: "it starts a process; this whole bundle runs in Deno without any permission",
  },
  ...["execute() makes no sound", "the test of silence", "execute() reads the system's clocks"]
    .map((beginning) => ({
      beginning,
      where: "changes of intrinsics",
      because: "it puts spies in the place of what is frozen",
    })),
  {
    beginning: "execute() says that the platform has no",
    where: "changes of intrinsics",
    because: "it takes builtins away",
  },
  {
    beginning: "getters, proxies, cycles and errors are recorded soundly",
    where: "changes of intrinsics",
    because: "it sets Error.stackTraceLimit",
  },
  {
    beginning: "keys that a prototype refuses or catches are data too",
    where: "changes of intrinsics",
    because: "it defines properties of Object.prototype",
  },
  {
    beginning: "a polluted prototype makes nothing else of plain objects and of errors",
    where: "changes of intrinsics",
    because: "it sets the constructors of Object.prototype and Error.prototype",
  },
  {
    beginning: "a spent budget reads no more",
    where: "changes of intrinsics",
    because: "it counts what iterators are asked, by a method put in the place of a frozen one",
  },
];

const refuses = Object.keys(TRIALS).filter((what) => {
  try {
    TRIALS[what]?.();
    return false;
  } catch {
    return true;
  }
});
const report: Report = { refuses, passed: 0, failed: [], leftOut: [], said: [] };
const unused = new Set(LEFT_OUT);

for (const { name, body } of registered) {
  const out = LEFT_OUT.find(({ beginning }) => name.startsWith(beginning));
  if (out) unused.delete(out);
  if (out && (out.where === "" || refuses.includes(out.where))) {
    report.leftOut.push({ name, because: out.because });
    continue;
  }
  await tell("/running", name);
  const error = await run(body);
  const otherwise = OTHERWISE[name];
  if (refuses.includes("another realm") && error?.includes(NO_REALM)) {
    report.leftOut.push({ name, because: "it asks for another realm" });
  } else if (otherwise && error) report.leftOut.push({ name, because: otherwise });
  else if (otherwise) report.failed.push({ name, error: "it holds here now" });
  else if (error) report.failed.push({ name, error });
  else report.passed++;
}
for (const { beginning } of unused) {
  report.failed.push({ name: beginning, error: "it is to be left out, but there is no such test" });
}

await tell("/report", JSON.stringify(report));

/** Runs one test, and returns its error if it has one. */
async function run(body: (typeof registered)[0]["body"]): Promise<string | undefined> {
  try {
    await body({ diagnostic: (message) => report.said.push(message) });
    return undefined;
  } catch (error) {
    const { message, stack, cause } = error as Error;
    return [message, stack, (cause as Error | undefined)?.stack ?? ""].join("\n");
  }
}
