// Which pipeline run this is, from the variables that the agent predefines.

export interface Provenance {
  kind: "build" | "release" | "none";
  /** Address of the organization, such as `https://dev.azure.com/contoso/`. */
  organization: string;
  project: string;
  definition: string;
  /** Build id or release id. */
  runId: string;
  /** Build number or release name. */
  runNumber: string;
  /** Page of the run. */
  runUri: string;
  stage: string;
  job: string;
  /** The step's `name:`, or else its display name. */
  step: string;
  /** Attempt of the job, from 1. */
  attempt: number;
  /** Never with user information. */
  repositoryUri: string;
  /** `main`, `feature/x`, `refs/pull/7/merge`. */
  branch: string;
  commit: string;
  requestedFor?: string;
  pullRequestId?: string;
}
