/** What stands between the orders and their effects: this project, or what people use instead. */
import type { Act, Order } from "./orders.ts";

/** What a contender says of an order; nothing, if it holds no trace of it. */
export type Told = "success" | "failed" | "unknown" | "open";

/** A module in `contenders/`. The harness calls `open()`; the worker, a process of its own, `work()`. */
export interface Contender {
  open(ground: Ground): Promise<Arena>;
  work(location: unknown, act: Act, lanes: number): Promise<void>;
}

/** What a contender is given to stand on. */
export interface Ground {
  /** An empty folder of its own. */
  folder: string;
  /** The URL of an empty PostgreSQL database of its own. */
  database: () => Promise<string>;
  /** Which of its configurations. */
  variant: string;
  /** How many orders a worker has in flight at once. */
  lanes: number;
}

/** A contender that stands, with everything that its worker needs but the worker. */
export interface Arena {
  /** What the worker is told; it goes through JSON. */
  location: unknown;
  feed(orders: Order[]): Promise<void>;
  /** What its documentation asks of an operator before a killed worker is started again. */
  recover?(): Promise<unknown>;
  told(): Promise<Map<string, Told>>;
  close(): Promise<unknown>;
}
