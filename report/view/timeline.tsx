/** The facts of an execution on one line, to scale. */
import type { JSX } from "preact";
import { scaleLinear } from "d3-scale";
import type { Execution, Row } from "../reading/book.ts";
import { instantOf } from "../reading/instant.ts";
import { type Fields, isFields } from "../reading/recognise.ts";
import { durationInWords, instantInWords } from "../phrases.ts";
import { StatusShape } from "./shapes.tsx";
import { Text } from "./text.tsx";

/** What a fact means, in words. */
const MEANINGS: Readonly<Record<string, string>> = {
  ORDER_CONSUMED: "the order was handed to the Runner, to be marked consumed",
  ACTION_ATTEMPTED: "the action was called",
  SUCCESS_OBSERVED: "the action’s value was observed",
  FAILURE_OBSERVED: "the action’s failure was observed",
  PROOF_ABSENT: "no proof was observed",
};
/** An execution has four facts at most; what others have written may have any number. */
const MOST = 100;
const CLOSED = "a Runner closed the order: its own was gone";

interface Moment {
  readonly type: string;
  readonly at: number;
  readonly meaning: string;
}

export function Timeline({ row, execution }: { row: Row; execution: Execution }): JSX.Element {
  const all = momentsOf(execution);
  const moments = all.slice(0, MOST);
  const times = moments.map(({ at }) => at).filter((at) => !Number.isNaN(at));
  const first = Math.min(...times);
  const last = Math.max(...times);
  const steps = moments.map(({ at }, index) => index === 0 ? NaN : at - moments[index - 1]!.at);
  return (
    <section class="card timeline">
      <h2>Timeline</h2>
      {times.length > 1 && last > first && (
        <Scale moments={moments} first={first} last={last} row={row} />
      )}
      <ol>
        {moments.map(({ type, at, meaning }, index) => (
          <li key={index}>
            <b>
              <Text value={type} />
            </b>
            <time>{instantInWords(at) || "no readable time"}</time>
            <span class="step">{steps[index]! >= 0 && `+${durationInWords(steps[index]!)}`}</span>
            <span class="meaning">{meaning}</span>
          </li>
        ))}
      </ol>
      {moments.length === 0 && <p>No fact was read.</p>}
      {all.length > MOST && <p>And {(all.length - MOST).toLocaleString("en")} more facts.</p>}
      {!Number.isNaN(row.duration) && (
        <p>
          The Runner watched the action for{" "}
          <b>{row.duration.toLocaleString("en", { maximumFractionDigits: 3 })} ms</b>, by the
          monotonic clock; the action may have gone on.
        </p>
      )}
      {steps.some((step) => step < 0) && (
        <p>
          The wall clock stepped back between two facts: their order in the list is what counts.
        </p>
      )}
    </section>
  );
}

interface ScaleProps {
  readonly moments: readonly Moment[];
  readonly first: number;
  readonly last: number;
  readonly row: Row;
}

function Scale({ moments, first, last, row }: ScaleProps): JSX.Element {
  const percent = scaleLinear([first, last], [0, 100]);
  const x = (at: number) => `${percent(at)}%`;
  const ticks = scaleLinear([0, last - first], [0, 100]).ticks(3)
    .filter((tick) => tick <= last - first);
  const placed = moments.filter(({ at }) => !Number.isNaN(at));
  return (
    <div class="scale" aria-hidden="true">
      <svg width="100%" height="52">
        {placed.slice(1).map(({ at }, index) => {
          const before = placed[index]!.at;
          return at > before && (
            <rect
              key={index}
              class={index === placed.length - 2 ? `segment last ${row.status}` : "segment"}
              x={x(before)}
              width={`${percent(at) - percent(before)}%`}
              y="10"
              height="14"
            />
          );
        })}
        {ticks.map((tick) => (
          <g key={tick}>
            <line
              x1={`${tick / (last - first) * 100}%`}
              x2={`${tick / (last - first) * 100}%`}
              y1="28"
              y2="33"
            />
            <text
              x={`${tick / (last - first) * 100}%`}
              y="47"
              text-anchor={tick === 0 ? "start" : tick > (last - first) * 0.92 ? "end" : "middle"}
            >
              {tick === 0 ? "0" : durationInWords(tick)}
            </text>
          </g>
        ))}
        {placed.map(({ at }, index) => (
          <line key={index} class="moment" x1={x(at)} x2={x(at)} y1="4" y2="28" />
        ))}
      </svg>
      <StatusShape status={row.status} />
    </div>
  );
}

/** The facts of the result; else, or besides, those that stand alone. */
function momentsOf({ result, claim, facts }: Execution): Moment[] {
  const own = Array.isArray(result?.facts) ? result.facts.filter(isFields) : [];
  const all = own.length > 0 ? own : claim ? [claim.fact] : [];
  return [
    ...all.map((fact) => moment(fact, MEANINGS)),
    ...facts.map((fact) => moment(fact, { ...MEANINGS, PROOF_ABSENT: CLOSED })),
  ];
}

function moment({ type, at }: Fields, meanings: Readonly<Record<string, string>>): Moment {
  const name = typeof type === "string" ? type : JSON.stringify(type) ?? "no type";
  return {
    type: name,
    at: instantOf(at),
    meaning: (Object.hasOwn(meanings, name) ? meanings[name] : undefined) ?? "",
  };
}
