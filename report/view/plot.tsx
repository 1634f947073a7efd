import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { MARGIN, type Marks, marksOf } from "../plot.ts";
import { pause } from "../pause.ts";
import type { Query } from "../query.ts";
import type { Row } from "../reading/book.ts";
import { PAPER, usePrinting } from "./printing.ts";
import { useWidth } from "./width.ts";

export interface PlotProps {
  readonly rows: readonly Row[];
  readonly change: (change: Partial<Query>) => void;
  readonly look: (row: Row) => void;
  readonly isReading: boolean;
}

const HEIGHT = 180;

/**
 * When and how long. A drag across it asks for a span of time, a click opens the nearest mark: what
 * the fields for time and the list do for those who use no pointer.
 */
export function Plot({ rows, change, look, isReading }: PlotProps): JSX.Element | null {
  const svg = useRef<SVGSVGElement>(null);
  const screen = Math.max(240, useWidth(svg));
  const onScreen = useMarks(rows, screen);
  // They are ready before anybody prints: then, there is no time to place them.
  const onPaper = useMarks(rows, PAPER, !isReading);
  const isOnPaper = usePrinting() && onPaper !== undefined && !isReading;
  const [marks, width] = isOnPaper ? [onPaper, PAPER] : [onScreen, screen];
  const [span, setSpan] = useState<[number, number]>();
  const placeOf = (event: PointerEvent) => {
    const { left, top } = svg.current!.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top] as const;
  };
  const end = (event: PointerEvent) => {
    if (!span || !marks) return;
    const [x, y] = placeOf(event);
    setSpan(undefined);
    const from = Math.min(span[0], x);
    const to = Math.max(span[0], x);
    if (to - from > 5) return change({ from: secondOf(marks, from), to: secondOf(marks, to) });
    const row = marks.nearest(x, y);
    if (row) look(row);
  };
  return (
    <figure class="plot">
      <figcaption>Executions by when they were called, and how long they took</figcaption>
      <svg
        ref={svg}
        role="img"
        aria-label={marks?.inWords ?? "No execution"}
        height={HEIGHT}
        viewBox={isOnPaper ? `0 0 ${width} ${HEIGHT}` : undefined}
        onPointerDown={(event) => {
          const [x] = placeOf(event);
          svg.current!.setPointerCapture(event.pointerId);
          setSpan([x, x]);
        }}
        onPointerMove={(event) => span && setSpan([span[0], placeOf(event)[0]])}
        onPointerUp={end}
        onPointerCancel={() => setSpan(undefined)}
      >
        {marks && <Axes marks={marks} width={width} />}
        {marks?.outlines.map(({ status, isDots, path }, index) => (
          <path
            key={index}
            class={`${isDots ? "dots" : "mark"} ${status}`}
            d={path}
            fill-rule="evenodd"
          />
        ))}
        {span && (
          <rect
            class="span"
            x={Math.min(...span)}
            width={Math.abs(span[1] - span[0])}
            y={MARGIN.top}
            height={HEIGHT - MARGIN.top - MARGIN.bottom}
          />
        )}
      </svg>
    </figure>
  );
}

function Axes({ marks, width }: { marks: Marks; width: number }): JSX.Element {
  const floor = HEIGHT - MARGIN.bottom;
  return (
    <g class="axes">
      {marks.yTicks.map(({ at, text }) => (
        <g key={text}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={at} y2={at} />
          <text x={MARGIN.left - 8} y={at} text-anchor="end" dominant-baseline="middle">
            {text}
          </text>
        </g>
      ))}
      <line class="floor" x1={MARGIN.left} x2={width - MARGIN.right} y1={floor} y2={floor} />
      {marks.xTicks.map(({ at, text }) => (
        <g key={at}>
          <line class="floor" x1={at} x2={at} y1={floor} y2={floor + 4} />
          <text x={at} y={floor + 16} text-anchor="middle">{text}</text>
        </g>
      ))}
    </g>
  );
}

/** The marks, once they are placed; until then, those before. */
function useMarks(rows: readonly Row[], width: number, isDue = true): Marks | undefined {
  const [marks, setMarks] = useState<Marks>();
  useEffect(() => {
    if (!isDue) return;
    let isWanted = true;
    const unlessOver = () => isWanted ? pause() : Promise.reject(new Error("other rows are shown"));
    marksOf(rows, width, HEIGHT, unlessOver).then(setMarks, (error) => {
      if (isWanted) throw error;
    });
    return () => void (isWanted = false);
  }, [rows, width, isDue]);
  return marks;
}

/** The second at a place, as a field for time has it. */
function secondOf(marks: Marks, x: number): string {
  return new Date(marks.instantAt(x)).toISOString().slice(0, 19);
}
