/** Shows the line of a running command until it was drawn twice, on a terminal of 3000 columns. */
import process from "node:process";
import { showProgress } from "../cli/progress.ts";
import { testShell } from "./cli_shell.ts";

const { stdout, said } = testShell({ terminal: true, columns: 3000 });
const paint = (_: unknown, text: string) => text;
const progress = showProgress(stdout, { columns: 3000, paint }, process.argv.slice(2));
const timer = setInterval(() => {
  if (said.stdout.split("\r").length < 3) return;
  clearInterval(timer);
  progress.end();
  console.log(JSON.stringify(said.stdout));
}, 10);
