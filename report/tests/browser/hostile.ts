/** Results in which every field and key is written by somebody who means harm. */
import { execute, type ExecutionResult } from "../../../mod.ts";
import { HOSTILE } from "../../../tests/support/hostile.ts";

/** What would run, load, style or deceive in a page that takes text for anything else. */
export const INJECTIONS: readonly string[] = [
  "<script>alert(1)</script>",
  "</script><script>alert(1)</script>",
  "<!--<script>",
  "]]><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<img src='https://attacker.invalid/x.png'>",
  "<svg onload=alert(1)><use href='https://attacker.invalid/#x'></svg>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<style>*{display:none}@import 'https://attacker.invalid/x.css';</style>",
  "<link rel=stylesheet href=https://attacker.invalid/x.css>",
  "<base href=https://attacker.invalid/>",
  "<meta http-equiv=refresh content='0;url=https://attacker.invalid/'>",
  "<form action=https://attacker.invalid/><input name=a autofocus onfocus=alert(1)>",
  "<a href='javascript:alert(1)'>x</a>",
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  '" onmouseover=alert(1) x="',
  "' style='position:fixed;inset:0;background:url(https://attacker.invalid/x)' '",
  "{{constructor.constructor('alert(1)')()}}",
  "${alert(1)}",
  "<math><mtext></mtext><script>alert(1)</script></math>",
  "<template><script>alert(1)</script></template>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "__proto__",
  "constructor",
  "dangerouslySetInnerHTML",
  "\u202eevitcerid\u202c \u2066isolated\u2069",
  "zero\u200bwidth\u200c\u200d\ufeff\u2060",
  "\u{e0041}\u{e0042}tags",
  "a\u0300".repeat(1) + "\u0301".repeat(300),
  "\ufdfd".repeat(40),
  "W".repeat(250),
  "日本語".repeat(80),
  "line\nbreak\ttab\r\u0085\u2028\u2029",
  "\x1b[31mred\x07",
  "\u0000\ud800\udfff\uffff",
  "",
];

/** A result with a text in every field, and as every key. */
function poisoned(text: string, index: number): Promise<ExecutionResult> {
  const value = {
    [text]: text,
    $$typeof: text,
    type: "script",
    props: { dangerouslySetInnerHTML: { __html: text } },
    list: [text, { [text]: { [text]: text } }],
    map: new Map<unknown, unknown>([[text, text], [{ [text]: text }, new Set([text])]]),
    url: new URL("javascript:alert(1)"),
    symbol: Symbol(text),
    named: Object.defineProperty(() => {}, "name", { value: text }),
    regexp: new RegExp(text.replaceAll(/[^\w]/g, "\\$&") || "x"),
  };
  const identity = `${text.slice(0, 200)} ${index}`;
  return execute(
    { orderId: identity, action: { name: text.slice(0, 250) || "x", input: value } },
    {
      executionId: identity,
      runner: text.slice(0, 250) || "x",
      annotations: { [text]: text },
    },
    () => {
      const error = Object.assign(new Error(text, { cause: value }), { code: text, [text]: text });
      error.name = text;
      error.stack = text;
      throw error;
    },
  );
}

/** Any result, with a text in place of each of its own fields too: no schema accepts these. */
function broken(result: ExecutionResult, text: string): unknown {
  const replaced = (value: unknown): unknown => {
    if (typeof value === "string") return text;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(replaced);
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => [[key, replaced(item)], [text + key, text]]),
    );
  };
  const all = replaced(JSON.parse(JSON.stringify(result))) as Record<string, unknown>;
  return { ...all, orderId: `broken ${result.orderId}`, executionId: text };
}

/** All of them, as NDJSON. The list of the fuzzing's values is among them. */
export async function hostileResults(): Promise<{ ndjson: string; count: number }> {
  const results: unknown[] = [];
  for (const [index, text] of INJECTIONS.entries()) {
    const result = await poisoned(text, index);
    results.push(result, broken(result, text));
  }
  for (const [index, [name, make]] of HOSTILE.entries()) {
    if (name.includes("100 MB")) continue;
    const order = { orderId: `fuzzing ${index}: ${name}`, action: { name: "x" } };
    results.push(await execute(order, { executionId: name, runner: "me" }, make as () => null));
  }
  return {
    ndjson: results.map((result) => JSON.stringify(result)).join("\n"),
    count: results.length,
  };
}
