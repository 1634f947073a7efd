/** The page as servers send it that forbid a part of it, or all, by their own policies. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { Browser } from "puppeteer-core";
import { assert, assertEquals } from "@std/assert";
import * as browsers from "./start.ts";

const report = readFileSync(browsers.fileOf(browsers.REPORT), "utf8");
const [allowed] = /script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/.exec(report)!;

/** Policies as servers of artifacts send them, and whether the page can start below each. */
const POLICIES: readonly (readonly [policy: string, starts: boolean])[] = [
  ["default-src 'self'", false],
  ["script-src 'none'", false],
  ["sandbox", false],
  // Jenkins' own for artifacts.
  ["sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';", false],
  // GitHub's for raw files.
  ["default-src 'none'; style-src 'unsafe-inline'; sandbox", false],
  ["style-src 'self'", false],
  ["", true],
  ["sandbox allow-scripts", true],
  [`default-src 'self'; ${allowed}; img-src data:`, true],
];

const server = createServer((request, response) => {
  const [policy] = POLICIES[Number(request.url!.slice(1))]!;
  const headers = { "content-type": "text/html; charset=utf-8" };
  response.writeHead(200, {
    ...headers,
    ...policy !== "" && { "content-security-policy": policy },
  }).end(report);
});
before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => {
  server.close();
  server.closeAllConnections();
});

for (const name of browsers.NAMES) {
  let browser: Browser;
  before(async () => browser = await browsers.start(name), { timeout: 120_000 });
  after(async () => await browser.close());

  for (const [index, [policy, starts]] of POLICIES.entries()) {
    const below = `below the policy "${policy.replaceAll(/sha256-[^']+/g, "…")}"`;
    const does = starts ? "starts" : "says why it does not";
    test(`${name}: ${below}, the page ${does}`, async () => {
      const { port } = server.address() as AddressInfo;
      const { page } = await browsers.open(browser, `http://127.0.0.1:${port}/${index}`);
      const said = await page.$eval("body", (body) => (body as HTMLElement).innerText);
      if (starts) assert(said.includes("See what happened"), said);
      else {
        const parts = [
          "could not start",
          "switched off",
          "Content-Security-Policy",
          "from the disk",
        ];
        for (const part of [...parts, allowed!, "allow-scripts"]) {
          assert(said.includes(part), `${part} is not in: ${said}`);
        }
      }
      assertEquals(said.includes("could not start"), !starts);
      await page.close();
    });
  }

  if (name === "Firefox") continue; // Its driver cannot switch JavaScript off.
  test(`${name}: where JavaScript is switched off, the page says so`, async () => {
    const page = await browser.newPage();
    await page.setJavaScriptEnabled(false);
    await page.goto(browsers.REPORT);
    const said = await page.$eval("body", (body) => (body as HTMLElement).innerText);
    assert(said.includes("JavaScript is switched off in this browser"), said);
    await page.close();
  });
}
