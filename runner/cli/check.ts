import type { KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import { contractOf, type Fault, fault, firstFault, within } from "./faults.ts";
import { documents, type Read } from "./documents.ts";
import { isEnvelope, NotTrusted, unseal } from "./envelope.ts";
import { BadInput } from "./exit.ts";
import { keyOf } from "./key.ts";
import type { Invocation } from "./options.ts";
import { readerOf } from "./present.ts";
import type { Shell } from "./shell.ts";
import { clean, jsonOf, styleOf } from "./style.ts";
import { isRecord } from "../contract/record.ts";

/** A document that is refused. */
interface Refusal {
  file: string;
  line: number;
  field: string;
  reason: string;
}

/**
 * Checks documents against the contract; with a key, envelopes and what is in them.
 *
 * @returns 1 if one is refused
 * @throws {BadInput} If a file cannot be read
 */
export async function check({ values, operands }: Invocation, shell: Shell): Promise<number> {
  const key = values.key === undefined ? undefined : keyOf(values.key, "check");
  const refused: Refusal[] = [];
  let checked = 0;
  for (const file of operands) {
    for await (const read of documents(textOf(file, shell))) {
      checked += 1;
      const refusal = refusalOf(read, key);
      if (refusal) refused.push({ file, ...refusal });
    }
  }
  const reader = readerOf(values, shell);
  if (reader === "programs") await shell.stdout.write(`${jsonOf({ checked, refused }, 2)}\n`);
  if (reader === "people") await tell(checked, refused, shell);
  return refused.length > 0 ? 1 : 0;
}

async function* textOf(file: string, { stdin }: Shell): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    const bytes: AsyncIterable<Uint8Array> = file === "-" ? stdin : createReadStream(file);
    for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw new BadInput(`file ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`);
  }
}

function refusalOf(read: Read, key: KeyObject | undefined): Omit<Refusal, "file"> | undefined {
  if ("problem" in read) return { line: read.line, field: "the document", reason: read.problem };
  const found = key ? faultOfSigned(read.value, key) : faultOf(read.value);
  if (found === undefined) return undefined;
  return { line: read.lineOf(found.path), field: found.field, reason: found.reason };
}

function faultOf(document: unknown): Fault | undefined {
  if (isEnvelope(document)) return fault([], "is signed: --key is needed to check it");
  if (!isEntry(document)) return firstFault(contractOf(document), document);
  for (const [part, contract] of Object.entries(PARTS)) {
    if (!(part in document)) continue;
    const found = firstFault(contract, document[part]);
    if (found) return within(part, found);
  }
  return undefined;
}

/** What a ledger holds of an order. */
const PARTS = {
  fact: "Fact",
  request: "ExecutionRequest",
  context: "ExecutionContext",
  result: "ExecutionResult",
  recovered: "Fact",
} as const;

function isEntry(document: unknown): document is Record<string, unknown> {
  return isRecord(document) && "fact" in document && "request" in document;
}

/** An envelope's fields are not those of the result in it: the field is named, the line is its own. */
function faultOfSigned(document: unknown, key: KeyObject): Fault | undefined {
  if (!isEnvelope(document)) return fault([], "is not signed: it is no envelope of DSSE");
  try {
    const found = firstFault("ExecutionResult", unseal(document, key));
    return found && within("predicate", found);
  } catch (error) {
    if (error instanceof NotTrusted) return fault([], error.message);
    throw error;
  }
}

async function tell(checked: number, refused: Refusal[], { stdout, env }: Shell): Promise<void> {
  const { paint } = styleOf(stdout, env);
  for (const { file, line, field, reason } of refused) {
    const place = paint("bold", `${clean(file)}:${line}`);
    await stdout.write(`${place} ${clean(`${field} ${reason}`)}\n`);
  }
  const verdict = refused.length > 0
    ? paint("red", `${refused.length} of ${checked} refused`)
    : paint("green", `${checked} accepted`);
  await stdout.write(`${verdict}\n`);
}
