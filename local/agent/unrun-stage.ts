// The outcome of a stage that was not run: its condition did not hold, or could not be read.
import type { TaskResult } from "./results.ts";
import type { StageOutcome } from "./step.ts";
import type { Stage } from "./task-folder.ts";
import type { PreparedStep } from "./task-process.ts";

export function unrun(
  prepared: PreparedStep,
  stage: Stage,
  recordId: string,
  displayName: string,
  result: TaskResult,
  lines: string[],
): StageOutcome {
  return {
    stage,
    name: prepared.reference,
    displayName,
    recordId,
    result,
    lines,
    issues: [],
    outputs: {},
    variables: {},
    attachments: [],
    exitCode: undefined,
    attempts: 0,
    signals: [],
    timedOut: false,
    progress: 0,
    startedAt: new Date(),
    milliseconds: 0,
    processMilliseconds: 0,
  };
}
