// The operations (role actions) of each task in the workspace: one table for docs/connections.md and for CheckSetup. Names are those of
// Microsoft's published list of operations (Azure permissions for AI + machine learning, 2024-04-25), which task calls which of them
// follows from the paths that it asks. Not verified against live Azure.
// Tests: test/lib/ml/setup/page.test.ts, test/bundle/least-roles.test.ts

import { CALL, CODE, DEPLOY_ENDPOINT, KEYS, SUBMIT_JOB, type TaskOperations } from "./own-operations.ts";

export { KEYS, PROVIDER, type TaskOperations, wholeName } from "./own-operations.ts";

/** By the name of the task's folder. */
export const TASK_OPERATIONS = {
  RegisterData: {
    title: "Register dataset",
    reads: ["read", "data/read", "data/versions/read", "datastores/read"],
    changes: ["data/versions/write"],
    files: true,
    role: "AzureML Data Scientist",
  },
  SubmitJob: SUBMIT_JOB,
  WaitForJob: {
    title: "Wait for job",
    reads: ["jobs/read"],
    changes: ["jobs/write", "jobs/cancel/action"],
    role: "AzureML Data Scientist",
  },
  EvaluateMetrics: {
    title: "Evaluate metrics",
    reads: ["read", "jobs/read", "experiments/runs/read"],
    changes: [],
    ifUsed: ["models/versions/read", "onlineEndpoints/read", "onlineEndpoints/deployments/read"],
    secondary: ["jobs/write", "experiments/runs/write", "models/versions/write"],
    more: "The changes are tags for people: on the job, and on models of a job that failed",
    role: "AzureML Data Scientist",
  },
  CompareModels: {
    title: "Compare models",
    reads: ["read", "jobs/read", "data/versions/read", "datastores/read", "experiments/runs/read"],
    changes: ["jobs/write", "jobs/cancel/action"],
    ifUsed: [
      "models/versions/read",
      "data/read",
      "computes/read",
      ...CODE,
      "environments/versions/read",
      "environments/versions/write",
      "onlineEndpoints/read",
      "onlineEndpoints/deployments/read",
    ],
    files: true,
    role: "AzureML Data Scientist",
  },
  RegisterModel: {
    title: "Register model",
    reads: ["read", "jobs/read", "models/read", "models/versions/read", "datastores/read"],
    changes: ["models/versions/write"],
    ifUsed: ["data/versions/read", "data/versions/write", "environments/versions/read"],
    files: true,
    more: "`bom` and `signWith` store the proof as data. A key vault's rights are [in it](#keys-in-azure-key-vault)",
    role: "AzureML Data Scientist",
  },
  VerifyModel: {
    title: "Verify model",
    reads: ["read", "models/versions/read", "data/versions/read", "datastores/read"],
    changes: [],
    ifUsed: ["jobs/read"],
    files: true,
    more: "A key vault's rights are [in it](#keys-in-azure-key-vault)",
    role: "AzureML Data Scientist",
  },
  CheckModel: {
    title: "Check model",
    reads: ["models/versions/read"],
    changes: [],
    role: "Reader",
  },
  CheckRollout: {
    title: "Check rollout",
    reads: ["Microsoft.Insights/metrics/read"],
    changes: [],
    more: "Monitoring Reader on the endpoint suffices; AzureML Data Scientist does not hold it",
    role: "Reader",
  },
  DownloadModel: {
    title: "Download model",
    reads: ["read", "models/versions/read", "datastores/read"],
    changes: [],
    files: true,
    role: "AzureML Data Scientist",
  },
  PromoteModel: {
    title: "Promote model",
    reads: ["read", "jobs/read", "models/read", "models/versions/read", "datastores/read"],
    changes: ["models/versions/write"],
    ifUsed: [
      "models/versions/publish/action",
      "environments/versions/read",
      "environments/versions/write",
      "environments/versions/publish/action",
      "components/versions/read",
      "components/versions/write",
      ...CODE,
      "data/versions/write",
    ],
    secondary: ["experiments/runs/read", "data/versions/read"],
    files: true,
    more: "By two connections, the reads are the source's and the changes the target's. Publishing needs AzureML Registry User on the registry too",
    role: "AzureML Data Scientist",
  },
  WatchModels: {
    title: "Watch models",
    reads: ["read", "models/versions/read"],
    changes: [],
    more: "In Azure DevOps what [triggers](triggers.md) says",
    role: "Reader",
  },
  DeployEndpoint: DEPLOY_ENDPOINT,
  Rollback: {
    title: "Roll back endpoint",
    reads: ["read", "onlineEndpoints/read", "onlineEndpoints/deployments/read"],
    changes: ["onlineEndpoints/write"],
    ifUsed: CALL,
    secondary: ["datastores/read", KEYS],
    more: "The datastore's key, or the role on storage below, is for its lock; a call needs one of the three that call",
    role: "AzureML Data Scientist",
  },
  InvokeEndpoint: {
    title: "Invoke endpoint",
    reads: ["read", "onlineEndpoints/read"],
    changes: [],
    oneOf: [CALL],
    ifUsed: ["serverlessEndpoints/read", "serverlessEndpoints/listkeys/action"],
    role: "AzureML Data Scientist",
  },
  CleanUp: {
    title: "Clean up workspace",
    reads: ["read"],
    changes: [],
    ifUsed: [
      "onlineEndpoints/read",
      "onlineEndpoints/deployments/read",
      "onlineEndpoints/delete",
      "onlineEndpoints/deployments/delete",
      "models/read",
      "models/versions/read",
      "models/versions/write",
      "data/read",
      "data/versions/read",
      "data/versions/write",
      "batchEndpoints/read",
      "batchEndpoints/deployments/read",
      "schedules/read",
      "jobs/read",
      "datastores/read",
      "Microsoft.Insights/metrics/read",
    ],
    files: true,
    more: "The datastore's key, or the role on storage below, is for the lock of endpoints. `idleHours` reads metrics, which Monitoring Reader holds and Data Scientist does not",
    role: "AzureML Data Scientist",
  },
  InvokeBatch: {
    title: "Invoke batch endpoint",
    reads: ["read", "jobs/read", "batchEndpoints/read", "batchEndpoints/deployments/read", "experiments/runs/read"],
    // From Microsoft's page on authorization of batch endpoints, which lists more for the invoker.
    changes: ["experiments/runs/submit/action", "experiments/runs/write", "jobs/cancel/action"],
    ifUsed: ["data/versions/read", "datastores/read", "batchEndpoints/write"],
    files: true,
    more: "A role of your own needs [all that Azure lists for invoking batch endpoints](https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint#configure-rbac-for-batch-endpoints-invoke). The datastore's key, or the role on storage below, is for uploads and for the lock of `makeDefault`",
    role: "AzureML Data Scientist",
  },
  Apply: {
    title: "Apply",
    reads: ["read"],
    changes: [],
    files: true,
    more: "What the documents name; computes need `computes/write`, which Contributor has and Data Scientist has not",
    role: "AzureML Data Scientist",
  },
} as const satisfies Record<string, TaskOperations>;

export type TaskFolderName = keyof typeof TASK_OPERATIONS;

export const operationsOf = (task: TaskFolderName): TaskOperations => TASK_OPERATIONS[task];
