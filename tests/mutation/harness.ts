/**
 * Runs what was registered in a process that is started once for each mutant: only the tests that
 * reach the mutant, the quickest first, and an end at the first that fails.
 *
 * Stryker first runs it without a mutant. What was reached then, how often and how fast is written
 * down, and is the plan of all later runs.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { registered } from "../hardened/shims/test.ts";

type Hits = Record<string, number>;

/** What instrumented code shares with whoever runs it. */
interface Stryker {
  activeMutant?: string;
  currentTestId?: string | undefined;
  mutantCoverage?: { static: Hits; perTest: Record<string, Hits> };
  hitCount?: number;
  hitLimit?: number;
}

interface Plan {
  /** Milliseconds that each test took. */
  readonly took: Record<string, number>;
  /** How often each test reached each mutant; under the name "" what no test did. */
  readonly hits: Record<string, Hits>;
}

/** A mutant that is reached so many times more often than its original is in an endless loop. */
const ENDLESS = 100;

const stryker: Stryker = (globalThis as { __stryker__?: Stryker }).__stryker__ ??= {};
const planFile = new URL("./plan.json", import.meta.url);

/**
 * Runs all tests but those that are left out, one group after the other, and ends the process.
 *
 * @param groups What registers the tests of each group.
 * @param leftOut Names of tests.
 */
export async function run(
  groups: readonly (() => Promise<unknown>)[],
  leftOut: readonly string[],
): Promise<never> {
  const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
  const plan: Plan = mutant === undefined || !existsSync(planFile)
    ? { took: {}, hits: {} }
    : JSON.parse(readFileSync(planFile, "utf8"));
  const reached = (name: string) => plan.hits[name]?.[mutant ?? ""] ?? 0;
  /** Runs what the plan has under this name, and fails where it does not end. */
  const bounded = async (name: string, body: () => unknown) => {
    stryker.currentTestId = name || undefined;
    if (mutant !== undefined) {
      stryker.hitCount = 0;
      stryker.hitLimit = ENDLESS * Math.max(reached(name), 1);
    }
    await body();
    // The error that instrumented code throws may have been caught.
    if (stryker.hitCount! > stryker.hitLimit!) throw new Error("an endless loop");
    stryker.currentTestId = undefined;
  };
  for (const group of groups) {
    registered.length = 0;
    await bounded("", group);
    const chosen = registered
      .filter(({ name }) => !leftOut.includes(name))
      .filter(({ name }) => mutant === undefined || reached("") + reached(name) > 0)
      .sort((a, b) => (plan.took[a.name] ?? 0) - (plan.took[b.name] ?? 0));
    for (const { name, body } of chosen) {
      const start = performance.now();
      try {
        await bounded(name, () => body({ diagnostic() {} }));
      } catch (error) {
        console.log(`FAILED ${name}:`, error);
        process.exit(1);
      }
      plan.took[name] = performance.now() - start;
    }
  }
  if (mutant === undefined) {
    const { static: outside = {}, perTest = {} } = stryker.mutantCoverage ?? {};
    Object.assign(plan.hits, perTest, { "": outside });
    writeFileSync(planFile, JSON.stringify(plan));
  }
  process.exit(0);
}
