/**
 * `node:process`; in a page, as much of it as the tests use. The environment is the same in all
 * places: some may not read it, and this is about the places, not about numbers.
 */
const ENVIRONMENT: Record<string, string> = { CASES: "1000", FUZZ_CASES: "2000" };

type Listener = (reason: unknown) => void;

const listeners = new Map<Listener, (event: Event) => void>();

const pageProcess = {
  env: ENVIRONMENT,
  on(_event: "unhandledRejection", listener: Listener): void {
    const heard = (event: Event) => {
      event.preventDefault();
      listener((event as PromiseRejectionEvent).reason);
    };
    listeners.set(listener, heard);
    globalThis.addEventListener("unhandledrejection", heard);
  },
  off(_event: "unhandledRejection", listener: Listener): void {
    const heard = listeners.get(listener);
    if (heard) globalThis.removeEventListener("unhandledrejection", heard);
  },
};

const holder = globalThis as { process?: Pick<typeof pageProcess, "env"> };
holder.process ??= pageProcess;
holder.process.env = ENVIRONMENT;

export default holder.process as { env: Record<string, string> };
