// The operations of the tasks whose preflight looks at them, as rows of the table in task-operations.ts: a file of its own, so that the bundle of
// such a task holds no other rows.
// Tests: test/lib/ml/setup/page.test.ts, test/lib/ml/preflight/preflight.test.ts

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

export const CALL = ["onlineEndpoints/listkeys/action", "onlineEndpoints/token/action", "onlineEndpoints/score/action"];

/** Operations of uploads. The published list lacks the second one; its name follows from the path. */
export const CODE = ["codes/versions/read", "codes/versions/startPendingUpload/action", "codes/versions/write"];

export const SUBMIT_JOB = {
  title: "Submit job",
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
} as const satisfies TaskOperations;

export const DEPLOY_ENDPOINT = {
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
    "data/versions/read",
    // Canary and shadow alone.
    "Microsoft.Insights/metrics/read",
  ],
  files: true,
  more: "The datastore's key, or the role on storage below, is for its lock too. `autoscaleFile` needs `Microsoft.Insights/autoscaleSettings/read` and `/write` on the resource group, which Contributor has and Data Scientist has not. A canary and a shadow read metrics, and `alertRules` the rules and `Microsoft.AlertsManagement/alerts/read` of the subscription: give Monitoring Reader there, because Data Scientist holds none of it",
  role: "AzureML Data Scientist",
} as const satisfies TaskOperations;

/** An operation under its whole name. */
export const wholeName = (operation: string): string =>
  operation.startsWith("Microsoft.") ? operation : `${PROVIDER}/${operation}`;
