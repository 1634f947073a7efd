/** Another realm: Node's and Deno's own, in a page a frame. */

interface Platform {
  process?: { getBuiltinModule?(name: string): { runInNewContext(code: string): unknown } };
  document?: {
    querySelector(selector: string): { contentWindow: { eval(code: string): unknown } };
  };
}

/** What is said where there is none, as in a worker. */
export const NO_REALM = "cannot find another realm";

/** What code evaluates to in another realm. */
export function runInNewContext(code: string): unknown {
  const { process, document } = globalThis as Platform;
  if (document) return document.querySelector("iframe").contentWindow.eval(code);
  if (!process?.getBuiltinModule) throw new Error(NO_REALM);
  return process.getBuiltinModule("node:vm").runInNewContext(code);
}
