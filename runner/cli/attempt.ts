/** One order, executed once: claimed, attempted, stored, told. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Action, ExecutionContext, ExecutionRequest, ExecutionResult } from "deployer-runtime";
import { outputFiles } from "../actions/output.ts";
import { LedgerDown, OrderAlreadyConsumed } from "../ledgers/errors.ts";
import type { Entry, Ledger } from "../ledgers/ledger.ts";
import { ResultNotStored, takeOnce } from "../once.ts";
import { entryOfResult } from "./card.ts";
import { BadInput, EXIT } from "./exit.ts";
import { listen, untilStored } from "./interrupt.ts";
import {
  addressOf,
  hideFromGit,
  isThere,
  locate,
  type OpenLedger,
  openLedger,
  outputOf,
  type Places,
  placesOf,
  withOpen,
} from "./ledger.ts";
import type { Values } from "./options.ts";
import { present, readerOf } from "./present.ts";
import { type Progress, showProgress } from "./progress.ts";
import type { Shell } from "./shell.ts";
import { clean, fit, jsonOf, LONGEST_ORDER, styleOf } from "./style.ts";
import { asked } from "./words.ts";

/** Makes the action of an order: `output` is the folder of what it prints. */
export type MakeAction<Order extends ExecutionRequest> = (
  output: string,
  stop: AbortSignal,
) => Action<Order>;

/**
 * Executes an order, unless it is consumed: then it shows what the ledger holds of it.
 *
 * @param open Opens the ledger
 * @returns The exit code of the status; 73; 64 if the order was consumed for another action; or 74
 * if it was stopped before it was consumed, or given up before it was executed
 * @throws {LedgerDown} If the ledger is down; a result that could not be stored is printed before
 */
export async function attempt<Order extends ExecutionRequest>(
  order: Order,
  make: MakeAction<Order>,
  values: Values,
  shell: Shell,
  open: OpenLedger = openLedger,
): Promise<number> {
  const location = locate(values.ledger);
  const places = placesOf(location, order.orderId);
  const screen = watch(order, outputOf(location), values, shell);
  const interrupt = listen(values, shell, (text) => screen.say(text));
  const { stop, giveUp } = interrupt;
  const say = (text: string) => screen.say(text);
  const isNew = !isThere(location);
  const executed = () =>
    withOpen(location, open, async (ledger) => {
      const made = make(outputOf(location), stop);
      const action: Action<Order> = (...call) => {
        interrupt.begin();
        return made(...call);
      };
      const ports: Pick<Ledger, "consume" | "store"> = {
        async consume(...claim) {
          stop.throwIfAborted();
          if (isNew) await hideFromGit(location);
          await ledger.consume(...claim);
        },
        store(result) {
          screen.end();
          const stored = untilStored(result.orderId, ledger.store(result), shell.signals, say);
          interrupt.clear(); // Only now: no signal meets a process that listens to none.
          return stored;
        },
      };
      // Not through a `Desk`: here a stop has a reason of its own, and a store may be interrupted.
      const result = await takeOnce(ports, order, contextOf(values), action, interrupt)
        .catch(async (error) => {
          if (!(error instanceof ResultNotStored)) throw error;
          await handOver(error.result, shell); // Whatever the ledger says, it was observed.
          throw error.cause;
        });
      await present(entryOfResult(result), result, places, values, shell);
      return EXIT[result.status];
    });
  try {
    return await interrupt.unlessGivenUp(executed());
  } catch (error) {
    screen.end();
    interrupt.clear(); // Nothing is executed any more: a reader that is stuck holds no process.
    if (error instanceof OrderAlreadyConsumed) {
      return await refuse(error, order, places, values, shell);
    }
    if (error === stop.reason) {
      return await neverCalled(order, "stopped before it was consumed", shell);
    }
    if (error !== giveUp.reason) throw error;
    const how = `given up before, and ${addressOf(location)} may hold it`;
    return await neverCalled(order, how, shell); // Else there would be a result.
  } finally {
    interrupt.clear();
  }
}

/**
 * An identity for an order that was given none. It is printed first: it can be looked for then.
 *
 * @throws {BadInput} If it cannot be printed
 */
export async function freshIdentity({ quiet }: Values, { stderr }: Shell): Promise<string> {
  const orderId: string = randomUUID();
  if (!quiet) await stderr.write(`order ${orderId}\n`);
  if (stderr.fault) throw new BadInput("stderr must take the identity of the order: give --order");
  return orderId;
}

function contextOf({ runner, annotate: annotations }: Values): ExecutionContext {
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
  const moves = readerOf(values, shell) === "people" && !values.tty && env.TERM !== "dumb";
  if (moves) {
    const { stdout: out, stderr: err } = outputFiles(output, orderId);
    return showProgress(stdout, styleOf(stdout, env), [out, err]);
  }
  const say = (text: string) => values.quiet ? undefined : void stderr.write(`${text}\n`);
  return { say, end: () => {} };
}

/** Nobody else has the result: if stdout does not take it, stderr may. */
async function handOver(result: ExecutionResult, { stdout, stderr }: Shell): Promise<void> {
  const text = `${jsonOf(result, 2)}\n`;
  if (await stdout.write(text) || await stderr.write(text)) return;
  const order = clean(JSON.stringify(result.orderId));
  const status = result.status;
  await stderr.write(`deployer: nobody has the result of order ${order}, which is ${status}\n`);
}

/** Consumed already, be it for the same action or for another one: nothing was executed. */
async function refuse(
  { message, orderId, entry }: OrderAlreadyConsumed,
  order: ExecutionRequest,
  places: Places,
  values: Values,
  shell: Shell,
): Promise<number> {
  // 73 says that it was this very order: where that cannot be read, it is not said.
  if (entry === undefined) throw new LedgerDown(`${message}: nothing was executed`);
  const id = JSON.stringify(orderId);
  const isSame = isDeepStrictEqual(asJson(entry.request.action), asJson(order.action));
  const said = isSame
    ? `order ${id} is consumed already: nothing was executed`
    : isInputGone(entry, order)
    ? `order ${id} is consumed already, and nothing was executed: the ledger holds no input of it, ` +
      "which an archive may have taken, and nobody can tell whether it was this one"
    : `order ${id} is another one: ${difference(entry, { request: order })}`;
  await shell.stderr.write(`deployer: ${clean(said)}\n`);
  await present(entry, entry, places, values, shell);
  return isSame ? EXIT.CONSUMED : EXIT.BAD_INPUT;
}

/** Whether nothing but an input is missing, which an archive takes from what is closed. */
function isInputGone({ status, request, result }: Entry, given: ExecutionRequest): boolean {
  const { name, input } = request.action;
  return input === undefined && name === given.action.name && status !== "OPEN" &&
    result?.trace === undefined;
}

/** As every ledger gives it back: without `undefined`, and with one zero. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function difference(consumed: Pick<Entry, "request">, given: Pick<Entry, "request">): string {
  const before = asked(consumed);
  const now = asked(given);
  const was = fit(before, LONGEST_ORDER);
  const is = fit(now, LONGEST_ORDER);
  return before === now
    ? `it was consumed for ${was} with another input, and nothing was executed`
    : `it was consumed for ${was}, and nothing was executed for ${is}`;
}

/** The action was not called, and never will be. */
async function neverCalled(
  { orderId }: ExecutionRequest,
  how: string,
  { stderr }: Shell,
): Promise<number> {
  const order = clean(JSON.stringify(orderId));
  await stderr.write(`deployer: nothing was executed: order ${order} was ${how}\n`);
  return EXIT.LEDGER_DOWN;
}
