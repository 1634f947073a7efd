/** Another realm: Node's and Deno's own, in a page a frame. */

interface Platform {
  process?: { getBuiltinModule?(name: string): { runInNewContext(code: string): unknown } };
  document?: {
    querySelector(selector: string): { contentWindow: { eval(code: string): unknown } };
  };
}

/** What code evaluates to in another realm. */
export function runInNewContext(code: string): unknown {
  const { process, document } = globalThis as Platform;
  if (document) return document.querySelector("iframe").contentWindow.eval(code);
  if (!process?.getBuiltinModule) throw new Error("cannot find another realm");
  return process.getBuiltinModule("node:vm").runInNewContext(code);
}
