/**
 * Builds the page: one HTML file, `report/dist/report.html`, which needs no other and connects to
 * nothing. `npm run build:report` at the root installs what it is made of, and runs this.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compileValidators } from "./validators.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const validators = await compileValidators();
const { outputFiles: [bundle] } = await build({
  entryPoints: [here("main.tsx")],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [{
    name: "validators",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^compiled:/ }, ({ path }) => ({ path, namespace: "compiled" }));
      onLoad({ filter: /.*/, namespace: "compiled" }, () => ({ contents: validators }));
    },
  }],
});
const { outputFiles: [sheet] } = await build({
  entryPoints: [here("style.css")],
  minify: true,
  write: false,
  charset: "utf8",
});

const script = bundle!.text.trim();
const style = sheet!.text.trim();
const allowed = `script-src '${hash(script)}'; style-src '${hash(style)}'`;
const policy = [
  "default-src 'none'",
  allowed,
  "img-src data:", // Its own icon: without one, browsers ask the server for one.
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
const parts: Record<string, string> = { policy, allowed, style, script };
const page = readFileSync(new URL("page.html", import.meta.url), "utf8")
  .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]!);

mkdirSync(new URL("dist/", import.meta.url), { recursive: true });
writeFileSync(new URL("dist/report.html", import.meta.url), page);

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
