// Lists the parts of a job that run on machines of their own, from its document: where they run, on how many nodes, and for how long at most.
// Tests: test/lib/ml/jobs/job-parts.test.ts
import type { JobDocument } from "../../documents/index.ts";
import type { Tier } from "../workspace/region.ts";

/** A job that is no pipeline, or a step of a pipeline. */
export interface JobPart {
  /** Names of the step and of the pipelines around it, `prepare/clean`; empty for a job that is no pipeline. */
  readonly step: string;
  /** The same with the steps' display names, as run history calls them. */
  readonly title: string;
  /** `command`, `sweep`, `automl`, `spark`, `parallel` …; `pipeline` where a registered component hides the steps. */
  readonly kind: string;
  /** Name or ARM id of the compute; undefined: serverless, or an expression. */
  readonly compute: string | undefined;
  /** Size of the machines that the document asks for: of serverless compute. */
  readonly size: string | undefined;
  /** Nodes of one run. */
  readonly nodes: number;
  /** Runs at the same time: trials of a sweep or of AutoML, as their limits allow; 1 otherwise. */
  readonly atOnce: number;
  /** False: a registered component may say the number of nodes, and 1 was taken. */
  readonly isNodesKnown: boolean;
  /** As `queue_settings` say it; undefined: as the compute is. */
  readonly tier: Tier | undefined;
  /** Seconds after which the service ends it; undefined: no limit. */
  readonly timeout: number | undefined;
}

interface Settings {
  readonly display_name?: string;
  readonly compute?: string;
  readonly resources?: {
    readonly instance_type?: string;
    readonly instance_count?: number;
  };
  readonly queue_settings?: { readonly job_tier?: string };
  readonly limits?: {
    readonly timeout?: number;
    readonly max_concurrent_trials?: number;
    readonly max_total_trials?: number;
  };
  readonly conf?: Readonly<Record<string, { readonly text?: string } | undefined>>;
  readonly trial?: Settings;
}

interface Pipeline {
  readonly compute?: string;
  readonly settings?: { readonly default_compute?: string } | null;
  readonly jobs?: Readonly<Record<string, Step>>;
  readonly component?: Component;
}

interface Step {
  readonly name: string;
  readonly of: { readonly type: string };
  readonly value: Settings;
  readonly component?: Component;
}

interface Component {
  readonly kind: string;
  readonly document?: Settings & Pick<Pipeline, "jobs">;
}

/** In the order of the document. */
export function partsOf(document: JobDocument): JobPart[] {
  // Fields that every kind of job may have, each with the same meaning.
  const fields: object = document;
  if (document.kind !== "pipeline") return [partOf(fields as Settings, document.kind, NOWHERE, undefined)];
  const { compute, settings, jobs, component } = fields as Pipeline;
  const inherited = settings?.default_compute ?? compute;
  if (component !== undefined) return withinComponent(component, NOWHERE, inherited);
  return stepsIn(jobs, NOWHERE, inherited);
}

type Place = Pick<JobPart, "step" | "title">;
const NOWHERE: Place = { step: "", title: "" };

function stepsIn(jobs: Pipeline["jobs"], above: Place, inherited: string | undefined): JobPart[] {
  const below = (one: string, name: string) => (one === "" ? name : `${one}/${name}`);
  return Object.values(jobs ?? {}).flatMap(({ name, of, value, component }) => {
    const path = { step: below(above.step, name), title: below(above.title, value.display_name || name) };
    const compute = value.compute ?? inherited;
    if (of.type === "pipeline" && component !== undefined) return withinComponent(component, path, compute);
    return [partOf(value, of.type, path, compute, component)];
  });
}

function withinComponent({ document }: Component, path: Place, inherited: string | undefined): JobPart[] {
  if (document?.jobs !== undefined) return stepsIn(document.jobs, path, inherited);
  return [partOf({}, "pipeline", path, inherited, { kind: "registered" })];
}

function partOf(
  own: Settings,
  kind: string,
  place: Place,
  inherited: string | undefined,
  component?: Component,
): JobPart {
  const under = component?.document ?? own.trial ?? {};
  const resources = { ...under.resources, ...own.resources };
  const executors = Number(own.conf?.["spark.executor.instances"]?.text);
  // Spark has a driver beside its executors; both run on machines of this size.
  const nodes = kind === "spark" && executors > 0 ? executors + 1 : resources.instance_count;
  const compute = own.compute ?? inherited;
  const job_tier = own.queue_settings?.job_tier ?? under.queue_settings?.job_tier;
  const isBound = compute?.includes("${{") === true;
  return {
    ...place,
    kind,
    compute: compute === undefined || isBound || /^serverless$/i.test(compute) ? undefined : compute,
    size: isBound ? undefined : resources.instance_type,
    nodes: typeof nodes === "number" && nodes > 0 ? nodes : 1,
    atOnce: trialsAtOnce(own.limits, kind),
    isNodesKnown: typeof nodes === "number" || component === undefined || component.document !== undefined,
    tier: job_tier === undefined ? undefined : job_tier === "spot" ? "lowPriority" : "dedicated",
    timeout: own.limits?.timeout,
  };
}

/** What the service does without `max_concurrent_trials` is not recorded: all trials of a sweep, and one of AutoML, are taken. */
function trialsAtOnce(limits: Settings["limits"], kind: string): number {
  const { max_concurrent_trials: most, max_total_trials: all = 1 } = limits ?? {};
  const trials = kind === "sweep" ? (most ?? all) : kind === "automl" ? (most ?? 1) : 1;
  return typeof trials === "number" && trials > 0 ? trials : 1;
}
