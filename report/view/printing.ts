import { options } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The width of A4 and of Letter between their margins, in pixels of CSS. */
export const PAPER = 700;

/**
 * Whether the page is being printed. Firefox tells by the events alone; a preview of print styles,
 * as developers' tools have it, by the medium alone.
 */
export function usePrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    const media = matchMedia("print");
    const begin = () => atOnce(() => setPrinting(true));
    const end = () => setPrinting(media.matches);
    media.addEventListener("change", end);
    addEventListener("beforeprint", begin);
    addEventListener("afterprint", end);
    return () => {
      media.removeEventListener("change", end);
      removeEventListener("beforeprint", begin);
      removeEventListener("afterprint", end);
    };
  }, []);
  return isPrinting;
}

/** Firefox prints the page as it is once the event is over: before any microtask. */
function atOnce(change: () => void): void {
  options.debounceRendering = (render) => render();
  change();
  delete options.debounceRendering;
}
