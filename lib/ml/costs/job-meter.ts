// Measures what a job takes: a price for each of its parts before, the limits while it runs, the cost after.
// Tests: test/lib/ml/costs/job-meter.test.ts, test/bundle/costs.test.ts
import { sideBySide } from "../../azure/index.ts";
import type { JobDocument } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { type Clock, systemClock } from "../../poll.ts";
import { type JobPart, partsOf } from "../jobs/job-parts.ts";
import { type JobCost, type Meter, OVER_LIMIT, type RunsOfJob } from "../jobs/meter.ts";
import { type ChildRun, childRuns, computeDuration } from "../jobs/runs.ts";
import { computeName, findCompute } from "../workspace/computes.ts";
import { sizeNamed, sizesOf } from "../workspace/region.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Cost, costOf, LABEL, type NodeUse, priceOf, sayAmount, sayHours } from "./cost.ts";
import { type CostLimits, overLimit, type PricedPart } from "./limits.ts";
import { readTimeSpan } from "./time-span.ts";

/**
 * The job's parts with their prices. Requests: the region's sizes, and the computes that the job names, each once in a run and side
 * by side with the checks that read them too.
 */
export async function priceParts(
  workspace: Workspace,
  document: JobDocument,
  isPriced: boolean,
): Promise<PricedPart[]> {
  if (!isPriced)
    return partsOf(document).map((part) => ({ ...part, price: undefined, because: "the input preflight is off" }));
  const sizes = await sizesOf(workspace).catch((error: unknown) => {
    if (workspace.signal.aborted) throw workspace.signal.reason;
    const status = error instanceof TaskError && error.status !== undefined ? ` (status ${error.status})` : "";
    return `the region's prices could not be read${status}`;
  });
  return sideBySide(partsOf(document), 8, async (part): Promise<PricedPart> => {
    if (part.kind === "pipeline")
      return { ...part, price: undefined, because: "its steps are those of a registered component" };
    const { size, tier } = await machineOf(workspace, part);
    if (typeof sizes === "string") return { ...part, price: undefined, because: sizes };
    if (size === undefined) {
      const at =
        part.compute === undefined
          ? "serverless compute chooses the size"
          : `${part.compute} has no size of this subscription's`;
      return { ...part, price: undefined, because: at };
    }
    const price = priceOf(sizeNamed(sizes, size), tier);
    const because = `the service lists no hourly price of ${size} in ${workspace.location}`;
    return { ...part, size, tier, price, ...(price === undefined ? { because } : {}) };
  });
}

async function machineOf(workspace: Workspace, { compute, size, tier }: JobPart) {
  if (compute === undefined) return { size, tier: tier ?? ("dedicated" as const) };
  const name = computeName(workspace, compute.startsWith("/") ? compute : `${workspace.id}/computes/${compute}`);
  // Whether it is there is for others to say.
  const body = name === undefined ? undefined : await findCompute(workspace, name).catch(() => undefined);
  const own = body?.properties?.properties;
  const isLow = /^lowpriority$/i.test(own?.vmPriority ?? "");
  return { size: own?.vmSize, tier: isLow ? ("lowPriority" as const) : ("dedicated" as const) };
}

/** The estimate before a job, in the record and as a line of the log. */
export function estimateOf(parts: readonly PricedPart[], timeout?: number): { section: JobCost; line: string } {
  const hour = costOf(parts.map((part) => useOf(part, 3_600_000)));
  const [only] = parts.length === 1 ? parts : [];
  const seconds = only === undefined ? undefined : (timeout ?? only.timeout);
  const most = only?.price && seconds ? costOf([useOf(only, seconds * 1000)]).amount : undefined;
  const { amount, currency = "" } = hour;
  const unpriced = parts.filter(({ price }) => price === undefined);
  const section: JobCost = {
    label: LABEL,
    ...(amount === undefined ? {} : { currency, estimatedPerHour: amount }),
    ...(most === undefined ? {} : { estimatedMost: most }),
    ...(unpriced.length > 0 ? { unpriced: unpriced.map(nameOf) } : {}),
  };
  const priced =
    amount === undefined
      ? []
      : only?.price
        ? [
            `${only.nodes * only.atOnce} x ${only.size} at ${sayAmount(only.price.perHour, currency)} an hour: ${sayAmount(amount, currency)} an hour${most === undefined ? "" : `, at most ${sayAmount(most, currency)} in its ${Math.round((seconds ?? 0) / 6) / 10} minutes`}`,
          ]
        : [
            `${sayAmount(amount, currency)} an hour, if its ${parts.length - unpriced.length} priced steps ran at the same time`,
          ];
  const lacking = unpriced
    .slice(0, 5)
    .map((part) => `no price of ${nameOf(part)}: ${part.because ?? "none is listed"}`);
  return { section, line: `Cost (${LABEL}): ${[...priced, ...lacking].join("; ") || "nothing runs"}.` };
}

const nameOf = ({ step }: Pick<PricedPart, "step">) => (step === "" ? "the job" : step);

const named = (part: PricedPart, title: string) => part.title === title || part.step === title;

const useOf = (part: PricedPart, milliseconds: number): NodeUse => ({
  name: nameOf(part),
  nodes: part.nodes * part.atOnce,
  milliseconds,
  price: part.price,
});

/** Kinds of parts whose work is done by child runs: trials. */
const HAS_TRIALS = /^(sweep|automl)$/;
/** Milliseconds between two listings of trials. */
const LISTING_PAUSE = 30_000;
/** Milliseconds after which a limit that is not held by what runs is told: shorter ones make no difference. */
const TELL_UNREAD = 60_000;
const LANES = 8;

/** A run that took nodes, and the part that it is of. */
interface Leaf {
  readonly run: Pick<ChildRun, "startTimeUtc" | "endTimeUtc" | "status" | "properties" | "computeDuration">;
  readonly part: PricedPart | undefined;
  readonly title: string;
}

export class JobMeter implements Meter {
  readonly #workspace: Workspace;
  readonly #parts: readonly PricedPart[];
  readonly #limits: CostLimits;
  readonly #estimate: JobCost;
  readonly #clock: Clock;
  readonly #trials = new Map<string, { readonly runs: readonly ChildRun[] | undefined; readonly at: number }>();
  #hasWarned = false;
  #hasToldUnread = false;

  constructor(
    workspace: Workspace,
    given: { parts: readonly PricedPart[]; limits: CostLimits; estimate: JobCost; clock?: Clock },
  ) {
    this.#workspace = workspace;
    this.#parts = given.parts;
    this.#limits = given.limits;
    this.#estimate = given.estimate;
    this.#clock = given.clock ?? systemClock;
  }

  get estimate(): JobCost {
    return this.#estimate;
  }

  isPipeline(title: string): boolean {
    return this.#isAbove(title) || this.#parts.some((one) => one.kind === "pipeline" && named(one, title));
  }

  /**
   * Measures by the times that the follower has read anyway: no request. Trials of a sweep or of AutoML are listed beside that, at most
   * every 30 seconds and only where there is a limit. Times of run history are held against this agent's clock.
   */
  async look(runs: RunsOfJob): Promise<void> {
    const { maxNodeHours, maxCost } = this.#limits;
    if (maxNodeHours === undefined && maxCost === undefined) return;
    const leaves = await this.#leaves(runs, LISTING_PAUSE);
    const over =
      overLimit(this.#limits, this.#costOf(leaves, this.#clock.now(), this.#dearest())) ??
      this.#overUnread(runs, leaves);
    if (over === undefined) return;
    throw new TaskError("failed", `The job ${runs.name} is over its limit. ${over} (${LABEL})`, {
      errorCode: OVER_LIMIT,
      hint: "Give the limit more, or the job less to do: a smaller size, fewer nodes, fewer trials.",
    });
  }

  /**
   * The limit that is passed if one run of the dearest part has run since the job or its steps could last be read: what really runs
   * is not known then, and is not taken for nothing.
   */
  #overUnread({ name, details, steps, unread }: RunsOfJob, leaves: readonly Leaf[]): string | undefined {
    const part = this.#dearest();
    const isPipeline = steps !== undefined || this.#parts.some(({ step, kind }) => step !== "" || kind === "pipeline");
    if (part === undefined || unread === undefined || (details?.startTimeUtc && !isPipeline)) return undefined;
    const { why, since } = unread;
    if (since === undefined) return undefined;
    if (!this.#hasToldUnread && this.#clock.now() - since >= TELL_UNREAD) {
      this.#hasToldUnread = true;
      const what = isPipeline ? `its dearest step, ${nameOf(part)}` : "its nodes";
      this.#workspace.log.warn(
        `The limit of the job ${name} may not be held exactly: what runs cannot be read. Meanwhile its time counts as one run of ${what}. ${why}`,
      );
    }
    const run = { status: "Running", startTimeUtc: new Date(since).toISOString() };
    const before = this.#usesOf(leaves, since, part);
    const meanwhile = this.#usesOf([{ run, part, title: part.title }], this.#clock.now());
    const over = overLimit(this.#limits, costOf([...before, ...meanwhile]));
    return over && `${over} What has run since ${run.startTimeUtc} could not be read, and counts as ${nameOf(part)}.`;
  }

  /** After the end: one request for a job without steps, one listing for each sweep; a pipeline's steps have been listed. */
  async total(runs: RunsOfJob): Promise<JobCost> {
    const leaves = await this.#leaves(runs, 0);
    const duration =
      runs.steps === undefined && leaves.length === 1 && runs.details?.startTimeUtc
        ? await computeDuration(this.#workspace, runs.name)
        : undefined;
    const measured =
      duration === undefined
        ? leaves
        : leaves.map((leaf) => ({ ...leaf, run: { ...leaf.run, computeDuration: duration } }));
    const { nodeHours, amount, currency, unpriced } = this.#costOf(measured, this.#clock.now());
    const { unpriced: _before, ...estimate } = this.#estimate;
    const assumed = this.#parts.filter(({ isNodesKnown }) => !isNodesKnown).map(nameOf);
    const money = amount === undefined ? "" : `, ${sayAmount(amount, currency ?? "")}`;
    const lacking = unpriced.length > 0 ? `; without a price: ${unpriced.slice(0, 10).join(", ")}` : "";
    const counted = assumed.length > 0 ? `; counted with one node: ${assumed.slice(0, 10).join(", ")}` : "";
    this.#workspace.log.info(`Cost of ${runs.name} (${LABEL}): ${sayHours(nodeHours)}${money}${lacking}${counted}.`);
    return {
      ...estimate,
      nodeHours,
      ...(amount === undefined || currency === undefined ? {} : { amount, currency }),
      ...(unpriced.length > 0 ? { unpriced } : {}),
    };
  }

  /** The part that costs most an hour: a limit counts a step that is none of the file's as this one, and not as nothing. */
  #dearest(): PricedPart | undefined {
    const perHour = ({ nodes, price }: PricedPart) => nodes * (price?.perHour ?? 0);
    return this.#parts.toSorted((one, other) => perHour(other) - perHour(one) || other.nodes - one.nodes)[0];
  }

  /** The part of a step; of one within a registered pipeline component the part that hides it. */
  #partOf(title: string): PricedPart | undefined {
    const isWithin = (above: string) => above === "" || title.startsWith(`${above}/`);
    return (
      this.#parts.find((one) => named(one, title)) ??
      this.#parts.find(({ kind, ...one }) => kind === "pipeline" && (isWithin(one.title) || isWithin(one.step)))
    );
  }

  /**
   * Whether it is a pipeline within, which run history may show as a step at first: its time is also that of its queue. One that the file has as
   * a step of its own is none, whatever slashes stand in other titles.
   */
  #isAbove(title: string): boolean {
    return (
      !this.#parts.some((one) => named(one, title)) &&
      this.#parts.some((one) => one.title.startsWith(`${title}/`) || one.step.startsWith(`${title}/`))
    );
  }

  #costOf(leaves: readonly Leaf[], until: number, otherwise?: PricedPart): Cost {
    return costOf(this.#usesOf(leaves, until, otherwise));
  }

  /** @param until milliseconds: the end of what still runs */
  #usesOf(leaves: readonly Leaf[], until: number, otherwise?: PricedPart): NodeUse[] {
    return leaves.map(({ run, title, part = this.#isAbove(title) ? undefined : otherwise }) => ({
      name: title === "" ? "the job" : title,
      nodes: part?.nodes ?? 1,
      milliseconds: millisecondsOf(run, until),
      price: part?.price,
    }));
  }

  async #leaves({ name, details, steps }: RunsOfJob, pause: number): Promise<Leaf[]> {
    if (steps === undefined) {
      const part = this.#parts[0];
      if (details?.status === undefined) return [];
      return this.#withTrials({ run: details, part, title: "" }, name, pause);
    }
    const own = steps.filter(({ run, isPipeline }) => !isPipeline && !isReused(run));
    const all = await sideBySide(own, LANES, ({ run, title }) => {
      return this.#withTrials({ run, part: this.#partOf(title), title }, run.runId, pause);
    });
    return all.flat();
  }

  /** Trials in place of a run that only leads them. */
  async #withTrials(leaf: Leaf, run: string, pause: number): Promise<Leaf[]> {
    if (!HAS_TRIALS.test(leaf.part?.kind ?? "") || !leaf.run.startTimeUtc) return [leaf];
    const now = this.#clock.now();
    let known = this.#trials.get(run);
    if (known === undefined || now - known.at >= pause) {
      known = { runs: await this.#list(run, pause > 0), at: now };
      this.#trials.set(run, known);
    }
    return known.runs === undefined ? [leaf] : known.runs.map((one) => ({ ...leaf, run: one }));
  }

  /** @returns undefined where trials cannot be listed while the job runs: the wait goes on, and its own time counts */
  async #list(run: string, isLive: boolean): Promise<readonly ChildRun[] | undefined> {
    const { log, signal } = this.#workspace;
    try {
      return (await childRuns(this.#workspace, run)).filter((one) => !isReused(one));
    } catch (error) {
      if (signal.aborted || !isLive) throw error;
      const why = error instanceof Error ? error.message : String(error);
      if (!this.#hasWarned)
        log.warn(`The trials of ${run} cannot be listed. The limit is held by its own time, as if it had one. ${why}`);
      this.#hasWarned = true;
      return undefined;
    }
  }
}

const isReused = ({ properties }: Pick<ChildRun, "properties">) =>
  /^true$/i.test(properties?.["azureml.isreused"] ?? "");

/** How long a run has had its nodes: as the service says it, and otherwise from its start to its end, or until then. */
function millisecondsOf({ startTimeUtc, endTimeUtc, computeDuration: said }: Leaf["run"], until: number): number {
  const told = readTimeSpan(said);
  if (told !== undefined && endTimeUtc) return told;
  const start = Date.parse(startTimeUtc ?? "");
  const end = Date.parse(endTimeUtc ?? "");
  return Number.isNaN(start) ? 0 : Math.max(0, (Number.isNaN(end) ? until : end) - start);
}
