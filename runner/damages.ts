/** What is damaged in a ledger that is read page by page. */
import { type Damage, LedgerDamaged } from "./ledgers/errors.ts";
import type { Page } from "./ledgers/ledger.ts";

/** Collects damage: a folder is read whole for each page, and names the same one again. */
export class Damages {
  readonly #found = new Map<string, Damage>();

  add({ damages = [] }: Page): void {
    for (const damage of damages) this.#found.set(`${damage.where} ${damage.problem}`, damage);
  }

  /** @throws {LedgerDamaged} If there is any */
  refuse(): void {
    if (this.#found.size > 0) throw new LedgerDamaged([...this.#found.values()], []);
  }
}
