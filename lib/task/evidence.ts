// Evidence of a step for an approver: kept in full with the run, and short as an output for the instructions of ManualValidation.
// Tests: test/e2e/approval.test.ts
import { evidencePack } from "../evidence/evidence-pack.ts";
import type { RunRecord } from "../record/index.ts";
import type { StoryRun } from "./task.ts";

/** @returns the short form, which is in the record as well */
export async function leaveEvidence(
  run: Pick<StoryRun<never>, "provenance" | "uploadFile">,
  record: RunRecord,
): Promise<string> {
  const { short, full } = evidencePack([record], run.provenance);
  record.evidence = { ...record.evidence, summary: short };
  await run.uploadFile("evidence.md", full);
  return short;
}
