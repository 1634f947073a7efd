import type { ExecutionResult } from "deployer-runtime";
import { firstFault } from "./faults.ts";
import { parse } from "./documents.ts";
import { seal } from "./envelope.ts";
import { BadInput } from "./exit.ts";
import { keyOf } from "./key.ts";
import type { Invocation } from "./options.ts";
import { readContent } from "./order.ts";
import type { Shell } from "./shell.ts";
import { jsonOf } from "./style.ts";

/**
 * Signs a result: the envelope is what stdout gets.
 *
 * @throws {BadInput} If there is no key, or the file holds no result that the contract accepts
 */
export async function sign(
  { values, operands: [file = ""] }: Invocation,
  shell: Shell,
): Promise<number> {
  if (values.key === undefined) {
    throw new BadInput("--key is missing: the private key to sign with");
  }
  const key = keyOf(values.key, "sign");
  const { bytes, text } = await readContent(file, shell);
  const read = parse(text);
  const name = JSON.stringify(file);
  if ("problem" in read) throw new BadInput(`file ${name} line ${read.line}: ${read.problem}`);
  const fault = firstFault("ExecutionResult", read.value);
  if (fault) throw new BadInput(`file ${name} is no result: ${fault.field} ${fault.reason}`);
  const envelope = seal(read.value as ExecutionResult, bytes, key);
  await shell.stdout.write(`${jsonOf(envelope, 2)}\n`);
  return 0;
}
