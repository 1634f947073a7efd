import { executeOrder, sourceOf } from "./actions.ts";
import type { Invocation } from "./options.ts";
import { readOrder } from "./order.ts";
import type { Shell } from "./shell.ts";

/**
 * Executes an order from a file.
 *
 * @throws {BadInput} If the file is no order
 */
export async function run(
  { values, operands: [file = ""] }: Invocation,
  shell: Shell,
): Promise<number> {
  const isFresh = values.fresh && values.order === undefined;
  const { orderId, action } = await readOrder(file, shell, isFresh ? "fresh" : values.order);
  const order = { orderId: isFresh ? undefined : orderId, action };
  return await executeOrder(order, sourceOf(file), values, shell);
}
