// Evaluate metrics: a job against rules and a champion; each rule is a test on the run.
import { TaskError } from "../../lib/errors.ts";
import {
  evaluateGate,
  openWorkspace,
  parseChampion,
  parseRules,
  recordEvaluation,
  sayGate,
} from "../../lib/ml/index.ts";
import { leaveEvidence } from "../../lib/task/evidence.ts";
import { defineTask, type Story } from "../../lib/task/index.ts";
import { publishTestsOn } from "../../lib/task/publishing.ts";
import { leaveViews } from "../../lib/task/run-views.ts";
import { viewOf } from "../../lib/task/views.ts";
import { contract, type Inputs, type Outputs } from "./contract.gen.ts";

const story: Story<Inputs, Outputs> = async ({ inputs, open, log, record, run }) => {
  const workspace = await open(openWorkspace);
  const { jobName, onFail, missingChampion, includeChildRuns } = inputs;
  const gate = await evaluateGate(workspace, {
    ...{ jobName, missingChampion, includeChildRuns },
    rules: parseRules(inputs.rules),
    champion: parseChampion(inputs.champion),
    patience: inputs.metricsTimeoutInSeconds * 1000,
  });
  const { passed, champion = "", rules } = gate;
  record.gate = { ...gate, champion };
  const report = {
    ...{ title: inputs.testRunTitle ?? `Metrics of ${jobName}`, suite: jobName },
    cases: rules.map(({ rule, outcome, detail }) => ({ name: rule, outcome, detail })),
  };
  const [views] = await Promise.all([leaveViews(run, workspace, gate), publishTestsOn(run, workspace, report)]);
  record.gate = { ...gate, champion, ...views };
  const evidence = await leaveEvidence(run, record);
  run.setOutputs({ passed, champion, evidence });
  await recordEvaluation(workspace, jobName, passed);
  if (!passed && onFail === "fail") throw new TaskError("failed", sayGate(jobName, gate), { errorCode: "AML1501" });
  if (!passed && onFail === "warn") run.succeedWithIssues(sayGate(jobName, gate));
  log.info(passed ? `${jobName} passes.` : `${jobName} does not pass.`);
  return { passed, champion, evidence };
};

// The judgement is known without being written to the job.
export default defineTask(contract, story, { view: viewOf("gate"), outputsOfDryRun: true });
