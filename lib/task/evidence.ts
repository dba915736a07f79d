// Evidence of a run for an approver: attached to the run in full, where the results tab shows it, and short as an output for the instructions of
// ManualValidation.
// Tests: test/tasks/evidence.test.ts, test/e2e/approval.test.ts
import { evidencePack } from "../evidence/evidence-pack.ts";
import { EVIDENCE_TYPE, type RunRecord } from "../record/index.ts";
import type { RecordsOfRun } from "./records-of-run.ts";
import type { StoryRun } from "./task.ts";

const NAME = "evidence.md";

/**
 * @param others records of the run's other steps, and what is not known of them
 * @param own this step's record where it judges; others that judge are another step's evidence then
 * @returns the short form, which is in the record as well
 */
export async function leaveEvidence(
  run: Pick<StoryRun<never>, "provenance" | "uploadFile" | "attach">,
  record: RunRecord,
  { records, missing, fault }: RecordsOfRun,
  own?: RunRecord,
): Promise<string> {
  const shown = own === undefined ? records : [...records.map(({ gate: _theirs, ...one }) => one), own];
  const { short, full } = evidencePack(shown, run.provenance, { missing, fault });
  record.evidence = { ...record.evidence, summary: short, attachment: { type: EVIDENCE_TYPE, name: NAME } };
  await Promise.all([run.uploadFile(NAME, full), run.attach(EVIDENCE_TYPE, NAME, full)]);
  return short;
}
