// Provenance: the pipeline run, commit and branch that jobs, data and models are traced back to.
// Tests: test/lib/agent/provenance.test.ts

/** What is known of the pipeline run; empty texts where nothing is. The pipeline's door fills it in. */
export interface Provenance {
  readonly kind: "build" | "release" | "none";
  /** Address of the organization, such as `https://dev.azure.com/contoso/`. */
  readonly organization: string;
  readonly project: string;
  readonly definition: string;
  /** System.DefinitionId, or that of the release definition: definitions of several folders may share a name. */
  readonly definitionId?: string;
  /** Build id or release id. */
  readonly runId: string;
  /** Build number or release name. */
  readonly runNumber: string;
  /** Page of the run. */
  readonly runUri: string;
  /** Empty where the pipeline has no stages. */
  readonly stage: string;
  readonly job: string;
  /** The step's `name:`, or else its display name. */
  readonly step: string;
  /** Attempt of the job, from 1. */
  readonly attempt: number;
  /** Never with user information. */
  readonly repositoryUri: string;
  /** `main`, `feature/x`, `refs/pull/7/merge`. */
  readonly branch: string;
  readonly commit: string;
  readonly requestedFor?: string;
  readonly pullRequestId?: string;
  /** Branch that the pull request is to be merged into, without refs/heads/. */
  readonly targetBranch?: string;
  /** System.TeamProjectId. */
  readonly projectId?: string;
  /** Name of the repository that the run was started from. */
  readonly repository?: string;
  /** Id of that repository, where it lies in Azure Repos. */
  readonly repositoryId?: string;
  /** Environment of a deployment job. */
  readonly environment?: string;
  /** Ids of the run's work items, filled in before the step's first write where its input `traceability` asks for them. */
  workItems?: readonly string[];
}

/** Removes user and password: the clone address of Azure Repos has a user in it (docs/facts/azureml-documents.md#9.1). */
export const withoutUserInformation = (uri: string): string => uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1");
