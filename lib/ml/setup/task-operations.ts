// The operations (role actions) of each task in the workspace: one table for docs/connections.md and for CheckSetup. Names are those of
// Microsoft's published list of operations (Azure permissions for AI + machine learning, 2024-04-25), which task calls which of them
// follows from the paths that it asks. Not verified against live Azure.
// Tests: test/lib/ml/setup/page.test.ts, test/bundle/least-roles.test.ts

/** The common prefix of all operations below. */
export const PROVIDER = "Microsoft.MachineLearningServices/workspaces";

export interface TaskOperations {
  /** As the task is called in the list of tasks. */
  readonly title: string;
  /** Without `PROVIDER` and its slash; those of other providers are whole (`Microsoft.Insights/metrics/read`). */
  readonly reads: readonly string[];
  /** Without these the task fails. */
  readonly changes: readonly string[];
  /** Of each list one is enough: how an endpoint wants to be called decides which. */
  readonly oneOf?: readonly (readonly string[])[];
  /** Operations that only some inputs and files need: a compute, code, an environment of the file's own, a champion. */
  readonly ifUsed?: readonly string[];
  /** Without these it goes on and warns. */
  readonly secondary?: readonly string[];
  /** It reads or writes files: `KEYS`, or a role on the storage where the datastore keeps no key. */
  readonly files?: true;
  /** In words, what follows from the user's own files, or is elsewhere. */
  readonly more?: string;
  /** The built-in role that holds all of it. */
  readonly role: "AzureML Data Scientist" | "Reader";
}

/** Gives the key of a datastore, or what is signed with it. */
export const KEYS = "datastores/listsecrets/action";

const CALL = ["onlineEndpoints/listkeys/action", "onlineEndpoints/token/action", "onlineEndpoints/score/action"];

/** Operations of uploads. The published list lacks the second one; its name follows from the path. */
const CODE = ["codes/versions/read", "codes/versions/startPendingUpload/action", "codes/versions/write"];

/** By the name of the task's folder. */
export const TASK_OPERATIONS = {
  RegisterData: {
    title: "Register dataset",
    reads: ["read", "data/read", "data/versions/read", "datastores/read"],
    changes: ["data/versions/write"],
    files: true,
    role: "AzureML Data Scientist",
  },
  SubmitJob: {
    title: "Submit training run",
    reads: ["read", "jobs/read"],
    changes: ["jobs/write", "jobs/cancel/action"],
    ifUsed: [
      "computes/read",
      ...CODE,
      "environments/versions/read",
      "environments/versions/write",
      "data/versions/read",
      "data/versions/write",
      "datastores/read",
    ],
    files: true,
    role: "AzureML Data Scientist",
  },
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
  RegisterModel: {
    title: "Register model",
    reads: ["read", "jobs/read", "models/read", "models/versions/read", "datastores/read"],
    changes: ["models/versions/write"],
    files: true,
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
    ],
    secondary: ["experiments/runs/read"],
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
  DeployEndpoint: {
    title: "Deploy endpoint",
    reads: ["read", "onlineEndpoints/read", "onlineEndpoints/deployments/read", "datastores/read"],
    changes: [
      "onlineEndpoints/write",
      "onlineEndpoints/deployments/write",
      "onlineEndpoints/deployments/delete",
      "onlineEndpoints/deployments/getlogs/action",
    ],
    oneOf: [CALL],
    ifUsed: [
      "models/versions/read",
      "models/versions/write",
      ...CODE,
      "environments/versions/read",
      "environments/versions/write",
      // Canary and shadow alone.
      "Microsoft.Insights/metrics/read",
    ],
    files: true,
    more: "The datastore's key, or the role on storage below, is for its lock too. `autoscaleFile` needs `Microsoft.Insights/autoscaleSettings/read` and `/write` on the resource group, which Contributor has and Data Scientist has not",
    role: "AzureML Data Scientist",
  },
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
    more: "The datastore's key, or the role on storage below, is for the lock of endpoints",
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

/** An operation under its whole name. */
export const wholeName = (operation: string): string =>
  operation.startsWith("Microsoft.") ? operation : `${PROVIDER}/${operation}`;

export const operationsOf = (task: TaskFolderName): TaskOperations => TASK_OPERATIONS[task];
