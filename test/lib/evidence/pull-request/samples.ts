// Records and runs that tests of pull requests are made of.
import type { RunRecord } from "../../../../lib/record/index.ts";

export const run = {
  name: "train-pr",
  number: "20261127.3",
  uri: "https://dev.azure.com/contoso/p/_build/results?buildId=42",
  commit: "0123456789abcdef0123456789abcdef01234567",
  branch: "refs/pull/7/merge",
  repositoryUri: "https://github.com/contoso/model.git",
};

export const record = (more: Partial<RunRecord> = {}): RunRecord => ({
  version: 1,
  task: { name: "AzureMLEvaluateMetrics", friendlyName: "Azure ML: Evaluate metrics", version: "1.0.0" },
  result: "succeeded",
  started: "2026-11-27T13:00:00.000Z",
  finished: "2026-11-27T13:00:05.000Z",
  run: { kind: "build", step: "judge" },
  ...more,
});

export const gate = (more: Partial<NonNullable<RunRecord["gate"]>> = {}): NonNullable<RunRecord["gate"]> => ({
  passed: true,
  jobName: "job-1",
  champion: "churn:3",
  rules: [
    {
      rule: "metrics.auc >= champion.auc",
      passed: true,
      outcome: "passed",
      detail: "auc is 0.861, champion's is 0.85",
    },
  ],
  metrics: { accuracy: 0.91, auc: 0.861 },
  championMetrics: { auc: 0.85 },
  ...more,
});
