import { useLayoutEffect, useState } from "preact/hooks";

/** The width of an element in pixels of CSS, whenever it changes. */
export function useWidth(element: { readonly current: Element | null }): number {
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const follow = () => setWidth(element.current!.clientWidth);
    follow();
    const observer = new ResizeObserver(follow);
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}
