/** One order, executed once: claimed, attempted, stored, told. */
import { randomUUID } from "node:crypto";
import {
  type Action,
  execute,
  type ExecutionContext,
  type ExecutionRequest,
  type ExecutionResult,
} from "deployer-runtime";
import { outputFiles } from "../actions/output.ts";
import { OrderAlreadyConsumed } from "../ledgers/errors.ts";
import type { Ledger } from "../ledgers/ledger.ts";
import { entryOf } from "./card.ts";
import { EXIT } from "./exit.ts";
import { listen } from "./interrupt.ts";
import {
  hideFromGit,
  isThere,
  locate,
  type Location,
  nameOf,
  openLedger,
  outputOf,
  type Places,
  placesOf,
} from "./ledger.ts";
import type { Values } from "./options.ts";
import { isForPeople, present } from "./present.ts";
import { type Progress, showProgress } from "./progress.ts";
import type { Shell } from "./shell.ts";
import { clean, styleOf } from "./style.ts";

/** Makes the action of an order: `output` is the folder of what it prints. */
export type MakeAction<Order extends ExecutionRequest> = (
  output: string,
  stop: AbortSignal,
) => Action<Order>;

/**
 * Executes an order, unless it is consumed: then it shows what the ledger holds of it.
 *
 * @param open Opens the ledger
 * @returns The exit code of the status; 73; or 74 if it was given up before it was executed
 * @throws {LedgerDown} If the ledger is down; a result that could not be stored is printed before
 */
export async function attempt<Order extends ExecutionRequest>(
  order: Order,
  make: MakeAction<Order>,
  values: Values,
  shell: Shell,
  open: (location: Location) => Promise<Ledger> = openLedger,
): Promise<number> {
  const location = locate(values.ledger);
  const places = placesOf(location, order.orderId);
  const screen = watch(order, outputOf(location), values, shell);
  const interrupt = listen(values, shell.signals, (text) => screen.say(text));
  const executed = async () => {
    const isNew = !isThere(location);
    const ledger = await open(location);
    try {
      const made = make(outputOf(location), interrupt.stop);
      const action: Action<Order> = (...call) => {
        interrupt.begin();
        return made(...call);
      };
      const consume: Ledger["consume"] = async (...claim) => {
        await ledger.consume(...claim);
        if (isNew) await hideFromGit(location);
      };
      const ports = { signal: interrupt.giveUp, consume };
      const result = await execute(order, contextOf(values), action, ports);
      screen.end();
      await store(result, ledger, shell);
      await present(entryOf(result), result, places, values, shell);
      return EXIT[result.status];
    } finally {
      await ledger.close();
    }
  };
  try {
    return await interrupt.unlessGivenUp(executed());
  } catch (error) {
    screen.end();
    if (error instanceof OrderAlreadyConsumed) return await refuse(error, places, values, shell);
    if (error !== interrupt.giveUp.reason) throw error;
    return await neverCalled(order, nameOf(location), shell); // Else there would be a result.
  } finally {
    interrupt.clear();
  }
}

/** An identity for an order that was given none. It is printed first: it can be looked for then. */
export async function freshIdentity({ quiet }: Values, { stderr }: Shell): Promise<string> {
  const orderId: string = randomUUID();
  if (!quiet) await stderr.write(`order ${orderId}\n`);
  return orderId;
}

function contextOf({ runner, annotations }: Values): ExecutionContext {
  const any = Object.keys(annotations).length > 0;
  return { executionId: randomUUID(), runner, ...any && { annotations } };
}

/** What a person sees meanwhile: a line that moves, or, where there is no terminal, notes. */
function watch(
  { orderId }: ExecutionRequest,
  output: string,
  values: Values,
  shell: Shell,
): Progress {
  const { stdout, stderr, env } = shell;
  const moves = isForPeople(values, shell) && !values.quiet && !values.tty && env.TERM !== "dumb";
  if (moves) {
    const { stdout: out, stderr: err } = outputFiles(output, orderId);
    return showProgress(stdout, styleOf(stdout, env), [out, err]);
  }
  const say = (text: string) => values.quiet ? undefined : void stderr.write(`${text}\n`);
  return { say, end: () => {} };
}

/** Whatever the ledger says, it was observed: what it does not take is printed. */
async function store(result: ExecutionResult, ledger: Ledger, { stdout }: Shell): Promise<void> {
  try {
    await ledger.store(result);
  } catch (error) {
    await stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    throw error;
  }
}

async function refuse(
  { message, orderId, entry }: OrderAlreadyConsumed,
  places: Places,
  values: Values,
  shell: Shell,
): Promise<number> {
  const known = entry === undefined
    ? message
    : `order ${JSON.stringify(orderId)} is consumed already: nothing was executed`;
  await shell.stderr.write(`deployer: ${clean(known)}\n`);
  if (entry) await present(entry, entry, places, values, shell);
  return EXIT.CONSUMED;
}

/** Given up on before it was claimed for sure: the action was not called, and never will be. */
async function neverCalled(
  { orderId }: ExecutionRequest,
  ledger: string,
  { stderr }: Shell,
): Promise<number> {
  const order = clean(JSON.stringify(orderId));
  await stderr.write(
    `deployer: nothing was executed: order ${order} was given up before, and ${ledger} may hold it\n`,
  );
  return EXIT.LEDGER_DOWN;
}
