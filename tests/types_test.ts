/**
 * The types both ways, asked of the compiler itself: `types_valid.ts` compiles, and each line of
 * `types_invalid.ts` that must not compile is refused where its comment says so.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import ts from "typescript";

// `bun test` without arguments ends a test after 5 seconds.
const LONG = { timeout: 60_000 };

const VALID = fileURLToPath(new URL("./types_valid.ts", import.meta.url));
const INVALID = fileURLToPath(new URL("./types_invalid.ts", import.meta.url));
const EXPECTED = "// @ts-expect-error --";

/** The project's own options; a test of strict types that is run laxly would prove nothing. */
function options(): ts.CompilerOptions {
  const config = fileURLToPath(new URL("../tsconfig.json", import.meta.url));
  const { config: json, error } = ts.readConfigFile(config, ts.sys.readFile);
  assert(!error);
  const root = fileURLToPath(new URL("../", import.meta.url));
  const parsed = ts.convertCompilerOptionsFromJson(json.compilerOptions, root);
  assertEquals(parsed.errors, []);
  return { ...parsed.options, declaration: false, isolatedDeclarations: false };
}

/** What the compiler says of both files, `invalid` taking the place of the second. */
function diagnostics(invalid: string): { file: string; line: number; text: string }[] {
  const host = ts.createCompilerHost(options());
  const { getSourceFile } = host;
  host.getSourceFile = (name, version, ...rest) =>
    name.endsWith("/types_invalid.ts")
      ? ts.createSourceFile(name, invalid, version, true)
      : getSourceFile.call(host, name, version, ...rest);
  const program = ts.createProgram([VALID, INVALID], options(), host);
  return [
    ...program.getGlobalDiagnostics(),
    ...program.getSourceFiles().filter(({ fileName }) => /\/types_(in)?valid\.ts$/.test(fileName))
      .flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ]),
  ].map(({ file, start = 0, messageText }) => ({
    file: file?.fileName.split("/").at(-1) ?? "",
    line: (file?.getLineAndCharacterOfPosition(start).line ?? -1) + 1,
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}

// One program for both questions: without the comments, each of their next lines must be refused,
// and nothing else anywhere. With them, `tsc --noEmit` of the gate finds nothing to say.
test("the compiler accepts what must compile, and refuses each line that must not", LONG, () => {
  const source = readFileSync(INVALID, "utf8");
  const lines = source.split("\n");
  const expected = lines.flatMap((line, i) => line.trim().startsWith(EXPECTED) ? [i + 1] : []);
  assert(expected.length > 50, `${expected.length} lines`);
  const found = diagnostics(source.replaceAll(EXPECTED, "// expected:"));
  assertEquals(found.filter(({ file }) => file !== "types_invalid.ts"), []);
  // Where a function has no return, the error stands on one of its lines, and the comment covers it.
  const refused = new Set(found.map(({ line }) => line - 1));
  assertEquals([...refused].sort((a, b) => a - b), expected);
});

test("every @ts-expect-error says why", () => {
  const lines = readFileSync(INVALID, "utf8").split("\n");
  const bare = lines.filter((line) => line.includes("@ts-") && !line.trim().startsWith(EXPECTED));
  // The one in the documentation at the head of the file.
  assertEquals(bare.length, 1);
});
