/**
 * Measures how the cost of an execution grows, in the three runtimes, and draws it: writes
 * `docs/performance/growth.json` and `growth.svg`. With `--draw`, draws the data that is there.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dot, line, plot, type PlotOptions, text } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Point } from "./growth_bench.ts";
import { bundled, DENO, outputOf, RUNTIMES, version } from "./runtimes.ts";

interface Data {
  /** What was measured under, such as "Node 20.20.2". */
  readonly runtimes: readonly string[];
  readonly points: readonly Point[];
}

const folder = new URL("../../docs/performance/", import.meta.url);
const data = process.argv.includes("--draw")
  ? JSON.parse(readFileSync(new URL("growth.json", folder), "utf8")) as Data
  : await measured();
writeFileSync(new URL("growth.json", folder), `${JSON.stringify(data, undefined, 2)}\n`);
writeFileSync(new URL("growth.svg", folder), drawn(data));
spawnSync(DENO, ["fmt", "--quiet", fileURLToPath(folder)]);
console.log(`Wrote ${fileURLToPath(new URL("growth.svg", folder)).split("/").slice(-3).join("/")}`);

async function measured(): Promise<Data> {
  const runtimes = Object.keys(RUNTIMES);
  const points = await bundled(
    "growth",
    (file) => runtimes.flatMap((runtime) => outputOf(runtime, file, [runtime]) as Point[]),
  );
  return { runtimes: runtimes.map(version), points };
}

/** Both panels in one picture that stands alone, in light and in dark. */
function drawn({ points }: Data): string {
  const width = 420;
  const panels = [
    panel(points, "in flight", "executions in flight →", "↑ µs an execution"),
    panel(points, "bytes", "bytes of the raw value, as JSON →", "↑ µs an execution"),
  ];
  const body = panels.map((svg, i) => `<g transform="translate(${i * width} 0)">${svg}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} 300" ` +
    `font-family="system-ui, sans-serif" font-size="10">` +
    `<title>Cost of one execution, and of the physical limit (dotted), by number in flight and by size of the raw value</title>` +
    `<rect width="100%" height="100%" fill="white"/>${body.join("")}</svg>\n`;
}

function panel(points: readonly Point[], by: Point["by"], xLabel: string, yLabel: string): string {
  const { document } = parseHTML("<html></html>");
  const own = points.filter((point) => point.by === by)
    .map(({ ns, ...point }) => ({ ...point, us: ns / 1000 }));
  const executions = own.filter(({ of }) => of === "execute()");
  const channels = { x: "x", y: "us", stroke: "runtime" };
  const last = Math.max(...own.map(({ x }) => x));
  const options: PlotOptions = {
    document,
    width: 420,
    height: 300,
    marginLeft: 50,
    marginRight: 50,
    style: { background: "white", color: "black" },
    x: { type: "log", label: xLabel, tickFormat: "~s" },
    y: { type: "log", label: yLabel, grid: true, tickFormat: "~s" },
    color: { domain: Object.keys(RUNTIMES), range: ["#3b7d23", "#1f4e9c", "#c2410c"] },
    marks: [
      line(own.filter(({ of }) => of !== "execute()"), { ...channels, strokeDasharray: "2 3" }),
      line(executions, channels),
      dot(executions, { ...channels, r: 2.5 }),
      text(executions.filter(({ x }) => x === last), {
        x: "x",
        y: "us",
        text: "runtime",
        fill: "runtime",
        dx: 8,
        textAnchor: "start",
      }),
    ],
  };
  return plot(options).outerHTML;
}
