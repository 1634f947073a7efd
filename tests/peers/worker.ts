/** A worker: one life of it. It works until it is killed, or the harness is gone. */
import { openSync } from "node:fs";
import process from "node:process";
import type { Contender } from "./contender.ts";
import { effect } from "./orders.ts";

/** What a worker is told. */
export interface Task {
  /** URL of the contender's module. */
  module: string;
  location: unknown;
  effects: string;
  lanes: number;
}

const { module, location, effects, lanes }: Task = JSON.parse(process.argv[2]!);
const { work }: Contender = await import(module);
let said = false;
const act = effect(openSync(effects, "a"), () => {
  if (!said) process.send?.("begun");
  said = true;
});
process.once("disconnect", () => process.exit());
await work(location, act, lanes);
