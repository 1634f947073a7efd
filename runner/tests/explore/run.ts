/**
 * `npm run explore`: all that can come between in a folder ledger, to the end. It prints how many
 * states there were, and ends with 1 if something does not hold in one of them.
 */
import process from "node:process";
import { CODES, failOnce } from "./faults.ts";
import { interleave, MEETINGS } from "./interleavings.ts";
import { losePower, type Met } from "./power.ts";
import { STORIES } from "./stories.ts";

/** How many ways of one step are tried; more of them have met hardly any other state. */
const MOST = 512;

let sum = 0;
async function report(what: string, exploration: Promise<Met>): Promise<void> {
  const { states, broken } = await exploration;
  sum += states;
  console.log(`${String(states).padStart(8)}  ${what}${broken ? `: ${broken}` : ""}`);
  if (broken) process.exitCode = 1;
}

for (const [what, story] of Object.entries(STORIES)) {
  await report(`the power is lost in ${what}`, losePower(story, MOST));
}
for (const [what, story] of Object.entries(STORIES)) {
  for (const code of CODES) await report(`${code} once in ${what}`, failOnce(story, code));
}
for (const [what, meeting] of Object.entries(MEETINGS)) {
  await report(`${what}, two switches`, interleave(meeting, { switches: 2 }));
  const killed = { switches: 1, kills: true };
  await report(`${what}, one switch and one kill`, interleave(meeting, killed));
}
console.log(`${String(sum).padStart(8)}  in all, ${process.exitCode ? "some" : "none"} broken`);
