/**
 * What the JSON language service of VS Code shows: `node editor.mjs SCHEMAS REQUEST RESULT...`.
 * SCHEMAS is the folder of the separate files, which `$schema` in a document leads to. Prints its
 * findings in every document, the hover texts of REQUEST, and what it offers in an empty action.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import service from "vscode-json-languageservice";

const [folder, ...paths] = process.argv.slice(2);
const languageService = service.getLanguageService({
  schemaRequestService: (address) =>
    Promise.resolve(readFileSync(join(folder, basename(new URL(address).pathname)), "utf8")),
});
languageService.configure({ validate: true });

function opened(text, name) {
  const document = service.TextDocument.create(`file:///${name}`, "json", 1, text);
  return [document, languageService.parseJSONDocument(document)];
}

for (const path of paths) {
  const [document, parsed] = opened(readFileSync(path, "utf8"), basename(path));
  const findings = await languageService.doValidation(document, parsed);
  console.log(`${basename(path)}: ${findings.length} findings`);
  for (const { range, message } of findings) {
    console.log(`  ${document.getText(range).split("\n")[0]}: ${message}`);
  }
}

const text = readFileSync(paths[0], "utf8");
const [request, parsed] = opened(text, "request.json");
for (const [key] of text.matchAll(/"[$A-Za-z]+"(?=:)/g)) {
  const hover = await languageService.doHover(
    request,
    request.positionAt(text.indexOf(key) + 1),
    parsed,
  );
  console.log(`${key}: ${[hover?.contents].flat().join(" ")}`);
}

const empty = text.replace(/"action": \{[^}]*\}/, '"action": {  }');
const [typed, tree] = opened(empty, "typed.json");
const offered = await languageService.doComplete(
  typed,
  typed.positionAt(empty.indexOf("{  }") + 2),
  tree,
);
console.log(`offered: ${offered.items.map(({ label }) => label).join(", ")}`);
