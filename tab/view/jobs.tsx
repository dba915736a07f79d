// Jobs: their state, time and cost, the tree of their steps with durations, their metrics, inputs and outputs.
import type { RunRecord } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import { durationText, numberText, secondsBetween } from "../model/format.ts";
import { type TreeRow, treeOf } from "../model/steps.ts";
import { Facts, Fold, Link, Mark, Omitted, type Outcome, Section, Table, Time } from "./basics.tsx";

type Job = NonNullable<RunRecord["job"]>;

/** Of a job or a step, by the service's own word for its state. */
function outcomeOf(status: string): Outcome {
  if (/^(completed|finished|succeeded)$/i.test(status)) return "passed";
  if (/fail/i.test(status)) return "failed";
  if (/cancel/i.test(status)) return "warned";
  return /notstarted|skipped|bypass/i.test(status) ? "skipped" : "running";
}

export function Jobs({ steps }: { steps: readonly Step[] }) {
  const submitted = steps.filter(({ record }) => record.job);
  if (submitted.length === 0) return null;
  return (
    <Section id="jobs" title={submitted.length === 1 ? "Job" : `Jobs (${submitted.length})`}>
      {submitted.map((step) => {
        const job = step.record.job as Job;
        const isOpen = submitted.length <= 3 || outcomeOf(job.status) === "failed";
        return (
          <Fold
            key={step.id}
            isOpen={isOpen && submitted.length <= 20}
            title={
              <>
                <Mark outcome={outcomeOf(job.status)} word={job.status} />{" "}
                <span class="name">{job.displayName ?? job.name}</span>{" "}
                <span class="quiet">{durationText(secondsBetween(job.started, job.finished))}</span>
              </>
            }
          >
            {() => <OneJob step={step} job={job} />}
          </Fold>
        );
      })}
    </Section>
  );
}

function OneJob({ step, job }: { step: Step; job: Job }) {
  return (
    <article>
      <Facts
        rows={[
          ["Job", <Link text={job.name} url={job.studioUrl} />],
          ["Pipeline step", `${step.name}${attempt(step.record)}`],
          ["Experiment", job.experiment],
          ["Batch endpoint", job.endpoint],
          ["Deployment", job.deployment],
          ["Joined", job.joined && "yes: an earlier attempt submitted it"],
          ["Began", job.started && <Time iso={job.started} />],
          ["Took", durationText(secondsBetween(job.started, job.finished))],
        ]}
      />
      {job.error && <pre class="error">{job.error}</pre>}
      <Tree job={job} />
      <Omitted omitted={step.record.omitted} list="job.steps" />
      <Pairs caption={`Metrics of ${job.name}`} pairs={Object.entries(job.metrics ?? {})} isNumber />
      <Pairs caption={`Inputs of ${job.name}`} pairs={Object.entries(job.inputs ?? {})} />
      <Pairs caption={`Outputs of ${job.name}`} pairs={Object.entries(job.outputs ?? {})} />
    </article>
  );
}

const attempt = ({ run }: RunRecord): string => ((run?.attempt ?? 1) > 1 ? `, attempt ${run?.attempt}` : "");

function Tree({ job }: { job: Job }) {
  const rows = treeOf(job);
  if (rows.length === 0) return null;
  return (
    <Table<TreeRow>
      caption={`Steps of ${job.name}: ${rows.length.toLocaleString("en-US")}`}
      rows={rows}
      columns={[
        {
          title: "Step",
          cell: ({ step, depth }) => (
            <span class="tree" style={{ paddingInlineStart: `${depth * 1.25}em` }}>
              {depth > 0 && <span class="unseen">Level {depth + 1}: </span>}
              <Link text={step.name} url={step.studioUrl} />
            </span>
          ),
        },
        {
          title: "State",
          cell: ({ step }) => (
            <Mark outcome={outcomeOf(step.status)} word={step.reused ? `${step.status}, reused` : step.status} />
          ),
        },
        { title: "Duration", isNumber: true, cell: ({ seconds }) => durationText(seconds) },
        {
          title: "When",
          cell: ({ begin, length }) =>
            begin === undefined || length === undefined ? null : (
              <span class="track" aria-hidden="true">
                <span
                  class="bar"
                  style={{ marginInlineStart: `${begin * 100}%`, width: `${Math.max(0.5, length * 100)}%` }}
                />
              </span>
            ),
        },
      ]}
    />
  );
}

function Pairs({
  caption,
  pairs,
  isNumber = false,
}: {
  caption: string;
  pairs: readonly (readonly [string, string | number])[];
  isNumber?: boolean;
}) {
  if (pairs.length === 0) return null;
  return (
    <Table
      caption={caption}
      rows={pairs}
      columns={[
        { title: "Name", cell: ([name]) => name },
        {
          title: "Value",
          isNumber,
          cell: ([, value]) => (typeof value === "number" ? numberText(value) : <code>{value}</code>),
        },
      ]}
    />
  );
}
