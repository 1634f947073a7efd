/** Has every document judged by every validator, with the separate schemas and with the one file. */
import { bundle } from "../../schemas/bundle.ts";
import { type Schema, schemas } from "../support/schemas.ts";
import type { Case } from "./corpus.ts";
import type { Judge } from "./judges.ts";

/** What one validator said. */
export interface Row {
  readonly judge: Judge;
  readonly accepted: number;
  readonly refused: number;
  /** Names of the documents on which it was of another opinion than the rest. */
  readonly disagreements: readonly string[];
  /** Names of the documents on which the one file made it change its opinion. */
  readonly changes: readonly string[];
}

/**
 * Hears every judge. Where nobody knows beforehand whether a document is valid, the opinion of the
 * first judge stands for that of the rest.
 */
export async function hear(judges: readonly Judge[], cases: readonly Case[]): Promise<Row[]> {
  const separate = Object.values(schemas);
  const one = bundle() as Schema;
  const schemaOf = (contract: string) => schemas[`${contract}.schema.json`] as Schema;
  const rows: Row[] = [];
  let first: readonly boolean[] | undefined;
  for (const judge of judges) {
    const ask = (held: readonly Schema[], addressOf: (contract: string) => string) =>
      judge.opinions(
        held,
        cases.map(({ contract, document }) => ({ address: addressOf(contract), document })),
      );
    const opinions = await ask(separate, (contract) => schemaOf(contract).$id);
    const again = await ask([one], (contract) => `${one.$id}#/$defs/${schemaOf(contract).title}`);
    first ??= opinions;
    const rest = first;
    const named = (differs: (at: number) => boolean) =>
      cases.filter((_, at) => differs(at)).map(({ name }) => name);
    rows.push({
      judge,
      accepted: opinions.filter((opinion) => opinion).length,
      refused: opinions.filter((opinion) => !opinion).length,
      disagreements: named((at) => opinions[at] !== (cases[at]?.expected ?? rest[at])),
      changes: named((at) => again[at] !== opinions[at]),
    });
  }
  return rows;
}

/** One line a validator. */
export function table(rows: readonly Row[]): string {
  const heads = ["validator", "language", "accepted", "refused", "disagreements", "in one file"];
  const cells = rows.map(({ judge, accepted, refused, disagreements, changes }) => [
    judge.name,
    judge.language,
    ...[accepted, refused, disagreements.length, changes.length].map(String),
  ]);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0))
  );
  return [heads, ...cells].map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  ).join("\n");
}
