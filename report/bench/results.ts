/** Results as real executions leave them: any number of them, the same ones each time. */
import { createFact, execute, type ExecutionResult, type Fact } from "../../mod.ts";

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 0, 30, 6);

/** A ledger's entry, as far as the page reads it. */
export interface Entry {
  readonly status: string;
  readonly fact: Fact;
  readonly request: unknown;
  readonly context: unknown;
  readonly result?: ExecutionResult;
  readonly recovered?: Fact;
}

const RUNNERS = ["ci/release", "alice", "fleet/worker-1", "fleet/worker-2", "fleet/worker-3"];
const ACTIONS = ["release.switch", "migration.apply", "cache.purge", "command", "http"];
const SITES = ["docs", "shop", "blog", "status", "search"];

/** The next of a fixed row of numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** `count` entries within two days; of 10,000, about 100 failed, and 3 are UNKNOWN. */
export async function* entries(count: number, seed = 7): AsyncGenerator<Entry> {
  const draw = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const unknown = new Map([[0.31, "unproven"], [0.58, "aborted"], [0.83, "lost"]].map((
    [part, how],
  ) => [Math.floor(count * (part as number)), how as string]));
  for (let index = 0; index < count; index++) {
    const at = FIRST + Math.floor(2 * DAY * index / count + draw() * 2000);
    const name = pick(ACTIONS);
    const site = pick(SITES);
    const ms = Math.exp(2 + draw() * 6 + (name === "migration.apply" ? 2 : 0));
    const release = `r${1000 + Math.floor(index / 40)}`;
    const request = {
      orderId: `${name.split(".")[0]}-${site}-${String(index + 1).padStart(6, "0")}`,
      action: { name, input: { site, release, files: Math.floor(draw() * 900) } },
    };
    const context = {
      executionId: `e-${(index * 2_654_435_761 % 4_294_967_296).toString(16).padStart(8, "0")}`,
      runner: pick(RUNNERS),
      annotations: { commit: Math.floor(draw() * 2 ** 32).toString(16).padStart(8, "0") },
    };
    const how = unknown.get(index) ?? (draw() < 0.012 ? "throw" : "return");
    yield await entry(request, context, how, at, ms, draw);
  }
}

async function entry(
  request: { orderId: string; action: { name: string; input: Record<string, unknown> } },
  context: { executionId: string; runner: string },
  how: string,
  at: number,
  ms: number,
  draw: () => number,
): Promise<Entry> {
  const consumed = createFact("ORDER_CONSUMED", { ...request, ...context }, iso(at));
  if (how === "lost") {
    const recovered = createFact("PROOF_ABSENT", consumed, iso(at + 95_000));
    return { status: "UNKNOWN", fact: consumed, request, context, recovered };
  }
  const readings = [at, at + 1 + Math.floor(draw() * 9)];
  const monotonic = [0, ms];
  const clock = { now: () => readings.shift()!, monotonic: () => monotonic.shift()! };
  const controller = new AbortController();
  const result = await execute(request, context, (_request, { unproven }) => {
    if (how === "throw") throw failure(request.action.input.site);
    if (how === "unproven") return unproven({ lost: "the connection was reset", during: "COMMIT" });
    if (how === "aborted") {
      controller.abort(new DOMException("The deadline of 30 s passed", "TimeoutError"));
      return new Promise<never>(() => {});
    }
    return proof(request.action.input, ms);
  }, { clock, signal: controller.signal });
  return { status: result.status, fact: result.facts[0], request, context, result };
}

/** With stacks that are the same on every machine. */
function failure(site: unknown): Error {
  const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104 });
  cause.stack = `Error: read ECONNRESET
    at TLSWrap.onStreamRead (node:internal/stream_base_commons:216:20)`;
  const error = new TypeError(`the mirror of ${site} did not take the release`, { cause });
  error.stack = `TypeError: ${error.message}
    at push (file:///srv/deploy/mirror.js:42:11)
    at async release (file:///srv/deploy/release.js:17:3)`;
  return error;
}

function proof(input: Record<string, unknown>, ms: number): Record<string, unknown> {
  return {
    current: input.release,
    previous: undefined,
    verified: true,
    rows: BigInt(Math.floor(ms * 1e9)),
    digest: new Uint8Array([222, 173, 190, 239]),
    log: `switched ${input.site} to ${input.release} in ${ms.toFixed(0)} ms`,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
