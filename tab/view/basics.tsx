// The small parts that all sections of the page share: sections, facts, links, marks, tables that show their rest on demand.
import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import { linkTo, timeText } from "../model/format.ts";

/** Opens an address by the host, which leaves the frame where it is. */
export const Opening = createContext<(url: string) => void>(() => {});

export function Section({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} class="section">
      <h2 id={`${id}-title`} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </section>
  );
}

/** Text of others that may have an address: a link where that is https, and text where not. */
export function Link({ text, url }: { text: string; url?: string | undefined }) {
  const open = useContext(Opening);
  const href = linkTo(url);
  if (href === undefined) return <span class="name">{text}</span>;
  return (
    <a
      class="name"
      href={href}
      rel="noopener noreferrer"
      target="_blank"
      onClick={(event) => {
        event.preventDefault();
        open(href);
      }}
    >
      {text}
    </a>
  );
}

export type Outcome = "passed" | "failed" | "skipped" | "warned" | "running";
const SIGNS = { passed: "✔", failed: "✘", skipped: "–", warned: "!", running: "…" } as const;

/** A sign and its word: colour alone says nothing. */
export function Mark({ outcome, word }: { outcome: Outcome; word: string }) {
  return (
    <span class={`mark ${outcome}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[outcome]}
      </span>
      {word}
    </span>
  );
}

/** Names with their values; rows without a value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  const shown = rows.filter(([, value]) => value !== undefined && value !== "" && value !== false);
  if (shown.length === 0) return null;
  return (
    <dl class="facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** @param toMinute without seconds, where there is little room */
export const Time = ({ iso, toMinute = false }: { iso: string | undefined; toMinute?: boolean }) =>
  iso === undefined ? null : <time dateTime={iso}>{timeText(iso, toMinute)}</time>;

export interface Column<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

/** Rows of a table that are there at once. */
export const FIRST = 100;

/** A table of the first hundred rows; a button shows the others. */
export function Table<Row>({
  caption,
  columns,
  rows,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, FIRST);
  return (
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} scope="col" class={isNumber ? "number" : ""}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            // Rows have no names of their own, and keep their order.
            <tr key={index}>
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} data-title={title} class={isNumber ? "number" : ""}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show all {rows.length.toLocaleString("en-US")} rows
        </button>
      )}
    </section>
  );
}

/** A part that is closed until somebody opens it; what is in it is made only then. */
export function Fold({
  title,
  isOpen = false,
  children,
}: {
  title: ComponentChildren;
  isOpen?: boolean;
  children: () => ComponentChildren;
}) {
  const [wasOpened, setOpened] = useState(isOpen);
  return (
    <details open={isOpen} onToggle={(event) => event.currentTarget.open && setOpened(true)}>
      <summary>{title}</summary>
      {wasOpened && <div class="folded">{children()}</div>}
    </details>
  );
}

/** Entries that the writer had no room for. */
export function Omitted({ omitted, list }: { omitted: Readonly<Record<string, number>> | undefined; list: string }) {
  const left = omitted?.[list];
  return left === undefined ? null : (
    <p class="note">
      {left.toLocaleString("en-US")} more did not fit into the record; they are in the log of the step.
    </p>
  );
}
