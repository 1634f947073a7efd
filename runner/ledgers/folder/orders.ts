/** What a folder ledger holds of each order, and under which names. */
import { join } from "node:path";
import type { ExecutionResult, Fact } from "deployer-runtime";
import { entryOf, problemOfRecovered, problemOfResult } from "../entry.ts";
import type { Damage } from "../errors.ts";
import type { Entry } from "../ledger.ts";
import {
  type Claim,
  claimsIn,
  endIn,
  noting,
  type Read,
  reading,
  Unreadable,
} from "./documents.ts";
import { type Files, namesIn } from "./files.ts";
import { entryName, recoveredName, resultName } from "./names.ts";

/** The entry of an order. */
const ENTRY = /^([0-9a-f]{64})\.json$/;

/** What closes an order. */
export interface Ends {
  readonly result?: ExecutionResult | undefined;
  /** Whether its process has not given the result its own name, or that name was taken away. */
  readonly isOnlyInOpen?: boolean;
  readonly recovered?: Fact | undefined;
  readonly damage?: Damage | undefined;
}

/** The orders of one folder. */
export class Orders {
  readonly files: Files;
  readonly read: Read;
  readonly folder: string;
  /** The folder of what may be open. */
  readonly open: string;

  constructor(files: Files, folder: string, read: Read = reading(files)) {
    this.files = files;
    this.read = read;
    this.folder = folder;
    this.open = join(folder, "open");
  }

  entryPath(orderId: string): string {
    return join(this.folder, entryName(orderId));
  }

  resultPath(orderId: string): string {
    return join(this.folder, resultName(orderId));
  }

  /** It closes the order before its result has its own name, and keeps it closed without that. */
  openResultPath(orderId: string): string {
    return join(this.open, resultName(orderId));
  }

  recoveredPath(orderId: string): string {
    return join(this.folder, recoveredName(orderId));
  }

  /** Those that are consumed, in no order. */
  async hashes(): Promise<string[]> {
    const names = await namesIn(this.files, this.folder);
    return names.flatMap((name) => ENTRY.exec(name)?.[1] ?? []);
  }

  /** The claim that has the order's name: the one that consumed it. */
  async claimOf(hash: string): Promise<Claim | undefined> {
    return (await claimsIn(this.read, join(this.folder, `${hash}.json`)))?.[0];
  }

  /** What closes an order, and what is damaged of that. */
  async endsOf({ fact }: Claim): Promise<Ends> {
    const damages: Damage[] = [];
    const [stored, recovered] = await Promise.all([
      this.#resultOf(fact).catch(noting(damages)),
      endIn<Fact>(
        this.read,
        this.recoveredPath(fact.orderId),
        (end) => problemOfRecovered(fact, end),
      ).catch(noting(damages)),
    ]);
    return { ...stored, recovered, damage: damages[0] };
  }

  /**
   * All that is known of an order; `undefined` if it is not consumed.
   *
   * @throws {Unreadable} If a part of it is damaged
   */
  async entryOf(hash: string): Promise<Entry | undefined> {
    const claim = await this.claimOf(hash);
    return claim && await this.entryOfClaim(claim);
  }

  /** @throws {Unreadable} If what closes it is damaged */
  async entryOfClaim(claim: Claim): Promise<Entry> {
    const { result, recovered, damage } = await this.endsOf(claim);
    if (damage) throw new Unreadable(damage.where, damage.problem, true);
    return entryOf(claim, result, recovered);
  }

  async #resultOf(fact: Fact): Promise<Pick<Ends, "result" | "isOnlyInOpen">> {
    const problemOf = (end: unknown) => problemOfResult(fact, end);
    const result = await endIn<ExecutionResult>(
      this.read,
      this.resultPath(fact.orderId),
      problemOf,
    );
    if (result) return { result };
    const path = this.openResultPath(fact.orderId);
    return {
      result: await endIn<ExecutionResult>(this.read, path, problemOf),
      isOnlyInOpen: true,
    };
  }
}
