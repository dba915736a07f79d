// The record as it is when a step begins.
// Tests: test/bundle/submit-job.test.ts
import type { TaskIdentity } from "../agent/inputs.ts";
import type { Provenance } from "../provenance.ts";
import { RECORD_VERSION, type RunRecord } from "../record/index.ts";

export function newRecord(task: TaskIdentity, from: Provenance): RunRecord {
  return {
    version: RECORD_VERSION,
    task: { name: task.name, friendlyName: task.friendlyName, version: task.version },
    result: "succeeded",
    started: new Date().toISOString(),
    run: {
      kind: from.kind,
      project: from.project,
      definition: from.definition,
      id: from.runId,
      number: from.runNumber,
      uri: from.runUri,
      stage: from.stage,
      job: from.job,
      step: from.step,
      attempt: from.attempt,
      repository: from.repositoryUri,
      branch: from.branch,
      commit: from.commit,
    },
  };
}

/** Puts the findings of a preflight into the record as they come, also where the step fails by them. */
export function preflightInto(record: RunRecord): {
  onFindings: (checks: NonNullable<RunRecord["preflight"]>["checks"]) => void;
} {
  return {
    onFindings: (checks) => {
      record.preflight = { checks };
    },
  };
}
