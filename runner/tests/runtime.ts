/** How Deno starts a Runner of the suite here, where both packages' names are those of sources. */
import { fileURLToPath } from "node:url";

const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

export const runtime: string[] | undefined = "Deno" in globalThis
  ? ["run", "--no-check", "--allow-all", "--config", config]
  : undefined;
