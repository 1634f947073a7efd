/** What is said of a result in one line: never more than it holds. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Action, execute } from "deployer-runtime";
import { happened } from "../cli/words.ts";

const PROOF = "it returned its proof";
const UNPROVEN = "it says itself that it cannot tell";
const r = "releases/0123456789abcdef";
const other = "releases/fedcba9876543210";

/** Evidence of each action, and what is said of it in each status. */
const WORDS: [evidence: object, applied: string, unproven: string, failed?: string][] = [
  // command, ssh
  [{ exitCode: 0, endedBy: null }, "it ended with code 0", "it ended with code 0"],
  [{ exitCode: null, endedBy: "SIGKILL" }, PROOF, "it was ended by SIGKILL"],
  [
    { exceeded: true, endedBy: "SIGKILL" },
    PROOF,
    "it was ended, because it printed more than it may",
  ],
  [{ exceeded: true }, PROOF, "it printed more than it may"],
  [
    { exitCode: 0, stopped: "Ctrl-C" },
    "it was asked to stop (Ctrl-C); it ended with code 0",
    "it was asked to stop (Ctrl-C); it ended with code 0",
    "it was asked to stop (Ctrl-C); why",
  ],
  [
    { stopped: "Ctrl-C" },
    PROOF,
    `it was asked to stop (Ctrl-C); ${UNPROVEN}`,
    "it was asked to stop (Ctrl-C); why",
  ],
  [{ gaveUp: "Ctrl-C", pid: 7 }, PROOF, "the Runner stopped waiting (Ctrl-C); it was process 7"],
  [
    { lost: true, host: "web1", phase: "started" },
    PROOF,
    "the connection to web1 was lost after the command had begun",
  ],
  [{ pid: 7 }, PROOF, "the Runner stopped waiting; it was process 7"],
  // http, migration
  [{ request: {}, response: {} }, PROOF, UNPROVEN],
  [{ transaction: "741", backend: 7 }, PROOF, UNPROVEN],
  [{ transaction: "741", backend: 7, phase: "committing" }, PROOF, UNPROVEN],
  // release
  [{ release: r, files: { a: "" }, links: {} }, `it is live as ${r}`, UNPROVEN],
  [
    { release: r, phase: "reading" },
    PROOF,
    "the Runner stopped waiting: it was reading the site, and nothing was switched",
  ],
  [
    { release: r, phase: "copying", gaveUp: "time-out" },
    PROOF,
    `the Runner stopped waiting (time-out): it was copying ${r}, and nothing was switched`,
  ],
  [
    { release: r, phase: "switching" },
    PROOF,
    `the Runner stopped waiting: it was switching to ${r}, which may be live`,
  ],
  [
    { release: r, phase: "proving" },
    PROOF,
    `the Runner stopped waiting: it had switched to ${r}, which is not proven`,
  ],
  [
    { release: r, seen: other, differing: [] },
    PROOF,
    `it was switched to ${r}, and then ${other} was live`,
  ],
  [
    { release: r, seen: r, differing: ["a\nb", "c"] },
    PROOF,
    `${r} is live, and is not what the site was: see "a\\nb"`,
  ],
  [{ release: r, unreadable: "EIO" }, PROOF, `${r} cannot be read back: EIO`],
  [{ release: r, error: "EIO" }, PROOF, `the switch to ${r} failed, and it may be live: EIO`],
  // other actions
  [{ release: "r42" }, PROOF, UNPROVEN],
  [{ release: r, phase: "toString" }, PROOF, UNPROVEN],
  [{ release: r, seen: 7, differing: {}, error: {}, unreadable: null }, PROOF, UNPROVEN],
];

test("of a result no more is said than it holds", async () => {
  for (const [evidence, applied, unproven, failed = "why"] of WORDS) {
    const said = [
      await wordsOf(() => evidence),
      await wordsOf((_, scope) => scope.unproven(evidence)),
      await wordsOf(() => Promise.reject(Object.assign(new Error("why"), evidence))),
    ];
    assertEquals(said, [applied, unproven, failed], JSON.stringify(evidence));
  }
});

async function wordsOf(action: Action): Promise<string> {
  const request = { orderId: "x", action: { name: "any" } };
  const context = { executionId: "e", runner: "r" };
  const result = await execute(request, context, action);
  const [fact] = result.facts;
  return happened({ status: result.status, request, context, fact, result });
}
