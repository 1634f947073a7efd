/** One execution: what it says, when, of whom, what was observed, and whether the contract accepts it. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { isResult } from "compiled:validators";
import { type Finding, judge } from "../checks/contract.ts";
import { type Book, type Execution, executionOf, type Row } from "../reading/book.ts";
import { beginning } from "../reading/beginning.ts";
import { instantOf } from "../reading/instant.ts";
import { type Fields, isFields } from "../reading/recognise.ts";
import { recordedTree, resultTree } from "../tree/node.ts";
import { reasonOf } from "../reason.ts";
import { fidelityOf, instantInWords, isProofAbsent, SETTLEMENTS, wordsOf } from "../phrases.ts";
import { useKeys } from "./keys.ts";
import { NAMES, StatusShape } from "./shapes.tsx";
import { Name, Text } from "./text.tsx";
import { Timeline } from "./timeline.tsx";
import { showField, Tree } from "./tree.tsx";

/** Findings that are shown at their fields: each field looks for its own. */
const FINDINGS = 500;

/** Annotations that are shown, and characters of one: the JSON has all. */
const ANNOTATIONS = 100;
const ANNOTATION = 10_000;

/** Characters of a reason below the title: the whole value is further down. */
const REASON = 1000;

export interface DetailProps {
  readonly book: Book;
  /** `undefined` if nothing that was read has it. */
  readonly row: Row | undefined;
  readonly rows: readonly Row[];
  readonly isReading: boolean;
  readonly back: () => void;
  readonly look: (row: Row) => void;
}

export function Detail(props: DetailProps): JSX.Element {
  const { row, back, isReading } = props;
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, []);
  useKeys(({ key }) => key === "Escape" && back());
  return (
    <main class="detail" ref={main} tabIndex={-1}>
      <Steps {...props} />
      {row
        ? <Found {...props} row={row} />
        : <h1>{isReading ? "Reading …" : "This order is not in what was read"}</h1>}
    </main>
  );
}

function Steps({ row, rows, back, look }: DetailProps): JSX.Element {
  const place = row ? rows.indexOf(row) : -1;
  const step = (label: string, to: Row | undefined) => (
    <button
      type="button"
      disabled={!to}
      onClick={() => to && look(to)}
    >
      {label}
    </button>
  );
  return (
    <nav class="steps" aria-label="Executions">
      <button type="button" onClick={back}>← All executions</button>
      {place >= 0 && (
        <>
          {step("↑ Previous", rows[place - 1])}
          {step("↓ Next", rows[place + 1])}
          <span>{(place + 1).toLocaleString("en")} of {rows.length.toLocaleString("en")}</span>
        </>
      )}
    </nav>
  );
}

function Found({ book, row, look }: DetailProps & { row: Row }): JSX.Element {
  const execution = useMemo(() => executionOf(row), [row, row.documents.length]);
  const { result, facts } = execution;
  const all = useMemo(() => result ? judge(result, isResult) : [], [result]);
  const findings = useMemo(() => all.slice(0, FINDINGS), [all]);
  const others = book.others(row);
  const reason = result && !facts.some(isProofAbsent) ? reasonOf(result, REASON) : row.reason;
  return (
    <>
      <header class={`headline ${row.status}`}>
        <p class="badge">
          <StatusShape status={row.status} />
          <b>{NAMES[row.status]}</b>
          {SETTLEMENTS.has(row.settlement) && <span>{SETTLEMENTS.get(row.settlement)}</span>}
        </p>
        <h1>{row.orderId === "" ? <i>no orderId</i> : <Name value={row.orderId} />}</h1>
        {reason !== "" && (
          <p class="reason">
            <Text value={reason} />
          </p>
        )}
        <p class="by">
          <b>
            <Name value={row.action || "an action without a name"} />
          </b>
          {" by "}
          <b>
            <Name value={row.runner || "a Runner without a name"} />
          </b>
          {!Number.isNaN(row.at) && (
            <>
              , <time>{instantInWords(row.at)}</time> UTC
            </>
          )}
        </p>
      </header>
      {others.length > 0 && <Others others={others} look={look} />}
      {findings.length > 0 && <Refused findings={findings} count={all.length} />}
      <div class="columns">
        <div>
          {result && <Observed result={result} findings={findings} />}
          <Says row={row} execution={execution} isRefused={findings.length > 0} />
          <Timeline row={row} execution={execution} />
        </div>
        <div>
          <Identity row={row} execution={execution} />
          <Given execution={execution} findings={findings} />
          <Sources row={row} />
        </div>
      </div>
      {result && (
        <Fold title="All fields" isOpen={findings.length > 0}>
          <Tree node={resultTree(result)} name="all" findings={findings} />
        </Fold>
      )}
      <Json json={execution.json ?? row.documents[0]?.text ?? ""} />
      {result && findings.length === 0 && (
        <p class="verdict">
          The contract accepts this result: its schemas, and what no schema can say.
        </p>
      )}
    </>
  );
}

function Others(
  { others, look }: { others: readonly Row[]; look: (row: Row) => void },
): JSX.Element {
  return (
    <div class="card warning">
      <p>
        <b>This order was read more than once.</b>{" "}
        An order is one order, and has one execution: something went wrong outside the Deployer.
      </p>
      <ul>
        {others.slice(0, 20).map((other) => (
          <li key={other.id}>
            <button type="button" class="link" onClick={() => look(other)}>
              {NAMES[other.status]}, <Name value={other.executionId || "no executionId"} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface SaysProps {
  readonly row: Row;
  readonly execution: Execution;
  readonly isRefused: boolean;
}

function Says({ row, execution, isRefused }: SaysProps): JSX.Element {
  const { says, saysNot } = wordsOf(row, execution);
  const closed = execution.facts.find(isProofAbsent);
  return (
    <section class="card says">
      <h2>What this says</h2>
      {isRefused && (
        <p class="finding">✗ The contract refuses this result: this is what it claims.</p>
      )}
      <p class="lead">{says}</p>
      {closed && (
        <p>
          Closed on{" "}
          <b>
            <Text value={momentOf(closed.at)} />
          </b>{" "}
          by a Runner that recovered the ledger. The fact that it appended names the execution that
          was lost, and not who closed it.
        </p>
      )}
      {saysNot.length > 0 && <h3>What it does not say</h3>}
      <ul>{saysNot.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>
    </section>
  );
}

/** A moment in words, or whatever is in its place. */
function momentOf(at: unknown): string {
  const instant = instantOf(at);
  if (Number.isNaN(instant)) return typeof at === "string" ? at : JSON.stringify(at) ?? "no day";
  return `${instantInWords(instant)} UTC`;
}

/** What was observed is called by how the observation ended. */
const OBSERVED: ReadonlyMap<unknown, string> = new Map(Object.entries({
  RETURNED: "The action returned",
  THREW: "The action threw",
  UNPROVEN: "The action’s reason",
  ABORTED: "The Runner’s reason",
}));

function Observed(
  { result, findings }: { result: Fields; findings: readonly Finding[] },
): JSX.Element | null {
  const trace = isFields(result.trace) ? result.trace : {};
  const fidelity = isFields(trace.fidelity) ? trace.fidelity.raw : undefined;
  const fields = ["rawResult", "rawError"].filter((name) => Object.hasOwn(trace, name));
  if (fields.length === 0) return null; // What is said of it above is all there is.
  const title = OBSERVED.get(trace.settlement) ?? "What was observed";
  return (
    <section class="card">
      <h2>{title}</h2>
      {fields.map((name) => (
        <div key={name}>
          <Faithful fidelity={fidelity} />
          <Tree
            node={recordedTree(trace[name], `/trace/${name}`)}
            name="observed"
            findings={findings}
          />
        </div>
      ))}
    </section>
  );
}

/** The input, as the action was given it; as it was ordered, where no result says more. */
function Given({ execution, findings }: { execution: Execution; findings: readonly Finding[] }) {
  const { result, claim } = execution;
  const trace = isFields(result?.trace) ? result.trace : {};
  const ordered = isFields(claim?.request) ? claim.request : {};
  const action = result ? trace.action : ordered.action;
  if (!isFields(action) || action.input === undefined) {
    return (
      <section class="card">
        <h2>Input</h2>
        <p>The order has none.</p>
      </section>
    );
  }
  const fidelity = isFields(trace.fidelity) ? trace.fidelity.input : undefined;
  return (
    <section class="card">
      <h2>Input</h2>
      {result ? <Faithful fidelity={fidelity} /> : <p class="fidelity">As the order says it.</p>}
      <Tree
        node={result
          ? recordedTree(action.input, "/trace/action/input")
          : resultTree(action.input, "/order/input")}
        name="input"
        findings={findings}
      />
    </section>
  );
}

function Faithful({ fidelity }: { fidelity: unknown }): JSX.Element {
  const { inWords, isMissing } = fidelityOf(fidelity);
  return <p class={isMissing ? "fidelity missing" : "fidelity"}>{inWords}</p>;
}

function Refused(
  { findings, count }: { findings: readonly Finding[]; count: number },
): JSX.Element {
  return (
    <section class="card verdict refusing">
      <h2>✗ The contract refuses it</h2>
      <ul>
        {findings.slice(0, 50).map(({ pointer, message }) => (
          <li key={pointer + message}>
            <button type="button" class="link" onClick={() => showField("all", pointer)}>
              <Text value={pointer === "" ? "the result" : pointer} />
            </button>{" "}
            <Text value={message} />
          </li>
        ))}
      </ul>
      {count > 50 && <p>And {(count - 50).toLocaleString("en")} more.</p>}
    </section>
  );
}

function Identity({ row, execution }: { row: Row; execution: Execution }): JSX.Element {
  const { result, claim } = execution;
  const trace = isFields(result?.trace) ? result.trace : {};
  const context = isFields(trace.context)
    ? trace.context
    : isFields(claim?.context)
    ? claim.context
    : {};
  const annotations = isFields(context.annotations) ? Object.entries(context.annotations) : [];
  return (
    <section class="card identity">
      <h2>Identity</h2>
      <dl>
        <Field name="Order">{row.orderId}</Field>
        <Field name="Execution">{row.executionId}</Field>
        <Field name="Action">{row.action}</Field>
        <Field name="Runner">{row.runner}</Field>
        <Field name="traceparent">{context.traceparent}</Field>
        <Field name="Contract">{result?.contract ?? claim?.fact.contract}</Field>
      </dl>
      {annotations.length > 0 && (
        <>
          <h3>Annotations</h3>
          <dl>
            {annotations.slice(0, ANNOTATIONS).map(([name, value]) => (
              <Field key={name} name={name}>{value}</Field>
            ))}
          </dl>
          {annotations.length > ANNOTATIONS && (
            <p>And {(annotations.length - ANNOTATIONS).toLocaleString("en")} more.</p>
          )}
        </>
      )}
    </section>
  );
}

function Field({ name, children }: { name: string; children?: unknown }): JSX.Element | null {
  if (children === undefined || children === "") return null;
  const value = typeof children === "string" ? children : JSON.stringify(children);
  return (
    <>
      <dt>
        <Name value={name} />
      </dt>
      <dd>
        <Text value={beginning(value, ANNOTATION)} />
      </dd>
    </>
  );
}

function Sources({ row }: { row: Row }): JSX.Element {
  return (
    <section class="card sources">
      <h2>Read from</h2>
      <ul>
        {row.documents.slice(0, 20).map(({ file, line }, index) => (
          <li key={index}>
            <Text value={file} />, line {line.toLocaleString("en")}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface FoldProps {
  readonly title: string;
  readonly isOpen?: boolean;
  readonly children: ComponentChildren;
}

/** A section that is closed until somebody asks for it. */
function Fold({ title, isOpen: isFirst = false, children }: FoldProps): JSX.Element {
  const [isOpen, setOpen] = useState(isFirst);
  return (
    <section class="card fold">
      <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <h2>{title}</h2>
        </summary>
        {isOpen && children}
      </details>
    </section>
  );
}

function Json({ json }: { json: string }): JSX.Element {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(json);
      setSaid("Copied.");
    } catch (error) { // Where the page may not write to the clipboard, the reader can.
      setSaid(`The browser does not let the page copy (${(error as Error).message}): select it.`);
    }
  };
  return (
    <Fold title="JSON">
      <p class="buttons">
        <button type="button" onClick={copy}>Copy the JSON</button>
        <span role="status">{said}</span>
      </p>
      <pre tabIndex={0}>{json}</pre>
    </Fold>
  );
}
