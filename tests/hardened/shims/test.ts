/** As much of `node:test` as the tests of the laws use: they run one after another. */

type Body = (context: { diagnostic(message: string): void }) => unknown;

/** What was registered, in order. */
export const registered: { name: string; body: Body }[] = [];

/** Registers a test. */
export function test(name: string, ...rest: [Body] | [options: object, Body]): void {
  registered.push({ name, body: rest.at(-1) as Body });
}
