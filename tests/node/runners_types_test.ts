/** The TypeScript of the guide and of the README compiles as strictly as the project. */
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import ts from "typescript";
import { root, snippets } from "../support/snippets.ts";

test("every snippet of the guide, of the README and of its French page compiles", () => {
  const config = fileURLToPath(new URL("tsconfig.json", root));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    fileURLToPath(root),
  );
  Object.assign(options, { declaration: false, isolatedDeclarations: false });

  // As if each were a file beside its page: its imports are seen from there.
  const files = new Map(
    ["docs/runners.md", "docs/fr.md", "README.md"].flatMap((page) =>
      snippets(page).filter(({ language, code }) =>
        language === "ts" && /^import .*"deployer-/m.test(code)
      )
        .map(({ code, line }) =>
          [fileURLToPath(new URL(`${page}_${line}.ts`, root)), code] as const
        )
    ),
  );
  assert(files.size > 12);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  host.readFile = (name) => files.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, version, ...rest) => {
    const code = files.get(name);
    if (code === undefined) return getSourceFile.call(host, name, version, ...rest);
    return ts.createSourceFile(name, code, version, true);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const faults = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
    const name = file?.fileName.split("/").at(-1) ?? "";
    return `${name}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
  assertEquals(faults, []);
});
