// Checks and changes: preflight, setup, what Apply and a clean-up changed, and what new versions of models started.
import type { Step } from "../load.ts";
import { Fold, Link, Mark, Omitted, type Outcome, Section, Table, Time } from "./basics.tsx";

const OUTCOMES: Readonly<Record<string, { outcome: Outcome; word: string }>> = {
  passed: { outcome: "passed", word: "as it should be" },
  failed: { outcome: "failed", word: "to be fixed" },
  warned: { outcome: "warned", word: "may be lacking" },
  notAsked: { outcome: "skipped", word: "not asked" },
  notNeeded: { outcome: "skipped", word: "not needed" },
};
/** What was done to a resource; of a plan: what would be. */
function Change({ outcome, isPlan = false }: { outcome: string; isPlan?: boolean | undefined }) {
  return isPlan && DONE.has(outcome) ? (
    <Mark outcome="skipped" word={`would be ${outcome}`} />
  ) : (
    <Mark outcome={CHANGES[outcome] ?? "skipped"} word={outcome} />
  );
}

const DONE: ReadonlySet<string> = new Set(["deleted", "archived", "created", "updated"]);
const CHANGES: Readonly<Record<string, Outcome>> = {
  deleted: "passed",
  archived: "passed",
  created: "passed",
  updated: "passed",
  unchanged: "skipped",
  kept: "skipped",
  failed: "failed",
  left: "warned",
};

export function Checks({ steps }: { steps: readonly Step[] }) {
  const shown = steps.filter(
    ({ record: { setup, preflight, cleanUp, applied, watch } }) => setup ?? preflight ?? cleanUp ?? applied ?? watch,
  );
  if (shown.length === 0) return null;
  return (
    <Section id="checks" title="Checks and changes">
      {shown.map(({ id, name, record: { setup, preflight, cleanUp, applied, watch, omitted } }) => (
        <article key={id} class="part">
          <h3>{name}</h3>
          <CheckList name={name} checks={[...(setup?.checks ?? []), ...(preflight?.checks ?? [])]} />
          {cleanUp && (
            <Table
              caption={cleanUp.isPlan ? `Plan of "${name}": nothing was changed` : `Changes of "${name}"`}
              rows={cleanUp.changes}
              columns={[
                {
                  title: "Outcome",
                  cell: ({ outcome }) => <Change outcome={outcome} isPlan={cleanUp.isPlan} />,
                },
                { title: "Kind", cell: ({ kind }) => kind },
                { title: "Name", cell: (change) => <code>{change.name}</code> },
                { title: "Why", cell: ({ why }) => why },
              ]}
            />
          )}
          <Omitted omitted={omitted} list="cleanUp.changes" />
          {applied && (
            <Table
              caption={applied.isPlan ? `Plan of "${name}": nothing was changed` : `Resources of "${name}"`}
              rows={applied.resources}
              columns={[
                {
                  title: "Outcome",
                  cell: ({ outcome }) => <Change outcome={outcome} isPlan={applied.isPlan} />,
                },
                { title: "Kind", cell: ({ kind }) => kind },
                { title: "Name", cell: (resource) => <code>{resource.name}</code> },
                { title: "File", cell: ({ file }) => <code>{file}</code> },
              ]}
            />
          )}
          <Omitted omitted={omitted} list="applied.resources" />
          {watch?.monitors && (
            <Table
              caption={watch.decision ?? `Monitors that "${name}" looked at`}
              rows={watch.monitors}
              columns={[
                { title: "Monitor", cell: ({ name: monitor }) => <code>{monitor}</code> },
                {
                  title: "Newest result",
                  cell: ({ run, breached, outcome }) => (
                    <Mark
                      outcome={breached.length > 0 ? "failed" : isUnknown(run, outcome) ? "warned" : "passed"}
                      word={breached.join(", ") || (isUnknown(run, outcome) ? "no evidence" : "within")}
                    />
                  ),
                },
                { title: "Job", cell: ({ run }) => run ?? "" },
                { title: "Measured", cell: ({ at }) => <Time iso={at} /> },
              ]}
            />
          )}
          {watch && watch.started.length > 0 && (
            <Table
              caption={`Started by "${name}"`}
              rows={watch.started}
              columns={[
                { title: "Version", cell: ({ version }) => version },
                { title: "Started", cell: ({ reference, url }) => <Link text={reference} url={url} /> },
              ]}
            />
          )}
        </article>
      ))}
    </Section>
  );
}

interface Check {
  readonly id: string;
  readonly outcome: string;
  readonly answered: string;
  readonly remedy?: string;
}

/** Checks that are not as they should be; the others on demand. */
function CheckList({ name, checks }: { name: string; checks: readonly Check[] }) {
  const good = checks.filter(({ outcome }) => outcome === "passed");
  const others = checks.filter(({ outcome }) => outcome !== "passed");
  return (
    <>
      {others.length > 0 && <CheckTable caption={`Checks of "${name}"`} checks={others} />}
      {good.length > 0 && (
        <Fold
          title={good.length === 1 ? "One check is as it should be" : `${good.length} checks are as they should be`}
        >
          {() => <CheckTable caption={`Checks of "${name}" that passed`} checks={good} />}
        </Fold>
      )}
    </>
  );
}

const CheckTable = ({ caption, checks }: { caption: string; checks: readonly Check[] }) => (
  <Table<Check>
    caption={caption}
    rows={checks}
    columns={[
      {
        title: "Result",
        cell: ({ outcome }) => <Mark {...(OUTCOMES[outcome] ?? { outcome: "skipped", word: outcome })} />,
      },
      { title: "Check", cell: ({ id }) => id },
      { title: "Found", cell: ({ answered }) => answered },
      ...(checks.some(({ remedy }) => remedy) ? [{ title: "To do", cell: ({ remedy }: Check) => remedy }] : []),
    ]}
  />
);

/** No evidence is not healthy; records of earlier releases say it only where no run had completed. */
const isUnknown = (run: string | undefined, outcome: string | undefined) =>
  run === undefined || outcome === "noEvidence";
