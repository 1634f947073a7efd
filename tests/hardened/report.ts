/** What a run of the bundle tells, and what is made of it. */
import process from "node:process";

export interface Report {
  /** What the place refuses, as found by trying it. */
  refuses: string[];
  passed: number;
  failed: { name: string; error: string }[];
  /** Tests that cannot be in this place, and why. */
  leftOut: { name: string; because: string }[];
  /** Diagnostics of the tests. */
  said: string[];
}

/** Prints the counts; the exit code is 1 if a test failed, or if the place is not as hard as told. */
export function judge(place: string, report: Report, refuses: string[]): void {
  const { passed, failed, leftOut, said } = report;
  const soft = refuses.filter((what) => !report.refuses.includes(what));
  const ok = passed > 0 && failed.length === 0 && soft.length === 0;
  if (!ok) process.exitCode = 1;
  console.log(
    `${ok ? "ok  " : "FAIL"} ${place} (refuses ${report.refuses.join(", ")}): ` +
      `${passed} passed, ${failed.length} failed, ${leftOut.length} left out`,
  );
  for (const reason of new Set(leftOut.map(({ because }) => because))) {
    const names = leftOut.filter(({ because }) => because === reason).map(({ name }) => name);
    console.log(`     left out, for ${reason}:\n       ${names.join("\n       ")}`);
  }
  if (soft.length > 0) console.log(`     it should refuse ${soft.join(", ")}`);
  for (const { name, error } of failed) console.log(`\n${name}\n${error}`);
  if (failed.length > 0) console.log(said.join("\n"));
}
