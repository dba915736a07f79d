// The variables that the agent and the server give every job of a build or a release (docs/facts/agent.md#1.9).
import os from "node:os";
import path from "node:path";
import type { VariableSpec } from "./variables.ts";

/** The run of a job. Every field has a default, so that a task can be started by hand. */
export interface RunIdentity {
  readonly host?: "build" | "release";
  /** `https://dev.azure.com/contoso/`, with the slash. */
  readonly collectionUri?: string;
  readonly collectionId?: string;
  readonly project?: string;
  readonly projectId?: string;
  readonly definitionId?: number;
  readonly definitionName?: string;
  readonly buildId?: number;
  readonly buildNumber?: string;
  readonly planId?: string;
  readonly timelineId?: string;
  readonly jobId?: string;
  readonly jobName?: string;
  readonly jobDisplayName?: string;
  readonly jobAttempt?: number;
  readonly phaseName?: string;
  readonly stageId?: string;
  readonly stageName?: string;
  readonly stageDisplayName?: string;
  readonly stageAttempt?: number;
  readonly repository?: {
    readonly id?: string;
    readonly name?: string;
    readonly provider?: string;
    readonly uri?: string;
  };
  /** `refs/heads/main` */
  readonly branch?: string;
  readonly commit?: string;
  readonly commitAuthor?: string;
  readonly commitMessage?: string;
  /** `Manual`, `IndividualCI`, `PullRequest`, `ResourceTrigger`, `Schedule` */
  readonly reason?: string;
  readonly requestedFor?: string;
  readonly requestedForEmail?: string;
  readonly requestedForId?: string;
  readonly pullRequest?: {
    readonly id: number;
    readonly sourceBranch: string;
    readonly targetBranch: string;
    readonly isFork?: boolean;
    /** The number on GitHub, whose id is another one. */
    readonly number?: number;
    /** The commit that is reviewed, and not the merge. */
    readonly sourceCommit?: string;
  };
  /** Without a query; the job token may ask it for tokens of its service connections. */
  readonly oidcRequestUri?: string;
  readonly accessToken?: string;
  readonly startTime?: Date;
  readonly release?: ReleaseIdentity;
}

interface ReleaseIdentity {
  readonly id: number;
  readonly name: string;
  readonly definitionId: number;
  readonly definitionName: string;
  readonly environmentName: string;
  readonly environmentId: number;
  readonly attempt?: number;
  readonly webUrl?: string;
}

/** The folders of a job below its work folder. */
export interface JobFolders {
  /** `<work>` */
  readonly work: string;
  /** `<work>/_temp`, emptied at the job's start and end. */
  readonly temp: string;
  readonly tools: string;
  /** `<work>/1` */
  readonly build: string;
  readonly sources: string;
  readonly staging: string;
  readonly binaries: string;
  readonly testResults: string;
}

export function jobFolders(workFolder: string): JobFolders {
  const work = path.resolve(workFolder);
  const build = path.join(work, "1");
  return {
    work,
    temp: path.join(work, "_temp"),
    tools: path.join(work, "_tool"),
    build,
    sources: path.join(build, "s"),
    staging: path.join(build, "a"),
    binaries: path.join(build, "b"),
    testResults: path.join(build, "TestResults"),
  };
}

/** The agent version whose source the facts were read in. */
const AGENT_VERSION = "5.278.0";
const ZERO = "00000000-0000-0000-0000-000000000000";
const OS_NAMES: Readonly<Record<string, string>> = { linux: "Linux", darwin: "Darwin", win32: "Windows_NT" };

/** The predefined variables of one job. `system.accessToken` is secret, as in YAML builds. */
export function predefinedVariables(
  run: RunIdentity,
  folders: JobFolders,
  lookupId: string,
): Record<string, VariableSpec> {
  const host = run.host ?? "build";
  const collection = run.collectionUri ?? "https://dev.azure.com/contoso/";
  const project = run.project ?? "breast-cancer";
  const projectId = run.projectId ?? ZERO;
  const stage = run.stageName ?? "__default";
  const job = run.jobName ?? "Job";
  const phase = run.phaseName ?? job;
  const plan = run.planId ?? ZERO;
  const attempt = String(run.jobAttempt ?? 1);
  const isRelease = host === "release";
  const workingDirectory = isRelease ? folders.staging : folders.sources;
  const variables: Record<string, VariableSpec> = {
    "agent.id": "1",
    "agent.name": "local agent",
    "agent.machineName": os.hostname(),
    "agent.jobName": run.jobDisplayName ?? job,
    "agent.jobstatus": "Succeeded",
    "agent.os": OS_NAMES[process.platform] ?? process.platform,
    "agent.osArchitecture": process.arch.toUpperCase(),
    "agent.version": AGENT_VERSION,
    "agent.homeDirectory": path.dirname(folders.work),
    "agent.rootDirectory": folders.work,
    "agent.workFolder": folders.work,
    "agent.tempDirectory": folders.temp,
    "agent.toolsDirectory": folders.tools,
    "agent.cloudId": "",
    "agent.isSelfHosted": "1",
    "agent.acceptTeeEula": "False",
    "agent.readOnlyVariables": "true",
    "system.workFolder": folders.work,
    "system.defaultWorkingDirectory": workingDirectory,
    "system.artifactsDirectory": folders.staging,
    "system.isAzureVM": "0",
    "system.isDockerContainer": "0",
    system: host,
    "system.hostType": host,
    "system.serverType": "Hosted",
    "system.culture": "en-US",
    "system.collectionId": run.collectionId ?? ZERO,
    "system.collectionUri": collection,
    "system.teamFoundationCollectionUri": collection,
    "system.teamFoundationServerUri": collection,
    "system.taskDefinitionsUri": collection,
    "system.teamProject": project,
    "system.teamProjectId": projectId,
    "system.definitionId": String(run.definitionId ?? 1),
    "system.definitionName": run.definitionName ?? "local",
    "system.planId": plan,
    "system.timelineId": run.timelineId ?? plan,
    "system.jobId": run.jobId ?? ZERO,
    "system.jobName": job,
    "system.jobDisplayName": run.jobDisplayName ?? job,
    "system.jobIdentifier": `${stage}.${phase}.${job === phase ? "__default" : job}`,
    "system.jobAttempt": attempt,
    "system.phaseId": run.jobId ?? ZERO,
    "system.phaseName": phase,
    "system.phaseDisplayName": run.jobDisplayName ?? phase,
    "system.phaseAttempt": attempt,
    "system.stageId": run.stageId ?? ZERO,
    "system.stageName": stage,
    "system.stageDisplayName": run.stageDisplayName ?? stage,
    "system.stageAttempt": String(run.stageAttempt ?? 1),
    "system.jobPositionInPhase": "1",
    "system.totalJobsInPhase": "1",
    "system.pipelineStartTime": dotnetDate(run.startTime ?? new Date()),
    "system.pullRequest.isFork": run.pullRequest?.isFork ? "True" : "False",
    "system.isScheduled": run.reason === "Schedule" ? "True" : "False",
    "system.enableAccessToken": "SecretVariable",
    AZURE_HTTP_USER_AGENT: `VSTS_${run.collectionId ?? ZERO}_${host}_${run.definitionId ?? 1}_0`,
    MSDEPLOY_HTTP_USER_AGENT: `VSTS_${run.collectionId ?? ZERO}_${host}_${run.definitionId ?? 1}_0`,
    GIT_TERMINAL_PROMPT: "0",
    VSTS_PROCESS_LOOKUP_ID: lookupId,
  };
  if (run.oidcRequestUri !== undefined) variables["system.oidcRequestUri"] = run.oidcRequestUri;
  if (run.accessToken !== undefined) variables["system.accessToken"] = { value: run.accessToken, secret: true };
  return {
    ...variables,
    ...(isRelease ? releaseVariables(run, folders) : buildVariables(run, folders, collection, project)),
  };
}

function buildVariables(
  run: RunIdentity,
  folders: JobFolders,
  collection: string,
  project: string,
): Record<string, string> {
  const id = run.buildId ?? 1;
  const branch = run.branch ?? "refs/heads/main";
  const requestedFor = run.requestedFor ?? "Local User";
  const repository = run.repository ?? {};
  const variables: Record<string, string> = {
    "agent.buildDirectory": folders.build,
    "pipeline.workspace": folders.build,
    "build.buildId": String(id),
    "build.buildNumber": run.buildNumber ?? String(id),
    "build.buildUri": `vstfs:///Build/Build/${id}`,
    "build.containerId": String(id),
    "build.definitionName": run.definitionName ?? "local",
    "build.definitionVersion": "1",
    "build.reason": run.reason ?? "Manual",
    "build.requestedFor": requestedFor,
    "build.requestedForId": run.requestedForId ?? ZERO,
    "build.requestedForEmail": run.requestedForEmail ?? "",
    "build.queuedBy": requestedFor,
    "build.queuedById": run.requestedForId ?? ZERO,
    "build.sourceBranch": branch,
    // Of a pull request only "merge" is left, as of every branch with slashes only the last part (documented behaviour).
    "build.sourceBranchName": branch.split("/").at(-1)!,
    "build.sourceVersion": run.commit ?? "",
    "build.sourceVersionAuthor": run.commitAuthor ?? "",
    "build.sourceVersionMessage": run.commitMessage ?? "",
    "build.sourcesDirectory": folders.sources,
    "build.artifactStagingDirectory": folders.staging,
    "build.stagingDirectory": folders.staging,
    "build.binariesDirectory": folders.binaries,
    "common.testResultsDirectory": folders.testResults,
    "build.repository.id": repository.id ?? ZERO,
    "build.repository.name": repository.name ?? project,
    "build.repository.provider": repository.provider ?? "TfsGit",
    "build.repository.uri": repository.uri ?? `${collection}${project}/_git/${repository.name ?? project}`,
    "build.repository.localPath": folders.sources,
    "pipeline.repository.name": repository.name ?? project,
  };
  if (run.pullRequest) {
    variables["system.pullRequest.pullRequestId"] = String(run.pullRequest.id);
    variables["system.pullRequest.sourceBranch"] = run.pullRequest.sourceBranch;
    variables["system.pullRequest.targetBranch"] = run.pullRequest.targetBranch;
    if (run.pullRequest.number !== undefined)
      variables["system.pullRequest.pullRequestNumber"] = String(run.pullRequest.number);
    if (run.pullRequest.sourceCommit !== undefined)
      variables["system.pullRequest.sourceCommitId"] = run.pullRequest.sourceCommit;
  }
  return variables;
}

function releaseVariables(run: RunIdentity, folders: JobFolders): Record<string, string> {
  const release = run.release;
  return {
    "agent.releaseDirectory": folders.staging,
    "release.releaseId": String(release?.id ?? 1),
    "release.releaseName": release?.name ?? "Release-1",
    "release.releaseUri": `vstfs:///ReleaseManagement/Release/${release?.id ?? 1}`,
    "release.releaseWebUrl": release?.webUrl ?? "",
    "release.definitionId": String(release?.definitionId ?? run.definitionId ?? 1),
    "release.definitionName": release?.definitionName ?? run.definitionName ?? "local",
    "release.environmentId": String(release?.environmentId ?? 1),
    "release.environmentName": release?.environmentName ?? "local",
    "release.environmentUri": `vstfs:///ReleaseManagement/Environment/${release?.environmentId ?? 1}`,
    "release.attemptNumber": String(release?.attempt ?? 1),
    "release.requestedFor": run.requestedFor ?? "Local User",
  };
}

/** `2026-11-23 05:00:00+00:00`, as the server writes it. */
function dotnetDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace("T", " ")}+00:00`;
}

/** Names that a task may not set while agent.readOnlyVariables is true: all that the agent and the server give (docs/facts/agent.md#1.9). */
export function isReadOnlyName(name: string): boolean {
  const key = name.toLowerCase();
  // Debugging may be switched by a task; everything else of these three families is the system's own.
  return READ_ONLY.has(key) && key !== "system.debug";
}

const READ_ONLY = new Set(
  [
    ...Object.keys(predefinedVariables({ accessToken: "-", oidcRequestUri: "-" }, jobFolders("/"), "")),
    ...Object.keys(predefinedVariables({ host: "release" }, jobFolders("/"), "")),
    "system.pullRequest.pullRequestId",
    "system.pullRequest.sourceBranch",
    "system.pullRequest.targetBranch",
    "system.pullRequest.pullRequestNumber",
    "system.pullRequest.sourceCommitId",
  ]
    .map((name) => name.toLowerCase())
    // These come as variables without being on the agent's list: release names may be changed by a command, proxies by a user.
    .filter((name) => /^(agent|build|system|common|pipeline)\b/.test(name)),
);
