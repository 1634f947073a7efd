/**
 * The laws in a page of headless Chromium: `npm run test:browser`. The page may load nothing but
 * the bundle, from the loopback, and may make no code from strings.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { bundle } from "./bundle.ts";
import { judge, type Report } from "./report.ts";

const LONGEST_MS = 600_000;
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const HEADERS = {
  // Alone in its group of pages: only such a page has SharedArrayBuffer.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'";
const PAGE = `<!doctype html><meta charset="utf-8"><title>Laws</title>
<body><script src="/start.js"></script></body>`;
/** Tells when the bundle itself fails, and starts it once the other realm is there. */
const START = `
addEventListener("error", ({ message, filename, lineno }) =>
  fetch("/error", { method: "POST", body: message + " " + filename + ":" + lineno }));
const realm = document.createElement("iframe");
realm.src = "/realm.html";
realm.onload = () => document.body.append(
  Object.assign(document.createElement("script"), { src: "/laws.js", type: "module" }));
document.body.append(realm);
`;

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

const report = await new Promise<Report>((resolve, reject) => {
  const profile = `--user-data-dir=${join(folder, "profile")}`;
  const chromium = spawn("chromium", [...FLAGS, profile, `http://127.0.0.1:${port}/`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  chromium.stderr.setEncoding("utf8").on("data", (part) => said += part);
  const fail = (why: string) => end(() => reject(new Error(`${why}\n${said.slice(-2000)}`)));
  chromium.on("error", () => fail("cannot start chromium: apt-get install chromium"));
  chromium.on("exit", (code) => fail(`chromium ended with ${code} before the tests did`));
  const timer = setTimeout(() => fail(`no report in time; running: ${running}`), LONGEST_MS);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => fail(signal));
  failed = fail;
  reported = (json) => end(() => resolve(JSON.parse(json)));

  function end(settle: () => void): void {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
    chromium.removeAllListeners("exit");
    if (chromium.pid === undefined || chromium.exitCode !== null) return settle();
    chromium.on("close", settle); // The last of its many processes has let go of stderr.
    chromium.kill();
  }
});
rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });

judge("a page of Chromium", report, ["code from strings"]);

function answer(url: string, response: ServerResponse): void {
  switch (url) {
    case "/":
      response.writeHead(200, {
        ...HEADERS,
        "content-type": "text/html",
        "content-security-policy": POLICY,
      });
      return void response.end(PAGE);
    case "/realm.html": // Another realm, in which the tests may make code: it has no such policy.
      response.writeHead(200, { ...HEADERS, "content-type": "text/html" });
      return void response.end("<!doctype html>");
    case "/start.js":
    case "/laws.js":
      response.writeHead(200, { ...HEADERS, "content-type": "text/javascript" });
      return void response.end(url === "/start.js" ? START : readFileSync(file));
  }
  response.writeHead(404).end();
}
