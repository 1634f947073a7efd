/** `setImmediate` of `node:timers`; in a page a message, which comes as the next task. */
const { setImmediate: native } = globalThis as { setImmediate?: (body: () => void) => void };

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

export function setImmediate(body: () => void): void {
  if (native) return native(body);
  waiting.push(body);
  port2.postMessage(undefined);
}
if (native) port1.close();
