// The whole page: the run in one line, what went wrong, a list of the sections, and the sections.
import type { LoadedRun, Step } from "../load.ts";
import type { ChartProps } from "../model/chart.ts";
import { timeText } from "../model/format.ts";
import { headlineOf, lastAttempts } from "../model/headline.ts";
import { type LineageNode, lineageOf } from "../model/lineage.ts";
import { Fold, Mark, type Outcome, Section } from "./basics.tsx";
import { Checks } from "./checks.tsx";
import { Comparisons } from "./comparisons.tsx";
import { Costs } from "./costs.tsx";
import { Curves, chartsOf } from "./curves.tsx";
import { Data } from "./data.tsx";
import { DataChecks } from "./data-checks.tsx";
import { Deployments } from "./deployments.tsx";
import { Evidence } from "./evidence.tsx";
import { Gates } from "./gates.tsx";
import { Images, type Shown } from "./images.tsx";
import { Jobs } from "./jobs.tsx";
import { Lineage } from "./lineage.tsx";
import { Production } from "./production.tsx";

/** All that the page shows, made once for each load. */
export interface PageModel {
  readonly run: LoadedRun;
  /** Steps that count: those that ran the task that their record names. */
  readonly steps: readonly Step[];
  readonly charts: readonly ChartProps[];
  readonly nodes: readonly LineageNode[];
}

export function pageModel(run: LoadedRun): PageModel {
  const steps = run.steps.filter(({ isOurs }) => isOurs);
  return { run, steps, charts: chartsOf(steps), nodes: lineageOf(steps.map(({ record }) => record)) };
}

const STATES: Readonly<Record<string, Outcome>> = {
  passed: "passed",
  issues: "warned",
  failed: "failed",
  canceled: "warned",
  running: "running",
  unknown: "warned",
  none: "skipped",
};

export function Page({ model, images }: { model: PageModel; images: readonly Shown[] }) {
  const { run, steps, charts, nodes } = model;
  const records = steps.map(({ record }) => record);
  const headline = headlineOf(
    lastAttempts(steps).map(({ record }) => record),
    run.isWhole,
    run.state,
  );
  const foreign = run.steps.filter(({ isForeign }) => isForeign);
  const errors = steps.filter(({ record }) => record.error);
  const has = (found: (record: (typeof records)[number]) => unknown) => records.some((one) => found(one));
  const sections = [
    [has(({ gate }) => gate), "gate", "Gate"],
    [has(({ comparison }) => comparison), "comparison", "Comparison"],
    [charts.length > 0, "curves", "Metrics"],
    [has(({ job }) => job), "jobs", "Jobs"],
    [images.length > 0, "images", "Pictures"],
    [has(({ data }) => data), "data", "Data"],
    [has(({ dataCheck }) => dataCheck), "data-checks", "Data checks"],
    [has((one) => one.deployment ?? one.rollback ?? one.invocation), "deployments", "Deployments"],
    [has(({ monitor }) => monitor), "production", "In production"],
    [nodes.length > 1, "lineage", "Lineage"],
    [has((one) => one.model ?? one.promotion ?? one.proof ?? one.pullRequest ?? one.evidence), "evidence", "Evidence"],
    [has(({ job }) => job?.cost), "costs", "Cost"],
    [has((one) => one.setup ?? one.preflight ?? one.cleanUp ?? one.applied ?? one.watch), "checks", "Checks"],
    [run.steps.length > 0, "records", "Records"],
  ] as const;
  return (
    <>
      <h1 class="headline">
        <Mark outcome={STATES[headline.state] ?? "skipped"} word={headline.word} />
        {headline.parts.length > 0 && <span class="told">{headline.parts.join(" · ")}</span>}
      </h1>
      {steps.length === 0 && (
        <p>
          No step of this run has left a record yet. Steps of the tasks of this extension leave one when they end;
          reload the page then.
        </p>
      )}
      {errors.map(({ id, name, record }) => (
        <div key={id} class="alert" role="alert">
          <strong>
            {name} {record.result === "canceled" ? "was canceled" : "failed"}
            {record.error?.code && ` (${record.error.code})`}
          </strong>
          <p>{record.error?.message}</p>
          {record.error?.hint && <p>{record.error.hint}</p>}
        </div>
      ))}
      {foreign.length > 0 && (
        <div class="alert">
          <strong>{foreign.length === 1 ? "One record does" : `${foreign.length} records do`} not count.</strong>
          <p>
            The run's timeline says that these steps ran another task than their record names:{" "}
            {foreign.map(({ name }) => name).join(", ")}. They are listed under Records and used for nothing else.
          </p>
        </div>
      )}
      {run.unread.length > 0 && (
        <div class="alert">
          <strong>Not everything could be read.</strong>
          <ul>
            {run.unread.map((sentence, index) => (
              <li key={index}>{sentence}</li>
            ))}
          </ul>
        </div>
      )}
      <nav aria-label="Sections">
        <ul class="contents">
          {sections
            .filter(([isThere]) => isThere)
            .map(([, id, title]) => (
              <li key={id}>
                <a
                  href={`#${id}`}
                  onClick={(event) => {
                    event.preventDefault();
                    document.getElementById(id)?.scrollIntoView();
                    document.getElementById(`${id}-title`)?.focus({ preventScroll: true });
                  }}
                >
                  {title}
                </a>
              </li>
            ))}
        </ul>
      </nav>
      <Gates steps={steps} />
      <Comparisons steps={steps} />
      <Curves charts={charts} />
      <Jobs steps={steps} />
      <Images images={images} />
      <Data steps={steps} />
      <DataChecks steps={steps} />
      <Deployments steps={steps} />
      <Production steps={steps} />
      <Lineage nodes={nodes} />
      <Evidence steps={steps} />
      <Costs steps={steps} />
      <Checks steps={steps} />
      <Records steps={run.steps} />
    </>
  );
}

function Records({ steps }: { steps: readonly Step[] }) {
  if (steps.length === 0) return null;
  return (
    <Section id="records" title="Records">
      <p class="note">Each step's record as it is attached to the run.</p>
      {steps.map((step) => (
        <Fold
          key={step.id}
          title={`${step.name}: ${step.record.task.friendlyName}, ${timeText(step.record.started)}, version ${step.record.version}`}
        >
          {() => (
            <section class="raw" aria-label={`Record of ${step.name}`} tabIndex={0}>
              <pre>{JSON.stringify(step.record, undefined, 2)}</pre>
            </section>
          )}
        </Fold>
      ))}
    </Section>
  );
}
