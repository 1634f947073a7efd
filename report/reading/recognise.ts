/** What a document says of orders: a result, an entry or a row of a ledger, or a fact alone. */
import { isTooDeep, LEVELS } from "../../runner/contract/depth.ts";
import { beginning } from "./beginning.ts";

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** One thing that a document says of an execution. */
export type Part =
  | { readonly kind: "result"; readonly result: Fields }
  /** The order is consumed: its fact, and what a ledger keeps beside it. */
  | {
    readonly kind: "claim";
    readonly fact: Fields;
    readonly request?: unknown;
    readonly context?: unknown;
  }
  /** A fact alone. A PROOF_ABSENT closes an order that has no result. */
  | { readonly kind: "fact"; readonly fact: Fields };

/**
 * The parts of a document.
 *
 * @throws {TypeError} If it says nothing of an order; the message says what was looked for
 */
export function recognise(document: unknown): Part[] {
  if (!isFields(document)) throw new TypeError("it is no JSON object");
  const { order_id, fact, facts, trace, contract, status, type, at, ledger } = document;
  if (ledger === "deployer-runner/folder") return []; // The mark of a folder: of no order.
  if (typeof order_id === "string") return entry(unpacked(document));
  if (isFields(fact)) return entry(document);
  if (
    facts !== undefined || trace !== undefined || (contract !== undefined && status !== undefined)
  ) {
    return [{ kind: "result", result: document }];
  }
  if (type === "ORDER_CONSUMED") return [{ kind: "claim", fact: document }];
  if (typeof type === "string" && at !== undefined) return [{ kind: "fact", fact: document }];
  const names = Object.keys(document).slice(0, 5).map((name) =>
    JSON.stringify(beginning(name, 40))
  );
  throw new TypeError(
    `it is no result, fact, ledger entry or row: its fields are ${names.join(", ") || "none"}`,
  );
}

/** The documents in a page of `ledger.list()`; otherwise the document alone. */
export function contained(document: unknown): readonly unknown[] {
  return isFields(document) && Array.isArray(document.entries) ? document.entries : [document];
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entry({ fact, request, context, result, recovered }: Fields): Part[] {
  const parts: Part[] = [];
  if (isFields(fact)) parts.push({ kind: "claim", fact, request, context });
  if (isFields(result)) parts.push({ kind: "result", result });
  if (isFields(recovered)) parts.push({ kind: "fact", fact: recovered });
  if (parts.length === 0) throw new TypeError("it is a row without a fact or a result");
  return parts;
}

/** A row of SQLite holds its JSON as texts, one of PostgreSQL as itself. */
function unpacked(row: Fields): Fields {
  return Object.fromEntries(
    ["fact", "request", "context", "result", "recovered"].map((column) => {
      const value = row[column];
      if (typeof value !== "string") return [column, value];
      let document: unknown;
      try {
        document = JSON.parse(value);
      } catch (error) {
        throw new TypeError(`its column ${column} holds no JSON: ${(error as Error).message}`);
      }
      if (isTooDeep(document)) {
        throw new TypeError(`its column ${column} has more than ${LEVELS} levels`);
      }
      return [column, document];
    }),
  );
}
