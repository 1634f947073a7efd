/** From a file to an order that can be executed. The Deployer executes whatever it is given. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { ExecutionRequest } from "deployer-runtime";
import { BadInput } from "./exit.ts";
import type { Shell } from "./shell.ts";
import { isRecord } from "../contract/record.ts";

/** A file, or stdin where it is called `-`: its bytes, and its text, without a byte order mark. */
export async function readContent(
  file: string,
  { stdin }: Pick<Shell, "stdin">,
): Promise<{ bytes: Uint8Array; text: string }> {
  try {
    const bytes = file === "-" ? await buffer(stdin) : await readFile(file);
    return { bytes, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    throw new BadInput(`file ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * An order from a file. Whether its action can use its input is for the action to say.
 *
 * @param orderId Its identity, in place of what the file says
 * @throws {BadInput} If the file cannot be read, or the contract refuses it
 */
export async function readOrder(
  file: string,
  shell: Pick<Shell, "stdin">,
  orderId?: string,
): Promise<ExecutionRequest> {
  const { text } = await readContent(file, shell);
  const { firstFault } = await import("./faults.ts");
  const { parse } = await import("./documents.ts");
  const parsed = parse(text);
  if ("problem" in parsed) {
    throw new BadInput(`file ${JSON.stringify(file)} line ${parsed.line}: ${parsed.problem}`);
  }
  const order = parsed.value as ExecutionRequest;
  if (orderId !== undefined && isRecord(order)) order.orderId = orderId;
  const fault = firstFault("ExecutionRequest", order);
  if (fault === undefined) return order;
  throw new BadInput(`file ${JSON.stringify(file)}: ${fault.field} ${fault.reason}`);
}
