// Made from tasks/CompareModels/task.json by `npm run generate`: change tasks/CompareModels/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Score with: How both models are scored. `script`: a Python file with the function `score(model, rows)`, which gives one number or label for each row; `rows` is a list of dicts by column name, and `model` what its function `load(path)` returned, or the path where it has none. */
export type ScoreWith =
  | {
      scoreWith: "mlflow";
      scoringScript: undefined;
    }
  | {
      scoreWith: "script";
      /** Path of the Python file. Its folder is uploaded with it, without what .amlignore leaves out. */
      scoringScript: string;
    };

/** Metric: Metric of the verdict, with the test that fits it. `accuracy` needs labels as scores (McNemar); `auc` numbers that rank (DeLong); `logLoss` and `brier` probabilities, `mae` and `mse` numbers (paired bootstrap up to 5,000 rows, paired t-test above). Another metric of the same scores needs no new scoring. */
export type CompareBy =
  | {
      compareBy: "accuracy";
      positiveLabel: undefined;
    }
  | {
      compareBy: "auc";
      /** Value of the target whose probability the scores are, as in `malignant`. Left empty, `1` or `true`, beside `0`, `-1` or `false`. */
      positiveLabel: string | undefined;
    }
  | {
      compareBy: "logLoss";
      /** Value of the target whose probability the scores are, as in `malignant`. Left empty, `1` or `true`, beside `0`, `-1` or `false`. */
      positiveLabel: string | undefined;
    }
  | {
      compareBy: "brier";
      /** Value of the target whose probability the scores are, as in `malignant`. Left empty, `1` or `true`, beside `0`, `-1` or `false`. */
      positiveLabel: string | undefined;
    }
  | {
      compareBy: "mae";
      positiveLabel: undefined;
    }
  | {
      compareBy: "mse";
      positiveLabel: undefined;
    };

/** The challenger must: `better` passes where the whole interval of the difference lies on the good side of 0. `notWorse` passes where it lies above minus the margin, for a model that is cheaper, smaller or fresher. */
export type ChallengerMust =
  | {
      challengerMust: "better";
      margin: undefined;
    }
  | {
      challengerMust: "notWorse";
      /** Loss that is accepted, in units of the metric, as in `0.005`; above 0. */
      margin: string;
    };

export type Inputs = Pick<SharedInputs, "timeoutInMinutes" | "allowedFolders" | "plan"> & {
  /** Model that is to be judged: `job:<name>/<output>` (an output of a completed job; its only output where none is named), `model:<name>:<version>`, `model:<name>@<label or tag>`, `endpoint:<name>` (the model with most of the live traffic) or `azureml://registries/<registry>/models/<name>/versions/<version>`. */
  challengerModel: string;
  /** Model that it is compared with, in the same forms: `endpoint:<name>`, `model:<name>@<label or tag>`, `model:<name>:<version>`, `job:<name>/<output>`. */
  championModel: string;
  /** The verdict when the champion's endpoint, deployment or model does not exist, as before the first release. Nothing is scored then. An endpoint whose ready deployments get no traffic passes in no case. */
  noChampion: "fail" | "skip";
  /** Data version with the rows that both models are scored on: `azureml:<name>:<version>`, `azureml:<name>@latest` (resolved once, and named in the log) or one of a registry. A CSV file with a header, JSON lines or Parquet, as `uri_file` or in a `uri_folder`. Rows that neither model was trained on. */
  testData: string;
  /** Path of the file in a `uri_folder`. Left empty, the folder's only file. */
  testFile: string | undefined;
  /** Name of the column with the truth. Neither model sees it. */
  targetColumn: string;
  /** Name of a column that tells rows apart, kept beside the scores. Neither model sees it. Left empty, rows are counted from 1. */
  idColumn: string | undefined;
  /** Environment in which both models can be loaded: `azureml:<name>:<version>`, `azureml:<name>@latest`, `azureml://registries/<registry>/environments/<name>/versions/<version>`, or `file:<path>` of an environment YAML. MLflow models need `mlflow` and `pandas` in it, Parquet files `pyarrow`. */
  jobEnvironment: string;
  /** Name of the compute cluster. Left empty, serverless compute, whose machine the input jobOverrides can choose. */
  jobCompute: string | undefined;
  /** YAML that is laid over the scoring job, as in `resources: { instance_type: Standard_DS3_v2 }` or `limits: { timeout: 3600 }`. What is scored, and how, cannot be changed by it. */
  jobOverrides: string | undefined;
  /** Confidence of the interval, from 0.5 to 0.9999. With `0.95`, a model that is no better passes in about 2.5 of 100 comparisons; in more, by a loss over so few rows that rare large ones may be missing. */
  confidence: string;
  /** With fewer rows there is no verdict: the outcome is `notEnoughData`, which does not pass. By `auc` five rows of each class are needed in any case. */
  minimumRows: number;
  /** `fail` stops the pipeline. `warn` and `continue` leave it to later conditions on the output variables `passed` and `outcome`. */
  ifNotPassed: "fail" | "warn" | "continue";
  /** Cancels the job when the task fails while the job is still running, such as in an outage of Azure or when the identity loses its role. If off, the job keeps running, and running the failed pipeline job again joins it. A cancelled pipeline and the deadline cancel it in any case. */
  cancelOnFailure: boolean;
} & ConnectionType & ScoreWith & CompareBy & ChallengerMust;

export interface Outputs {
  /** `true` when the challenger passed, else `false`. */
  passed: boolean;
  /** One of better, notWorse, worse, noDifference, notEnoughData, noChampion, sameModel. */
  outcome: string;
  /** Challenger minus champion in units of the metric; empty where nothing was measured. */
  difference: string;
  /** The challenger as it was found, such as house-prices:7. */
  challenger: string;
  /** The champion as it was found; empty where there is none. */
  champion: string;
  /** Name and version of the data that both were scored on. */
  data: string;
  /** Name of the job that scored both; empty where nothing was scored. */
  jobName: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "10d31ee4-256d-4825-8601-fe6e0d937f11", name: "AzureMLCompareModels", friendlyName: "Azure ML: Compare models", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "challengerModel", type: "string", required: true },
    { name: "championModel", type: "string", required: true },
    { name: "noChampion", type: "pickList", default: "fail", options: ["fail", "skip"] },
    { name: "testData", type: "string", required: true },
    { name: "testFile", type: "string" },
    { name: "targetColumn", type: "string", required: true },
    { name: "idColumn", type: "string" },
    { name: "scoreWith", type: "pickList", default: "mlflow", options: ["mlflow", "script"] },
    { name: "scoringScript", type: "filePath", required: true, visible: [[["scoreWith", "=", "script"]]] },
    { name: "jobEnvironment", type: "string", required: true },
    { name: "jobCompute", type: "string" },
    { name: "jobOverrides", type: "multiLine" },
    { name: "compareBy", type: "pickList", required: true, default: "accuracy", options: ["accuracy", "auc", "logLoss", "brier", "mae", "mse"] },
    { name: "positiveLabel", type: "string", visible: [[["compareBy", "=", "auc"]], [["compareBy", "=", "logLoss"]], [["compareBy", "=", "brier"]]] },
    { name: "challengerMust", type: "pickList", default: "better", options: ["better", "notWorse"] },
    { name: "margin", type: "string", required: true, visible: [[["challengerMust", "=", "notWorse"]]] },
    { name: "confidence", type: "string", default: "0.95" },
    { name: "minimumRows", type: "int", default: "100" },
    { name: "ifNotPassed", type: "pickList", default: "fail", options: ["fail", "warn", "continue"] },
    { name: "timeoutInMinutes", type: "int", default: "0" },
    { name: "cancelOnFailure", type: "boolean", default: "false" },
    shared.allowedFolders,
    shared.plan,
  ],
  outputs: [
    { name: "passed", type: "boolean" },
    { name: "outcome", type: "string" },
    { name: "difference", type: "string" },
    { name: "challenger", type: "string" },
    { name: "champion", type: "string" },
    { name: "data", type: "string" },
    { name: "jobName", type: "string" },
  ],
});
