// Verdict of a gate: shown on the pull request at once, and written beside that to the run's tests, to its results tab and to the job.
// Tests: test/tasks/pull-request.test.ts, test/tasks/secondary-writes.test.ts
import { TaskError } from "../errors.ts";
import { type evaluateGate, recordEvaluation, sayGate, type Workspace } from "../ml/index.ts";
import type { RunRecord } from "../record/index.ts";
import { leaveEvidence } from "./evidence.ts";
import { publishTestsOn } from "./publishing.ts";
import type { RecordsOfRun } from "./records-of-run.ts";
import { leaveViews } from "./run-views.ts";
import type { StoryRun } from "./task.ts";

type Gate = Awaited<ReturnType<typeof evaluateGate>>;

interface Outputs {
  passed: boolean;
  champion: string;
  evidence: string;
}

interface Wishes {
  readonly jobName: string;
  readonly onFail: string;
  readonly testRunTitle: string | undefined;
}

interface Step {
  readonly run: StoryRun<Outputs>;
  /** It has the gate. */
  readonly record: RunRecord;
  /** Records of the run's other steps, for the evidence. */
  readonly others: Promise<RecordsOfRun>;
}

/**
 * Writes a verdict everywhere, and sets the outputs. All of it runs side by side: three sequential round trips for the tests of the run.
 * @returns the outputs
 * @throws TaskError kind `failed` where the gate is closed and the step is to fail then; as `recordEvaluation` where an earlier "passed" stays
 */
export async function leaveVerdict(
  { run, record, others }: Step,
  workspace: Workspace,
  gate: Gate,
  { jobName, onFail, testRunTitle }: Wishes,
): Promise<Outputs> {
  const { passed, champion = "", rules } = gate;
  const sentence = sayGate(jobName, gate);
  const failure = passed || onFail !== "fail" ? undefined : new TaskError("failed", sentence, { errorCode: "AML1501" });
  if (!passed && onFail === "warn") run.succeedWithIssues(sentence);
  run.showResult(failure);
  const recorded = recordEvaluation(workspace, jobName, passed);
  // Its failure is the step's once the outputs are set.
  recorded.catch(() => {});
  const report = {
    ...{ title: testRunTitle ?? `Metrics of ${jobName}`, suite: jobName },
    cases: rules.map(({ rule, outcome, detail }) => ({ name: rule, outcome, detail })),
  };
  const [views, known] = await Promise.all([
    leaveViews(run, workspace, gate),
    others,
    publishTestsOn(run, workspace, report),
  ]);
  Object.assign(record.gate ?? {}, views);
  const evidence = await leaveEvidence(run, record, known, record);
  const outputs = { passed, champion, evidence };
  run.setOutputs(outputs);
  await recorded;
  if (failure) throw failure;
  workspace.log.info(passed ? `${jobName} passes.` : `${jobName} does not pass.`);
  return outputs;
}
