import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../../runner/ledgers/ledger.ts";
import { reportOf } from "../../../runner/report.ts";
import { wrongDocuments } from "../../../tests/contracts/wrong.ts";
import { EVERYTHING, toFragment } from "../../query.ts";
import { entries } from "../../bench/results.ts";
import { lost, resultOf } from "../results.ts";
import * as browsers from "./start.ts";

const ORDERS = 1000;
const all = await listOf(entries(ORDERS));
const ndjson = all.map((entry) => JSON.stringify(entry)).join("\n");
const unknown = all.filter(({ status }) => status === "UNKNOWN");
const files = browsers.folder();
const file = files.path("ledger.ndjson");
writeFileSync(file, ndjson);
const embedded = files.path("report.html");
const empty = readFileSync(browsers.fileOf(browsers.REPORT), "utf8");
const parts = reportOf(empty, entries(ORDERS) as AsyncIterable<Entry>);
writeFileSync(embedded, (await listOf(parts)).map(({ text }) => text).join(""));

/** A whole page would be too much to read. */
function includes(text: string, part: string, where = "the page"): void {
  assert(text.includes(part), `${where} does not say: ${part}`);
}

async function listOf<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

after(() => files.remove());

/** How many of each status the page says there are. */
async function counts(page: Page): Promise<string[]> {
  return await page.$$eval(
    "button.status",
    (buttons) => buttons.map((button) => button.textContent ?? ""),
  );
}

const EXPECTED = ["UNKNOWN", "FAILED", "APPLIED"].map((name) =>
  `${all.filter(({ status }) => status === name).length}${name}`
);

for (const name of browsers.NAMES) {
  let browser: Browser;
  before(async () => browser = await browsers.start(name), { timeout: 120_000 });
  after(async () => await browser.close());

  /** Opens the report, uses it, and has it do nothing that it must not do. */
  const inPage = async (use: (page: Page) => Promise<void>, address?: string) => {
    const opened = await browsers.open(browser, address);
    try {
      await use(opened.page);
      assertEquals(await browsers.wrongsOf(opened), []);
    } finally {
      await opened.page.close();
    }
  };

  test(`${name}: results that are chosen, dropped, pasted, typed and embedded are shown alike`, async () => {
    await inPage(async (page) => {
      await browsers.choose(page, [file]);
      assertEquals(await counts(page), EXPECTED);
    });
    await inPage(async (page) => {
      await browsers.drop(page, name, [file]);
      assertEquals(await counts(page), EXPECTED);
    });
    await inPage(async (page) => {
      await browsers.paste(page, ndjson);
      assertEquals(await counts(page), EXPECTED);
    });
    await inPage(async (page) => {
      await page.type("textarea", JSON.stringify(all[0]));
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await browsers.read(page);
      assertEquals((await browsers.rows(page)).length, 1);
    });
    await inPage(async (page) => {
      await browsers.read(page);
      assertEquals(await counts(page), EXPECTED);
      includes(await page.$eval(".source", (text) => text.textContent ?? ""), "as of");
    }, pathToFileURL(embedded).href);
  });

  test(`${name}: from a static server, the page asks for nothing but itself`, async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      response.writeHead(200, { "content-type": "text/html" }).end(readFileSync(embedded));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await inPage(async (page) => {
        await browsers.read(page);
        assertEquals(await counts(page), EXPECTED);
      }, `http://127.0.0.1:${port}/report.html`);
      assertEquals(asked, ["/report.html"]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test(`${name}: the three UNKNOWN among all are found, opened, and say what they do not say`, async () => {
    await inPage(async (page) => {
      await browsers.choose(page, [file]);
      await page.click("button.status.UNKNOWN");
      await browsers.settled(page);
      const found = await browsers.rows(page);
      assertEquals(found.length, 3);
      for (const [index, row] of found.entries()) {
        includes(row, unknown.at(-1 - index)!.fact.orderId);
      }
      await page.click(
        `.rows .row:nth-child(${found.findIndex((row) => row.includes("no result")) + 1})`,
      );
      await browsers.settled(page);
      const lost = all.find(({ recovered }) => recovered)!;
      const text = await page.$eval("main", (main) => main.innerText);
      for (
        const part of [
          ...["UNKNOWN", lost.fact.orderId, "its Runner was gone", "not “still running”"],
          `Closed on ${lost.recovered!.at.replace("T", " ").replace("Z", " UTC")}`,
          ...["PROOF_ABSENT", "+1 min 35 s", "not who closed it"],
        ]
      ) includes(text, part);
    });
  });

  test(`${name}: an address that is sent with the file leads to the same list and the same result`, async () => {
    const report = pathToFileURL(embedded).href;
    let address = "";
    await inPage(async (page) => {
      await browsers.read(page);
      await page.click("button.status.FAILED");
      await page.select("select", "THREW");
      await browsers.settled(page);
      await page.click(".rows .row");
      await browsers.settled(page);
      address = page.url();
      await page.goBack();
      await browsers.settled(page);
      assertEquals(await page.$$eval(".rows .row", (rows) => rows.length > 0), true);
    }, report);
    await inPage(async (page) => {
      await browsers.read(page);
      assertEquals(await page.$eval(".badge b", (badge) => badge.textContent), "FAILED");
      await page.keyboard.press("Escape");
      await browsers.settled(page);
      const failed = all.filter(({ status }) => status === "FAILED").length;
      includes(
        await page.$eval(".shown", (text) => text.textContent ?? ""),
        `${failed} of`,
      );
    }, address);
  });

  test(`${name}: a link to an order alone opens it, and the browser goes back and forth`, async () => {
    const report = pathToFileURL(embedded).href;
    const title = async (page: Page, text: string) =>
      await page.waitForFunction(
        (text) => document.querySelector("h1")?.textContent === text,
        {},
        text,
      );
    const first = all[0]!.fact.orderId;
    const last = all.at(-1)!.fact.orderId;
    await inPage(async (page) => { // The last of what the page reads.
      await title(page, last);
      await page.evaluate((id) => void (location.hash = `order=${id}`), first);
      await title(page, first);
      await page.goBack();
      await title(page, last);
      await page.goForward();
      await title(page, first);
      await page.keyboard.press("Escape");
      await title(page, "Executions");
      await page.goBack();
      await title(page, first);
    }, `${report}#order=${last}`);
    for (const orderId of ["a b+c", "100%", "é/日本語?👩&=#x", '"<>`'.padEnd(256, "^")]) {
      const result = JSON.stringify(await resultOf({ orderId }, () => 1));
      await inPage(async (page) => {
        await browsers.paste(page, result);
        await title(page, orderId);
        includes(await page.$eval(".identity", (card) => card.textContent ?? ""), "execution of");
      }, `${browsers.REPORT}#order=${encodeURIComponent(orderId)}`);
    }
  });

  test(`${name}: words are found wherever each of them is, a phrase as it is`, async () => {
    await inPage(async (page) => {
      await browsers.choose(page, [file]);
      const found = async (text: string) => {
        await page.click("input[type=search]", { count: 3 });
        await page.keyboard.type(text);
        await browsers.settled(page);
        return (await browsers.rows(page)).length;
      };
      assertEquals(await found("RESET connection was"), 1);
      assertEquals(await found('"connection was reset"'), 1);
      assertEquals(await found('"RESET connection"'), 0);
      includes(await page.$eval(".list", (list) => list.textContent ?? ""), "No executions match.");
    });
  });

  test(`${name}: nothing looks chosen until it is, and the keys work wherever the focus is`, async () => {
    await inPage(async (page) => {
      await browsers.choose(page, [file]);
      const chosen = () =>
        page.$$eval(
          ".rows .row",
          (rows) =>
            rows.flatMap((row, index) =>
              row.ariaSelected === "true" || row.classList.contains("active") ? [index] : []
            ),
        );
      const focus = () => page.evaluate(() => document.activeElement!.className);
      assertEquals(await chosen(), []);
      for (const [key, index] of [["ArrowDown", 0], ["j", 1], ["j", 2], ["k", 1]] as const) {
        await page.keyboard.press(key);
        await browsers.settled(page);
        assertEquals(await chosen(), [index], key);
      }
      includes(await focus(), "list");
      await page.keyboard.press("/");
      const search = () =>
        page.evaluate(() => {
          const { type, value } = document.activeElement as HTMLInputElement;
          return type === "search" ? value : undefined;
        });
      assertEquals(await search(), "");
      await page.keyboard.type("j/k");
      await browsers.settled(page);
      assertEquals(await search(), "j/k");
      await page.keyboard.press("Escape");
      assertEquals(await search(), undefined);
      assertEquals(await page.$eval("input[type=search]", ({ value }) => value), "j/k");
      assertEquals(await chosen(), []);
      await page.click(".shown button");
      await page.click("button.status.FAILED");
      await browsers.settled(page);
      await page.keyboard.press("ArrowDown"); // The focus is on the button.
      const order = await page.$eval(".row.active .orderId", (cell) => cell.textContent);
      await page.keyboard.press("Enter");
      await page.waitForSelector(".detail");
      assertEquals(await page.$eval("h1", (title) => title.textContent), order);
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press("Escape");
      await page.waitForSelector(".row.active");
      assertEquals(await page.$eval(".row.active .orderId", (cell) => cell.textContent), order);
    });
  });

  test(`${name}: the reason is in the list, and first on the order's page; the verdict is last`, async () => {
    const refused = new AggregateError([new Error("refused by ::1"), new Error("refused by a")]);
    const failed = await resultOf({ orderId: "failed" }, () => {
      throw new Error("POST http://a/: ", { cause: refused });
    });
    const cut = await resultOf({ orderId: "cut" }, () => "x".repeat(70_000));
    const [text, wrong] = [failed, { ...failed, orderId: "wrong" }].map((it) => JSON.stringify(it));
    const reason = "POST http://a/: refused by ::1; refused by a";
    await inPage(async (page) => {
      await browsers.paste(page, `${text}\n${wrong}\n${JSON.stringify(cut)}`);
      const rows = await browsers.rows(page);
      includes(rows.find((row) => row.includes("failed"))!, reason);
      assertEquals(rows.find((row) => row.includes("cut"))!.split(" | ").length, 6);
      const open = async (orderId: string) => {
        await page.evaluate((id) => void (location.hash = `order=${id}`), orderId);
        await page.waitForFunction(
          (id) => document.querySelector("h1")?.textContent === id,
          {},
          orderId,
        );
        return await page.$eval("main", (main) => main.innerText.split(/\n+/));
      };
      const lines = await open("failed");
      assertEquals(lines[lines.indexOf("failed") + 1], reason);
      assert(lines.indexOf("The action threw") < lines.indexOf("What this says"));
      includes(lines.at(-1)!, "The contract accepts this result");
      includes(lines.join("\n"), "Nothing was cut. 4 values that JSON has no form for");
      assertEquals(await page.$$eval(".missing", (all) => all.length), 0);
      const loud = await open("wrong");
      assert(loud.includes("✗ The contract refuses it"));
      assert(loud.indexOf("✗ The contract refuses it") < loud.indexOf("The action threw"));
      assert(!loud.join().includes("The contract accepts"));
      includes((await open("cut")).join("\n"), "Not complete: 1 value was cut by a limit.");
      assertEquals(await page.$$eval(".missing", (all) => all.length), 1);
    });
  });

  test(`${name}: the verdict names the field in ten wrong results, and marks it in the tree`, async () => {
    const wrong = await wrongResults();
    assertEquals(wrong.length, 10);
    await inPage(async (page) => {
      await browsers.paste(page, wrong.map(({ json }) => json).join("\n"));
      includes((await counts(page)).join(), "10refused by the contract");
      for (const { title, orderId, executionId, says, marked } of wrong) {
        const fragment = toFragment({ ...EVERYTHING, open: { orderId, executionId } });
        await page.evaluate((fragment) => void (location.hash = fragment), fragment);
        await page.waitForFunction(
          (id) => document.querySelector("h1")?.textContent === id,
          {},
          orderId,
        );
        const verdict = await page.$eval(".verdict", (card) => card.textContent ?? "");
        includes(verdict, says, title);
        const marks = await page.$$eval(
          ".fold .tree .wrong",
          (all) => all.map((one) => one.textContent),
        );
        assert(marks.some((mark) => mark?.includes(marked)), `${title}: ${marks.join(" / ")}`);
      }
    });
  });

  test(`${name}: everything is done by keyboard: choose a status, walk the list, open, come back`, async () => {
    await inPage(async (page) => {
      await browsers.choose(page, [file]);
      const tabTo = async (selector: string) => {
        for (let tabs = 0; tabs < 30; tabs++) {
          await page.keyboard.press("Tab");
          if (
            await page.evaluate((selector) => document.activeElement!.matches(selector), selector)
          ) {
            return;
          }
        }
        throw new Error(`no Tab leads to ${selector}`);
      };
      await page.focus("body");
      await tabTo("button.status.UNKNOWN");
      await page.keyboard.press("Enter");
      await browsers.settled(page);
      await tabTo("input[type=search]");
      await page.keyboard.type("WAS RESET");
      await browsers.settled(page);
      assertEquals((await browsers.rows(page)).length, 1);
      for (let letter = 0; letter < 9; letter++) await page.keyboard.press("Backspace");
      await browsers.settled(page);
      await tabTo(".list");
      await page.keyboard.press("End");
      await page.keyboard.press("ArrowUp");
      await browsers.settled(page);
      const active = await page.$eval(".row.active .orderId", (cell) => cell.textContent);
      assertEquals(active, unknown[1]!.fact.orderId);
      await page.keyboard.press("Enter");
      await browsers.settled(page);
      assertEquals(await page.$eval("h1", (title) => title.textContent), active);
      await page.keyboard.press("Escape");
      await browsers.settled(page);
      assertEquals(await page.$eval(".row.active .orderId", (cell) => cell.textContent), active);
      assertEquals(
        await page.evaluate(() => document.activeElement!.className.includes("list")),
        true,
      );
    });
  });

  test(`${name}: in the plot, a click opens the mark that is near, a drag asks for its time`, async () => {
    await inPage(async (page) => {
      await browsers.choose(page, [file]);
      const at = (status: string) =>
        page.$eval(`.mark.${status}`, (path) => {
          const [, x, y] = /^M([\d.]+) ([\d.]+)/.exec(path.getAttribute("d")!)!;
          const { left, top } = path.closest("svg")!.getBoundingClientRect();
          return [left + Number(x), top + Number(y) + 6] as const; // A diamond begins at its top.
        });
      const [x, y] = await at("UNKNOWN");
      await page.mouse.move(x - 30, y);
      await page.mouse.down();
      await page.mouse.move(x + 30, y, { steps: 3 });
      await page.mouse.up();
      await browsers.settled(page);
      const shown = await page.$eval(".shown", (text) => parseInt(text.textContent!));
      assert(shown > 0 && shown < ORDERS / 10, `${shown} shown`);
      includes(page.url(), "from=2026-01-3");
      await page.mouse.click(...await at("UNKNOWN"));
      await page.waitForSelector(".detail .badge");
      assertEquals(await page.$eval(".badge b", (badge) => badge.textContent), "UNKNOWN");
    });
  });

  test(`${name}: an order that is read twice is told to be, and one without an end to be open`, async () => {
    const result = JSON.stringify(await resultOf({ orderId: "twice" }, () => 1));
    const other = result.replaceAll("execution of", "another of");
    await inPage(async (page) => {
      await browsers.paste(page, `${result}\n${other}\n${JSON.stringify(lost("open").consumed)}`);
      includes((await counts(page)).join(), "1OPEN");
      await page.click(".rows .row");
      await page.waitForSelector(".warning");
      includes(
        await page.$eval(".warning", (card) => (card as HTMLElement).innerText),
        "another of twice",
      );
      await page.keyboard.press("Escape");
      await browsers.settled(page);
      await page.click("button.status.OPEN");
      await browsers.settled(page);
      await page.click(".rows .row");
      await page.waitForSelector(".detail .badge");
      includes(
        await page.$eval(".says", (card) => (card as HTMLElement).innerText),
        "if it is gone, the order is UNKNOWN",
      );
    });
  });

  test(`${name}: what cannot be read is listed with file, line and reason, and the rest is shown`, async () => {
    const broken = files.path("broken.ndjson");
    const lines = ndjson.split("\n");
    writeFileSync(
      broken,
      [...lines.slice(0, 5), lines[5]!.slice(0, 90), "hello", ...lines.slice(6, 9)].join("\n"),
    );
    await inPage(async (page) => {
      await browsers.choose(page, [broken]);
      assertEquals((await browsers.rows(page)).length, 8);
      await page.click(".refusals summary");
      const told = await page.$$eval(
        ".refusals li",
        (items) => items.map((item) => item.textContent),
      );
      assertEquals(told, [
        "broken.ndjson, line 6: a text in it does not end on its line",
        'broken.ndjson, line 7: no JSON object begins here: "hello"',
      ]);
    });
  });

  test(`${name}: a file of which nothing can be read says why at once`, async () => {
    await inPage(async (page) => {
      await browsers.paste(page, "hello\n<b>world</b>");
      includes(await page.$eval(".refusals", (box) => (box as HTMLElement).innerText), "line 2");
      includes(
        await page.$eval(".list", (list) => (list as HTMLElement).innerText),
        "No executions match.",
      );
    });
  });

  test(`${name}: what was recorded is drawn as what it is, cycles lead to their ancestor, the JSON is there to copy`, async () => {
    const node: Record<string, unknown> = { bytes: new Uint8Array([1, 2, 255]), many: 12n };
    node.self = { deep: [node] };
    const result = await resultOf({ orderId: "tags", input: "x".repeat(5000) }, () => {
      throw Object.assign(new TypeError("outer", { cause: new Error("inner") }), { node });
    });
    await inPage(async (page) => {
      await browsers.paste(page, JSON.stringify(result, null, 1));
      await page.click(".rows .row");
      await browsers.settled(page);
      const text = () => page.$eval("main", (main) => main.innerText);
      for (
        const part of ["TypeError: outer", "caused by", "Error: inner", "all 5,000 characters"]
      ) {
        includes(await text(), part);
      }
      const open = async (label: string) => {
        const summaries = await page.$$(".tree summary");
        for (const summary of summaries) {
          const said = await summary.evaluate((element) => element.innerText);
          if (!said.startsWith(label)) continue;
          await summary.click();
          return await browsers.settled(page);
        }
        throw new Error(`no ${label}`);
      };
      await open("self");
      await open("deep");
      includes(await text(), "01 02 ff");
      includes(await text(), "12n");
      await page.click(".ancestor");
      includes(
        await page.evaluate(() => document.activeElement!.textContent ?? ""),
        "node",
      );
      const summaries = await page.$$(".fold > details > summary");
      await summaries.at(-1)!.click();
      await page.waitForSelector(".fold pre");
      const json = await page.$eval(".fold pre", (pre) => pre.textContent);
      assertEquals(json, JSON.stringify(result, null, 1));
    });
  });
}

interface Wrong {
  title: string;
  json: string;
  orderId: string;
  executionId: string;
  /** A part of the verdict. */
  says: string;
  /** A part of what is marked. */
  marked: string;
}

/** The nine mistakes that people make in a result, and one that no schema can say. */
async function wrongResults(): Promise<Wrong[]> {
  const result = JSON.parse(JSON.stringify(await resultOf({ orderId: "x" }, () => 1)));
  result.trace.durationMs += 2;
  const beyond = { name: "times that do not add up", document: result, ajv: "/trace/endedAt must" };
  const schema = wrongDocuments.filter(({ contract }) => contract === "execution-result");
  return [...schema, beyond].map(({ name, document, ajv }, index) => {
    const own = `wrong ${index}`;
    // deno-lint-ignore no-explicit-any -- what is broken has no type
    const copy = structuredClone(document) as any;
    if (String(copy.orderId).length < 257) copy.orderId = own;
    copy.executionId = own;
    for (const holder of [...copy.facts, copy.trace, copy.trace.context]) {
      if (holder.orderId !== undefined) holder.orderId = copy.orderId;
      holder.executionId = own;
    }
    delete copy.trace.executionId;
    const missing = /(\S*) must have required property '(.*)'/.exec(ajv);
    const says = missing ? `${missing[1]}/${missing[2]}` : ajv.split(" ")[0]!;
    return {
      title: name,
      json: JSON.stringify(copy),
      orderId: copy.orderId,
      says,
      executionId: own,
      marked: says.slice(says.lastIndexOf("/") + 1),
    };
  });
}
