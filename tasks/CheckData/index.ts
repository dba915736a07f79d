// Check data: a version or files against the version before, expectations and rules; each check is a test on the run.
import { TaskError } from "../../lib/errors.ts";
import { openAssetStore } from "../../lib/ml/assets/asset-store.ts";
import { checkData, readDataChecks, sayDataReport } from "../../lib/ml/data-checks/check-data.ts";
import { counted } from "../../lib/record/words.ts";
import { defineTask, type Story } from "../../lib/task/index.ts";
import { publishTestsOn } from "../../lib/task/publishing.ts";
import { contract, type Inputs, type Outputs } from "./contract.gen.ts";

const story: Story<Inputs, Outputs> = async ({ inputs, open, log, record, run }) => {
  const { source, name, dataVersion, dataPath, baseline, onFail } = inputs;
  const root = run.folders(inputs.allowedFolders);
  const checks = readDataChecks({ expectationsFile: inputs.expectationsFile, rules: inputs.dataRules }, root);
  const store = await open(openAssetStore);
  const report = await checkData(store, {
    ...(source === "files" ? { path: dataPath } : { version: dataVersion }),
    ...{ name, baseline, root, ...checks },
  });
  const { passed, rules, rows, data } = report;
  record.dataCheck = report;
  const cases = rules.map(({ rule, outcome, detail }) => ({ name: rule, outcome, detail }));
  await publishTestsOn(run, { log, signal: store.signal }, { title: `Data of ${data}`, suite: data, cases });
  const failed = rules.flatMap((rule) => (rule.passed ? [] : [rule.rule])).join("\n");
  const outputs = { passed, failed, rows: String(rows), baseline: report.baseline ?? "" };
  run.setOutputs(outputs);
  if (!passed && onFail === "fail") throw new TaskError("failed", sayDataReport(report), { errorCode: "AML1752" });
  if (!passed && onFail === "warn") run.succeedWithIssues(sayDataReport(report));
  log.info(passed ? `${data} passes ${counted(rules.length, "check")}.` : `${data} does not pass.`);
  return outputs;
};

export default defineTask(contract, story);
