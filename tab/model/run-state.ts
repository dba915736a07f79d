// Says of a run what its timeline knows beside the records: whether it goes on, and which steps ended badly without telling.
import type { RunRecord } from "../../lib/record/index.ts";
import type { TimelineStep } from "../attachments.ts";

export interface RunState {
  /** False: a step, a job or a stage is not completed. True also where there is no timeline. */
  readonly isOver: boolean;
  /** Names of steps that failed, and of jobs without such a step, that no record tells of. */
  readonly failed: readonly string[];
  readonly canceled: readonly string[];
}

const FAILED = ["failed", "abandoned"];
const LINES = ["Stage", "Phase", "Job", "Task"];

/** @param timeline by the records' ids in lower case; undefined where it could not be read */
export function runStateOf(
  timeline: ReadonlyMap<string, TimelineStep> | undefined,
  steps: readonly { readonly id: string; readonly isOurs: boolean; readonly record: RunRecord }[],
): RunState {
  const lines = [...(timeline?.values() ?? [])].filter(({ type }) => LINES.includes(type));
  const isOver = lines.every(({ state }) => state === "completed");
  const ended = (results: readonly string[], told: readonly string[]): string[] => {
    const known = new Set(
      steps.filter(({ isOurs, record }) => isOurs && told.includes(record.result)).map(({ id }) => id.toLowerCase()),
    );
    const found = lines.filter(({ result }) => results.includes(result));
    const tasks = found.filter(({ type }) => type === "Task");
    const parents = new Set(tasks.map(({ parent }) => parent));
    const jobs = found.filter(({ type, id }) => type === "Job" && !parents.has(id.toLowerCase()));
    return [...tasks.filter(({ id }) => !known.has(id.toLowerCase())), ...jobs].map(({ name }) => name);
  };
  // A step that was canceled late may have told of a failure before.
  return { isOver, failed: ended(FAILED, ["failed"]), canceled: ended(["canceled"], ["canceled", "failed"]) };
}
