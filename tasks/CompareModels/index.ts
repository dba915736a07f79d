// Compare models: both scored on the same rows by one job, and the difference judged with its uncertainty.
import { TaskError } from "../../lib/errors.ts";
import { cancelLeft, compareModels, openWorkspace, readJudgeOptions, sayComparison } from "../../lib/ml/index.ts";
import { defineTask, type Story } from "../../lib/task/index.ts";
import { publishTestsOn } from "../../lib/task/publishing.ts";
import { contract, type Inputs, type Outputs } from "./contract.gen.ts";

const story: Story<Inputs, Outputs> = async ({ inputs, open, log, record, run }) => {
  const workspace = await open(openWorkspace);
  const judge = readJudgeOptions(inputs);
  const root = run.folders(inputs.allowedFolders);
  const { challengerModel, championModel, noChampion, testData, testFile, targetColumn, idColumn } = inputs;
  const compared = await compareModels(workspace, {
    ...{ challenger: challengerModel, champion: championModel, data: testData, missingChampion: noChampion },
    ...{ dataFile: testFile, target: targetColumn, idColumn, judge, root, folder: root.root },
    scoringScript: inputs.scoreWith === "script" ? inputs.scoringScript : undefined,
    ...{ environment: inputs.jobEnvironment, compute: inputs.jobCompute, overrides: inputs.jobOverrides },
    ...{ stepIdentity: run.stepIdentity, nonce: run.stepNonce(), onLeft: run.leave },
    ...{ deadline: inputs.timeoutInMinutes * 60_000, cancelOnFailure: inputs.cancelOnFailure },
    onJob: (job) => {
      record.job = job;
      run.setOutputs({ jobName: job.name });
    },
  });
  // A dry run has shown the job.
  if (compared === undefined) return {} as Outputs;
  record.comparison = compared;
  const { passed, outcome, difference, challenger, champion = "", data, jobName = "", metric, detail } = compared;
  const outputs = { passed, outcome, difference: String(difference ?? ""), challenger, champion, data, jobName };
  run.setOutputs(outputs);
  const name = `${challenger} against ${champion || "no champion"} by ${metric} on ${data}`;
  const result = !passed ? "failed" : outcome === "noChampion" ? "skipped" : "passed";
  const cases = [{ name, outcome: result, detail }] as const;
  await publishTestsOn(run, workspace, { title: `Comparison of ${challenger}`, suite: data, cases });
  log.info(detail);
  if (!passed && inputs.ifNotPassed === "fail")
    throw new TaskError("failed", sayComparison(compared), { errorCode: "AML1520" });
  if (!passed && inputs.ifNotPassed === "warn") run.succeedWithIssues(sayComparison(compared));
  return outputs;
};

export default defineTask(contract, story, {
  postJob: async ({ open }, mark) => cancelLeft(await open(openWorkspace), mark),
});
