// Job settings of local Azure DevOps for tasks that are started beside Bench.
import { type JobOptions, RecordingServer, systemConnection } from "../../local/agent/index.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";

export interface JobOf {
  readonly workFolder: string;
  readonly build: Build;
  readonly attempt: number;
  readonly jobName?: string | undefined;
  /** A digit that is no other job's of the run. */
  readonly number: number;
  readonly proxyUrl: string;
}

export function jobOptions(cloud: LocalCloud, job: JobOf): Omit<JobOptions, "onLine"> {
  const { build, attempt, number, proxyUrl, workFolder } = job;
  const jobName = job.jobName ?? "Job";
  const jobId = `00000000-0000-4000-8000-00000000000${number}`;
  const token = cloud.devops.issueJobToken({ plan: build.plan, jobId });
  const { collectionUri, organization, project } = cloud.devops;
  return {
    workFolder,
    run: {
      ...{ collectionUri, collectionId: organization.id, project: project.name, projectId: project.id },
      ...{ definitionId: build.definition.id, definitionName: build.definition.name },
      ...{ buildId: build.id, buildNumber: build.buildNumber },
      ...{ planId: build.plan.planId, timelineId: build.plan.timelineId },
      ...{ jobId, jobName, jobDisplayName: jobName, phaseName: jobName },
      ...{ jobAttempt: attempt, stageAttempt: attempt },
      repository: { name: "bundle", uri: cloud.devops.repositoryUri("bundle") },
      ...{ branch: build.sourceBranch, commit: build.sourceVersion, requestedFor: build.requestedFor.displayName },
      oidcRequestUri: cloud.devops.oidcRequestUri(build.plan, jobId),
      accessToken: token,
    },
    connections: [systemConnection(collectionUri, token), ...Object.values(cloud.connections)],
    network: { proxyUrl, caFile: cloud.caFile },
    server: new RecordingServer(),
  };
}
