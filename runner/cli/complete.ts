/** What can stand where somebody presses Tab: asked by the scripts of `deployer completion`. */
import { COMMANDS } from "./commands.ts";
import { SHELLS } from "./completion.ts";
import { isThere, locate, openLedger, withOpen } from "./ledger.ts";
import { type Option, type OptionName, OPTIONS } from "./options.ts";
import type { Shell } from "./shell.ts";

/** More orders than these nobody chooses from. */
const ORDERS = 200;

/**
 * Prints the candidates, one a line.
 *
 * @param words What stands behind `deployer`; the last one is to be completed, and may be empty
 * @returns 1 if there is none: then a shell offers files
 */
export async function complete(words: readonly string[], { stdout, env }: Shell): Promise<number> {
  const found = (await candidates(words, env)).filter((word) =>
    word.startsWith(words.at(-1) ?? "")
  );
  await stdout.write(found.map((word) => `${word}\n`).join(""));
  return found.length > 0 ? 0 : 1;
}

async function candidates(words: readonly string[], env: Shell["env"]): Promise<readonly string[]> {
  const [name = "", ...rest] = words;
  if (rest.length === 0) return [...Object.keys(COMMANDS), "help", "--help", "--version"];
  if (name === "help") return Object.keys(COMMANDS);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || rest.slice(0, -1).includes("--")) return [];
  const before = optionOf(rest.at(-2));
  if (before?.value !== undefined) return before.choices ?? [];
  if (rest.at(-1)!.startsWith("-")) return command.options.map((option) => `--${option}`);
  if (name === "completion") return Object.keys(SHELLS);
  return name === "show" ? await orders(rest, env) : [];
}

function optionOf(word: string | undefined): Option | undefined {
  const name = word?.slice(2) as OptionName;
  return word?.startsWith("--") && Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
}

/** Identities that need no quotes. What goes wrong is no matter for whoever presses Tab. */
async function orders(words: readonly string[], env: Shell["env"]): Promise<string[]> {
  try {
    const at = words.indexOf("--ledger");
    const location = locate(at < 0 ? env.DEPLOYER_LEDGER || undefined : words[at + 1]);
    if (!isThere(location)) return [];
    const { entries } = await withOpen(
      location,
      openLedger,
      (ledger) => ledger.list({ limit: ORDERS }),
    );
    return entries.map(({ request }) => request.orderId).filter((id) =>
      /^[\w@%+=:,./-]+$/.test(id)
    );
  } catch {
    return [];
  }
}
