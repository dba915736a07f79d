// Made from tasks/EvaluateMetrics/task.json by `npm run generate`: change tasks/EvaluateMetrics/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "onFail" | "plan" | "traceability" | "pullRequest" | "pullRequestName" | "pullRequestThread" | "gitHubConnection"> & {
  /** Name of the Azure ML job, as SubmitJob leaves it in its output variable `jobName`: `$(train.jobName)` after a step with `name: train`. */
  jobName: string;
  /** One rule a line, in CEL: `metrics.accuracy >= 0.9`, `metrics.auc >= champion.auc - 0.005`. `metrics` holds the latest values of the job, `champion` those of the champion, `history` every value in order. Names that are no identifiers are written `metrics['f1 score']`. `improves(metrics.auc, champion.auc, 0.95)` asks for more than chance, by the input results; `slices('f1/').worst >= 0.7` for the worst of the metrics whose names begin so, and `slices('f1/').lost <= 0.02` for the one that lost most against the champion; `comparison.passed` for what a step with AzureMLCompareModels before this one found about the job's model. Lines that start with `#` are remarks. */
  rules: string;
  /** Where rules with `improves(...)`, `improvesBy(...)` and `notWorse(...)` read their values, one metric a line; the champion's job has the same. `auc: outputs/predictions.csv label=y score=p` compares rows by DeLong's test, `accuracy: outputs/predictions.parquet label=y prediction=answer` by McNemar's, `rmse`, `f1` and others by a paired bootstrap, `pinball: outputs/losses.csv value=loss key=id better=lower` the means of a column. `auc: history by=folds ratio=1/9` takes each logged value as a fold (`ratio`: test rows to training rows), `by=seeds` as a training of its own. Files are CSV, JSON lines or Parquet among the job's artifacts; a list of scores may be JSON. `key=` pairs rows that stand in another order. */
  results: string | undefined;
  /** Reports among the job's artifacts that rules read, one a line: `drift=outputs/evidently.json`, `tests=outputs/junit.xml`. Rules then say `reports.drift.DriftedColumnsCount.share < 0.3`, `reports.quality.success == true` or `reports.tests.failures == 0`. JSON is read as it is; Evidently's metrics also by their names; JUnit as `tests`, `failures`, `errors`, `skipped` and `passed`. A PDF, such as a scorecard of Responsible AI, is not read. */
  reports: string | undefined;
  /** What the job is compared with: `endpoint:<name>` (the model with most of the live traffic), `model:<name>@<label or tag>`, `model:<id>` in another workspace or registry, `branch:main` (the job that the last green run of this pipeline on that branch passed), `targetBranch` (the same for the branch that a pull request is to be merged into), `job:<name>`, or `none`. */
  champion: string;
  /** The result of rules that mention the champion when its endpoint, deployment or model does not exist, as before the first release. A champion that exists and lacks a metric always fails, and so does an endpoint whose ready deployments get no traffic. */
  missingChampion: "fail" | "skip";
  /** Compares what both runs really read, input by input: versions by their number, paths and outputs of upstream steps by their files. `require` also fails where it is not known. */
  sameData: "require" | "warn" | "ignore";
  /** Names of the inputs that `sameData` compares, separated by commas: `test`, or `evaluate.test` for an input of the step `evaluate`. Left empty, all inputs with data of the run that has the metrics: then training data counts too. */
  measuredOn: string | undefined;
  /** Step of the pipeline whose metrics count, by its name, its path (`outer/inner`) or its run id. Left empty, metrics are found by themselves: on the job, else on the one run below it that has them; of a sweep or an AutoML job on the best trial that the service names. Where several runs have a metric, the rule fails and names them. */
  metricsFrom: string | undefined;
  /** Merges the metrics of the job's direct child runs that have not failed or been cancelled, of each metric the value that was logged last. Where the job has a metric too, its own counts. Usually leave it off: metrics are found without it, and the value of the run that came last may be the wrong one. */
  includeChildRuns: boolean;
  /** Metrics may appear a while after a job has completed. A metric that a rule names or asks after, with `has()` or `in`, is waited for this long before it counts as missing. */
  metricsTimeoutInSeconds: number;
  /** Title of the test run that shows each rule as a test. Left empty, it names the job. */
  testRunTitle: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** `true` when every rule held, else `false`. */
  passed: boolean;
  /** What the job was measured against, as `<model>:<version>` or the name of a job; empty where there is none. */
  champion: string;
  /** Evidence for an approver, as markdown of at most 4,000 characters: metrics against the champion, slices, rules, data and code, cost, risks, and what an approval does. Data and cost come from the records of the run's other steps. For the instructions of ManualValidation; the run's tab Azure ML shows it in full. */
  evidence: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "4d7b41c8-e3c3-4ab0-a68c-d82448c5163a", name: "AzureMLEvaluateMetrics", friendlyName: "Azure ML: Evaluate metrics", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "jobName", type: "string", required: true },
    { name: "rules", type: "multiLine", required: true },
    { name: "results", type: "multiLine" },
    { name: "reports", type: "multiLine" },
    { name: "champion", type: "string", default: "none" },
    { name: "missingChampion", type: "pickList", default: "fail", options: ["fail", "skip"] },
    shared.onFail,
    { name: "sameData", type: "pickList", default: "warn", options: ["require", "warn", "ignore"] },
    { name: "measuredOn", type: "string" },
    { name: "metricsFrom", type: "string" },
    { name: "includeChildRuns", type: "boolean", default: "false" },
    { name: "metricsTimeoutInSeconds", type: "int", default: "120" },
    { name: "testRunTitle", type: "string" },
    shared.plan,
    shared.traceability,
    shared.pullRequest,
    shared.pullRequestName,
    shared.pullRequestThread,
    shared.gitHubConnection,
  ],
  outputs: [
    { name: "passed", type: "boolean" },
    { name: "champion", type: "string" },
    { name: "evidence", type: "string" },
  ],
});
