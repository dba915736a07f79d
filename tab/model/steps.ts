// The step tree of a pipeline job, flattened for a table: each step with its depth and its place in time.
import type { RunRecord } from "../../lib/record/index.ts";
import { secondsBetween } from "./format.ts";

type Job = NonNullable<RunRecord["job"]>;
type JobStep = NonNullable<Job["steps"]>[number];

export interface TreeRow {
  readonly step: JobStep;
  /** 0: a step of the job itself. */
  readonly depth: number;
  readonly seconds: number | undefined;
  /** Begin and length as parts of the whole, 0 to 1; undefined where the times are not known. */
  readonly begin?: number;
  readonly length?: number;
}

const DEEPEST = 20;

/** Children follow their parent. Steps whose parent is not there, or that are their own, stand at the top. */
export function treeOf({ steps = [] }: Pick<Job, "steps">): TreeRow[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const children = new Map<string, JobStep[]>();
  for (const step of steps) {
    const parent = step.parent !== undefined && byId.has(step.parent) ? step.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), step]);
  }
  const times = steps.flatMap(({ started, finished }) => [Date.parse(started ?? ""), Date.parse(finished ?? "")]);
  const known = times.filter(Number.isFinite);
  const first = known.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const all = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - first;
  const rows: TreeRow[] = [];
  const seen = new Set<JobStep>();
  const visit = (step: JobStep, depth: number): void => {
    if (seen.has(step)) return;
    seen.add(step);
    const seconds = secondsBetween(step.started, step.finished);
    const place =
      seconds === undefined || all <= 0
        ? {}
        : { begin: (Date.parse(step.started ?? "") - first) / all, length: (seconds * 1000) / all };
    rows.push({ step, depth: Math.min(depth, DEEPEST), seconds, ...place });
    for (const child of children.get(step.id) ?? []) visit(child, depth + 1);
  };
  for (const step of children.get("") ?? []) visit(step, 0);
  // Steps that are each other's parents.
  for (const step of steps) visit(step, 0);
  return rows;
}
