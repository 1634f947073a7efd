/** The way of one order, for whoever takes it: consume, execute, store. */
import {
  type Action,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type ExecutionResult,
} from "deployer-runtime";
import type { Ledger } from "./ledgers/ledger.ts";
import { unlessStopped } from "./stop.ts";

/** What was observed, and could not be stored: `cause` says why. Nobody else has this result. */
export class ResultNotStored extends Error {
  override readonly name = "ResultNotStored";
  readonly result: ExecutionResult;

  constructor(result: ExecutionResult, cause: unknown) {
    super(`cannot store the result of order ${JSON.stringify(result.orderId)}`, { cause });
    this.result = result;
  }
}

/** Two signals: nothing begins once `stop` is aborted, and nobody waits once `giveUp` is. */
export interface Ends {
  readonly stop: AbortSignal;
  readonly giveUp: AbortSignal;
}

/**
 * Executes an order once, and stores what was observed.
 *
 * @throws {ResultNotStored} If the ledger does not take the result
 * @throws What `execute()` rejects with: the action was not called
 */
export async function takeOnce<Request extends ExecutionRequest>(
  ledger: Pick<Ledger, "consume" | "store">,
  request: Request,
  context: ExecutionContext,
  action: Action<Request>,
  { stop, giveUp }: Ends,
): Promise<ExecutionResult> {
  const result = await execute(request, context, unlessStopped(stop, action), {
    signal: giveUp,
    consume: (...claim) => ledger.consume(...claim),
  });
  try {
    await ledger.store(result);
  } catch (cause) {
    throw new ResultNotStored(result, cause);
  }
  return result;
}
