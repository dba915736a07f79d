// Records of a step: its record in the timeline with its log, and its outcome without secret values.
import type { OutputVariable, StageOutcome } from "../../agent/index.ts";
import type { PlanLike } from "./devops.ts";
import { RECORD_RESULTS } from "./outcome.ts";

export function recordStep(plan: PlanLike, jobId: string, step: StageOutcome): void {
  const log = plan.createLog(`logs\\${step.recordId}`);
  plan.appendLog(log, `${step.lines.join("\n")}\n`);
  plan.record({
    id: step.recordId,
    parentId: jobId,
    type: "Task",
    name: step.displayName,
    refName: step.name,
    state: "completed",
    result: RECORD_RESULTS[step.result],
    startTime: step.startedAt.getTime(),
    finishTime: step.startedAt.getTime() + step.milliseconds,
    logId: log.id,
    issues: step.issues.map(({ type, message }) => ({ type, message })),
  });
}

/** Outcomes are written to files, so secret values are masked. */
export function hideSecrets(outputs: Readonly<Record<string, OutputVariable>>): Record<string, OutputVariable> {
  const entries = Object.entries(outputs).map(([name, { value, secret }]) => [
    name,
    { value: secret ? "***" : value, secret },
  ]);
  return Object.fromEntries(entries);
}

export const withoutSecrets = (step: StageOutcome): StageOutcome => ({
  ...step,
  outputs: hideSecrets(step.outputs),
  variables: hideSecrets(step.variables),
});
