/**
 * The laws in headless Chromium and Firefox, in a page and in a worker of each: `npm run
 * test:browser`. A page may load nothing but the bundle, from the loopback, and may make no code from
 * strings.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { CHROMIUM_ARGUMENTS, FIREFOX_PREFERENCES } from "../support/browsers.ts";
import { bundle } from "./bundle.ts";
import { judge, type Report } from "./report.ts";

const LONGEST_MS = 600_000;

/** Debian's browsers, started with a profile of their own and one address. */
const BROWSERS: Record<string, (profile: string) => [command: string, ...args: string[]]> = {
  Chromium: (profile) => [
    "chromium",
    "--headless",
    ...CHROMIUM_ARGUMENTS,
    `--user-data-dir=${profile}`,
  ],
  Firefox: (profile) => {
    mkdirSync(profile);
    writeFileSync(
      join(profile, "user.js"),
      Object.entries(FIREFOX_PREFERENCES).map(([name, value]) =>
        `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
      ).join(""),
    );
    return ["firefox-esr", "--headless", "--no-remote", "--profile", profile];
  },
};

const HEADERS = {
  // Alone in its group of pages: only such a page has SharedArrayBuffer.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'; " +
  "worker-src 'self'";
const ERRORS = `
addEventListener("error", ({ message, filename, lineno }) =>
  fetch("/error", { method: "POST", body: message + " " + filename + ":" + lineno }));
`;
/** Each tells when the bundle itself fails. A page starts it once the other realm is there. */
const STARTS: Record<string, string> = {
  page: `${ERRORS}
const realm = document.createElement("iframe");
realm.src = "/realm.html";
realm.onload = () => document.body.append(
  Object.assign(document.createElement("script"), { src: "/laws.js", type: "module" }));
document.body.append(realm);
`,
  worker: `${ERRORS}
new Worker("/laws.js", { type: "module" }).onerror = (event) =>
  fetch("/error", { method: "POST", body: "worker: " + event.message });
`,
};

const folder = mkdtempSync(join(tmpdir(), "deployer-browser-"));
const file = join(folder, "laws.js");
await bundle(file);

let reported = (_json: string): void => {};
let failed = (_why: string): void => {};
let running = "nothing yet";
const server = createServer((request, response) => {
  if (request.method !== "POST") return answer(request.url ?? "", response);
  let body = "";
  request.setEncoding("utf8").on("data", (part) => body += part).on("end", () => {
    response.end();
    if (request.url === "/running") running = body;
    else if (request.url === "/report") reported(body);
    else failed(body);
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;

try {
  for (const [name, start] of Object.entries(BROWSERS)) {
    for (const place of Object.keys(STARTS)) {
      const profile = join(folder, `${name}-${place}`);
      const report = await run(start(profile), `http://127.0.0.1:${port}/${place}.html`);
      judge(`a ${place} of ${name}`, report, ["code from strings"]);
    }
  }
} finally {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** What the laws report from one address in one browser. */
function run([command, ...args]: [string, ...string[]], address: string): Promise<Report> {
  running = "nothing yet";
  return new Promise<Report>((resolve, reject) => {
    const browser = spawn(command, [...args, address], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    browser.stderr.setEncoding("utf8").on("data", (part) => said += part);
    const fail = (why: string) =>
      end(() => reject(new Error(`${address}: ${why}\n${said.slice(-2000)}`)));
    browser.on("error", () => fail(`cannot start ${command}: apt-get install ${command}`));
    browser.on("exit", (code) => fail(`${command} ended with ${code} before the tests did`));
    const timer = setTimeout(() => fail(`no report in time; running: ${running}`), LONGEST_MS);
    const interrupted = (signal: string) => fail(signal);
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, interrupted);
    failed = fail;
    reported = (json) => end(() => resolve(JSON.parse(json)));

    function end(settle: () => void): void {
      clearTimeout(timer);
      for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, interrupted);
      browser.removeAllListeners("exit");
      if (browser.pid === undefined || browser.exitCode !== null) return settle();
      browser.on("close", settle); // The last of its many processes has let go of stderr.
      browser.kill();
    }
  });
}

function answer(url: string, response: ServerResponse): void {
  const [, name = "", type = ""] = /^\/(\w+)\.(\w+)$/.exec(url) ?? [];
  const policy = { ...HEADERS, "content-security-policy": POLICY };
  if (type === "html" && name in STARTS) {
    response.writeHead(200, { ...policy, "content-type": "text/html" });
    response.end(`<!doctype html><meta charset="utf-8"><title>Laws</title>
<body><script src="/${name}.js"></script></body>`);
  } else if (url === "/realm.html") {
    // Another realm, in which the tests may make code: it has no such policy.
    response.writeHead(200, { ...HEADERS, "content-type": "text/html" });
    response.end("<!doctype html>");
  } else if (type === "js" && (name in STARTS || name === "laws")) {
    response.writeHead(200, { ...policy, "content-type": "text/javascript" });
    response.end(STARTS[name] ?? readFileSync(file));
  } else {
    response.writeHead(404).end();
  }
}
