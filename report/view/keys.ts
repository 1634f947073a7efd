import { useEffect, useRef } from "preact/hooks";

/** What takes letters. A choice of files has the focus after it was used, and takes none. */
const FIELDS = "input:not([type=file]), select, textarea";

export function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches(FIELDS);
}

/** Keys that are pressed anywhere but in a field. `handle` returns whether it took the key. */
export function useKeys(handle: (event: KeyboardEvent) => boolean | void): void {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const follow = (event: KeyboardEvent) => {
      const { ctrlKey, metaKey, altKey, isComposing, defaultPrevented, target } = event;
      if (ctrlKey || metaKey || altKey || isComposing || defaultPrevented || isField(target)) {
        return;
      }
      if (latest.current(event) === true) event.preventDefault();
    };
    document.addEventListener("keydown", follow);
    return () => document.removeEventListener("keydown", follow);
  }, []);
}
