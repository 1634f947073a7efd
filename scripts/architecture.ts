/**
 * Draws the picture of `docs/architecture.md` from the imports of the code:
 * `npx tsx scripts/architecture.ts` writes it, `tests/architecture_test.ts` compares it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = new URL("../", import.meta.url);
const page = new URL("docs/architecture.md", root);

/** What is drawn as one box: the files whose path begins so, unless an earlier box has them. */
interface Box {
  name: string;
  paths: string[];
}

/** The picture: frames, and the boxes in each. */
const FRAMES: Record<string, Box[]> = {
  "deployer-runtime: the module": [
    ...["mod.ts", "execute.ts", "given.ts", "trace.ts", "capture.ts", "kinds.ts"],
    "schemas/types.ts",
  ].map((path) => ({ name: path, paths: [path] })),
  "deployer-runner: the Runner's package": [
    { name: "ledgers/", paths: ["ledgers/"] },
    { name: "actions/", paths: ["actions/"] },
    { name: "cli/", paths: ["cli/"] },
    { name: "contract/", paths: ["contract/"] },
    { name: "report.ts", paths: ["report.ts"] },
    { name: "testing.ts", paths: ["testing"] },
    { name: "mod.ts, desk.ts, deadline.ts …", paths: [""] },
  ].map(({ name, paths }) => ({ name, paths: paths.map((path) => `runner/${path}`) })),
  "report/: the page": [
    { name: "reading/", paths: ["reading/", "query.ts"] },
    { name: "checks/", paths: ["checks/"] },
    { name: "tree/", paths: ["tree/"] },
    { name: "view/, main.tsx", paths: ["view/", "main.tsx", "embedded.ts"] },
    { name: "plot.ts, phrases.ts …", paths: [""] },
  ].map(({ name, paths }) => ({ name, paths: paths.map((path) => `report/${path}`) })),
  "docs/examples/": [
    { name: "fleet/", paths: ["docs/examples/fleet/"] },
    { name: "recipes/", paths: ["docs/examples/recipes/"] },
    { name: "spread.ts", paths: ["docs/examples/spread.ts"] },
  ],
};
const boxes = Object.values(FRAMES).flat();

/** Not drawn: tests, benchmarks, and what builds or generates. */
const LEFT_OUT =
  /^(tests|bench|chaos|dist|node_modules|(build|generate|validators)\.ts|.*\.d\.ts)$/;

/** The paths of the code that is drawn. */
function sources(): string[] {
  const rooms = readdirSync(root).filter((name) => name.endsWith(".ts"));
  return [
    ...rooms,
    "schemas/types.ts",
    ...["runner/", "report/", "docs/examples/"].flatMap(codeIn),
  ];
}

/** The paths of the code in a folder, and in those below it. */
function codeIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true })
    .filter(({ name }) => !LEFT_OUT.test(name))
    .flatMap((entry) => {
      if (entry.isDirectory()) return codeIn(`${folder}${entry.name}/`);
      return /\.tsx?$/.test(entry.name) ? [folder + entry.name] : [];
    });
}

/** What a file imports, statically or not, and whether of that it needs only types. */
export function importsOf(code: string): { name: string; typeOnly: boolean }[] {
  const found: { name: string; typeOnly: boolean }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const { moduleSpecifier: from } = node;
      const typeOnly = ts.isImportDeclaration(node) ? needsTypes(node) : node.isTypeOnly;
      if (from && ts.isStringLiteral(from)) found.push({ name: from.text, typeOnly });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [from] = node.arguments;
      if (from && ts.isStringLiteral(from)) found.push({ name: from.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("code.tsx", code, ts.ScriptTarget.Latest));
  return found;
}

function needsTypes({ importClause: clause }: ts.ImportDeclaration): boolean {
  if (clause?.isTypeOnly) return true;
  const names = clause?.namedBindings;
  return clause !== undefined && clause.name === undefined && names !== undefined &&
    ts.isNamedImports(names) && names.elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** The path that an import leads to; `undefined` for what is not of this repository. */
function pathOf(name: string, importer: string): string | undefined {
  if (name.startsWith(".")) {
    return new URL(name, new URL(importer, root)).href.slice(root.href.length);
  }
  if (name === "deployer-runtime") return "mod.ts";
  if (name === "deployer-runner") return "runner/mod.ts";
  if (name.startsWith("deployer-runner/")) return `${name.replace("deployer-runner", "runner")}.ts`;
  return undefined;
}

function boxOf(path: string | undefined): Box | undefined {
  return boxes.find(({ paths }) => paths.some((start) => path?.startsWith(start)));
}

/** The name of a box in Mermaid's text: where its files are. */
const idOf = ({ paths: [path = ""] }: Box): string => path.replace(/\W+/g, "_").replace(/_$/, "");

/** An import of one box by another. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Whether it stands for types alone. */
  readonly typeOnly: boolean;
}

/** All arrows, by the names of their boxes in Mermaid's text. */
export function arrows(): Arrow[] {
  const found = new Map<string, Arrow>();
  for (const path of sources()) {
    const from = boxOf(path);
    if (from === undefined) throw new Error(`${path} has no box in scripts/architecture.ts`);
    for (const { name, typeOnly } of importsOf(readFileSync(new URL(path, root), "utf8"))) {
      const to = boxOf(pathOf(name, path));
      if (to === undefined || to === from) continue;
      const key = `${idOf(from)} ${idOf(to)}`;
      const isTyped = typeOnly && (found.get(key)?.typeOnly ?? true);
      found.set(key, { from: idOf(from), to: idOf(to), typeOnly: isTyped });
    }
  }
  return [...found.keys()].sort().map((key) => found.get(key) as Arrow);
}

/** The picture, as Mermaid's text. */
export function picture(): string {
  const frames = Object.entries(FRAMES).flatMap(([title, inside], i) => [
    `  subgraph frame${i}["${title}"]`,
    ...inside.map((box) => `    ${idOf(box)}["${box.name}"]`),
    "  end",
  ]);
  const lines = arrows().map(({ from, to, typeOnly }) =>
    `  ${from} ${typeOnly ? "-.->" : "-->"} ${to}`
  );
  return ["flowchart TB", ...frames, ...lines, ""].join("\n");
}

/** The page with the picture of today in it. */
export function withPicture(text: string): string {
  return text.replace(/(?<=^```mermaid\n)[\s\S]*?(?=^```$)/m, () => picture());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(page, withPicture(readFileSync(page, "utf8")));
}
