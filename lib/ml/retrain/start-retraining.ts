// One look at monitors: a breach that no retraining covers starts one. What is started is remembered before and after the start, so
// that a lost answer or a run that is cut off starts no second one.
// Tests: test/lib/ml/retrain/schedules.test.ts, test/tasks/retraining.test.ts
import { TaskError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { isObject } from "../../plain-objects.ts";
import { sha256 } from "../../sha256.ts";
import { type Decision, decideRetraining, type MonitorResult, newestOf, type TrainingRun } from "./decision.ts";

interface StartedRun {
  /** Id of the run in Azure DevOps. */
  readonly id: number;
  /** As it is shown: `run 7`. */
  readonly reference: string;
  readonly url: string;
}

/** The pipeline's side: what starts the retraining, and remembers texts. */
export interface TrainingStarter {
  /** This run. */
  readonly runId: number;
  /** The texts that runs of this pipeline kept under a name, of the newest run first: names in lower case. */
  kept(name: string): AsyncIterable<{ readonly run: number; readonly texts: Readonly<Record<string, string>> }>;
  remember(name: string, text: string): Promise<void>;
  /** When this run was queued, by Azure DevOps' own clock. */
  queuedAt(): Promise<Date>;
  /** Runs of the pipeline that retrains, on the branch that it is started on. */
  trainings(): Promise<readonly TrainingRun[]>;
  /** The run that was started for this result since then; undefined if there is none. */
  findTraining(result: MonitorResult, since: Date): Promise<StartedRun | undefined>;
  startTraining(result: MonitorResult): Promise<StartedRun>;
}

export interface Retraining {
  /** Name under which runs remember what was started: the same for all that starts the same pipeline. */
  readonly name: string;
  /** Milliseconds. */
  readonly coolDown: number;
  readonly monitors: readonly string[];
  /** Results of these monitors that ended at `since` or later, and the newest of each since `oldest`; in any order. */
  readonly read: (from: { readonly since: number; readonly oldest: number }) => Promise<readonly MonitorResult[]>;
  /** Milliseconds since the epoch: where the first look begins; undefined: at the newest result of each monitor. */
  readonly beginAt: number | undefined;
}

/** A run that is tried again when a newer run has looked: later looks go on at what that one kept, and would not know of a start here. */
type LeftToOthers = { readonly kind: "left"; readonly by: number };

export interface Retrained {
  readonly decision: Decision | LeftToOthers;
  /** Newest results of the monitors. */
  readonly newest: readonly MonitorResult[];
  /** The retraining that covers the newest breach, where this pipeline started it. */
  readonly started: (StartedRun & { readonly before: boolean }) | undefined;
  /** The newest breach, where a retraining was started for it, now or before; undefined where another covers it. */
  readonly acted: MonitorResult | undefined;
}

/** The memory of a run. Plain JSON; dates are ISO 8601. */
interface Memory {
  readonly schema: 1;
  /** By monitor: older results start nothing. */
  readonly since: Readonly<Record<string, string>>;
  /** About to be started, and since when: the answer may have been lost. */
  readonly starting?: { readonly monitor: string; readonly run: string; readonly since: string };
  /** The retraining that was started last, and for which result. */
  readonly last?: StartedRun & { readonly at: string; readonly monitor: string; readonly run: string };
}

/** Name of the memory of all that starts this pipeline from this workspace. @param start all that says what is started */
export const memoryName = (workspaceId: string, start: string): string =>
  `AzureML.Retrain.${sha256(`${workspaceId.toLowerCase()}\n${start}`).slice(0, 12)}`;

/** Milliseconds that a look goes back at most, 30 days: an older result says nothing of the model that is live. */
export const LONGEST_LOOK_BACK = 30 * 24 * 60 * 60_000;

/** @throws TaskError where what was kept cannot be read, and as Azure or Azure DevOps refuse */
export async function retrainOnBreach(
  { name, monitors, coolDown, read, beginAt }: Retraining,
  starter: TrainingStarter,
  log: Log,
): Promise<Retrained> {
  const [recalled, queuedAt] = await Promise.all([recall(starter, name), starter.queuedAt()]);
  const kept = recalled?.memory;
  const oldest = queuedAt.getTime() - LONGEST_LOOK_BACK;
  const begun = monitors.map((one) => kept?.since[one] ?? beginAt ?? oldest);
  const [all, trainings] = await Promise.all([
    // What is older than the last start has its retraining.
    read({ since: Math.max(oldest, lastAt(kept), Math.min(...begun.map((one) => new Date(one).getTime()))), oldest }),
    starter.trainings(),
  ]);
  const newest = newestOf(all);
  const results = [...newest.values()];
  if (recalled !== undefined && recalled.run > starter.runId)
    return { decision: { kind: "left", by: recalled.run }, newest: results, started: undefined, acted: undefined };
  // What is breached when somebody first looks is a breach; what was breached before that, and is not any more, is none.
  const firstOf = (one: string) => new Date(beginAt ?? newest.get(one)?.at ?? queuedAt.getTime()).toISOString();
  const since = {
    ...kept?.since,
    ...Object.fromEntries(monitors.map((one) => [one, kept?.since[one] ?? firstOf(one)])),
  };
  let memory: Memory = { schema: 1, ...kept, since };
  const keep = async (next: Memory) => {
    memory = next;
    await starter.remember(name, JSON.stringify(memory));
  };
  const { starting, ...rest } = memory;
  if (starting === undefined) await keep(memory);
  else {
    const { monitor, run } = starting;
    const found = await starter.findTraining({ monitor, run, at: 0, breached: [] }, new Date(starting.since));
    // Also where it is not found: the decision looks at what goes on, and starts it again.
    await keep(found === undefined ? rest : { ...rest, last: { ...found, at: starting.since, monitor, run } });
    if (found) log.info(`An earlier run started ${found.reference} for ${run} of the monitor ${monitor}: ${found.url}`);
  }
  const { last } = memory;
  const decision = decideRetraining({
    results: all.filter(({ monitor, at }) => at >= Date.parse(since[monitor] ?? "")),
    ...{ trainings, coolDown, last: last && { id: last.id, at: Date.parse(last.at) } },
  });
  if (decision.kind !== "start") {
    const covers = decision.kind === "covered" && decision.by === last?.id ? last : undefined;
    const breach = decision.kind === "covered" ? decision.breach : undefined;
    const isActed = covers !== undefined && covers.monitor === breach?.monitor && covers.run === breach.run;
    const started = covers && { ...covers, before: true };
    return { decision, newest: results, started, acted: isActed ? breach : undefined };
  }
  const { monitor, run } = decision.breach;
  const at = queuedAt.toISOString();
  await keep({ ...memory, starting: { monitor, run, since: at } });
  const started = await starter.startTraining(decision.breach);
  const { starting: _starting, ...without } = memory;
  await keep({ ...without, last: { ...started, at, monitor, run } });
  return { decision, newest: results, started: { ...started, before: false }, acted: decision.breach };
}

const lastAt = (kept: Memory | undefined): number => (kept?.last ? Date.parse(kept.last.at) : 0);

async function recall(
  starter: TrainingStarter,
  name: string,
): Promise<{ readonly run: number; readonly memory: Memory } | undefined> {
  for await (const { run, texts } of starter.kept(name)) {
    const text = texts[name.toLowerCase()];
    if (text !== undefined) return { run, memory: readMemory(text) };
  }
  return undefined;
}

/** @throws TaskError where the text is none of ours */
function readMemory(text: string): Memory {
  const memory = parsed(text);
  if (memory?.schema === 1 && isObject(memory.since)) return memory;
  throw new TaskError("service", "What an earlier run of this pipeline kept about retrainings cannot be read.", {
    errorCode: "AML1710",
    hint: `It is ${JSON.stringify(text.slice(0, 200))}. Remove that build property to start again.`,
  });
}

function parsed(text: string): Memory | undefined {
  try {
    return JSON.parse(text) as Memory;
  } catch {
    return undefined;
  }
}
