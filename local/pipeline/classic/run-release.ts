// Runs a release: its environments in order, each with a plan of its own, every line as a release's log shows it.
import { randomUUID } from "node:crypto";
import path from "node:path";
import type { AgentNetwork, NodeBinaries, TaskResult, VariableSpec } from "../../agent/index.ts";
import { connectServer } from "../../agent/server.ts";
import type { Release, ReleaseArtifact, ReleaseEnvironment } from "../../devops/state/releases.ts";
import type { DevOpsWorld } from "../../devops/world.ts";
import { PipelineError } from "../language/faults.ts";
import {
  combineResults,
  type JobRunOutcome,
  leftBy,
  RECORD_RESULTS,
  type RunOutcome,
  runResult,
  type StageRunOutcome,
} from "../running/outcome.ts";
import { ArtifactStore, type Repository } from "../running/plugins.ts";
import { type BoundDefinition, bindDefinition, bindDownload, type ReleaseWorld } from "./bind.ts";
import type { EnvironmentDocument, ReleaseDocument, ReleaseVariable } from "./document.ts";
import { passGates } from "./gates.ts";
import { readReleaseDefinition } from "./read-definition.ts";
import { runPhase } from "./run-phase.ts";

export interface ReleaseOptions extends ReleaseWorld {
  readonly devops: DevOpsWorld;
  /** Work folders of jobs lie below it; artifacts of builds are found in its folder `artifacts`. */
  readonly workRoot: string;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly network?: AgentNetwork;
  readonly nodes?: NodeBinaries;
  /** Runs gates, on another clock than the machine's; absent: those of `devops`. */
  readonly gates?: Pick<DevOpsWorld["serverTasks"], "evaluateGates">;
  /** Values of secret variables, which no export holds. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Reads what a release's definition says, and binds it. @throws PipelineError with every fault */
function prepareRelease(release: Release, options: ReleaseOptions): [ReleaseDocument, BoundDefinition] {
  const { definition } = release;
  const document = readReleaseDefinition(`${definition.name}.json`, JSON.stringify(definition.document ?? {}, null, 2));
  return [document, bindDefinition(document, options)];
}

/** Runs every environment that begins with the release or after another one. @throws PipelineError before anything runs */
export async function runRelease(release: Release, options: ReleaseOptions): Promise<RunOutcome> {
  const { devops } = options;
  const say = options.log ?? (() => {});
  const [document, bound] = prepareRelease(release, options);
  say(
    `##[section]Release ${release.name} of ${document.name}: ${release.artifacts.map((one) => `${one.alias} ${versionOf(one)}`).join(", ")}`,
  );
  if (release.description !== "") say(release.description);
  const stages: StageRunOutcome[] = [];
  const results = new Map<string, TaskResult>();
  for (const environment of document.environments) {
    const state = release.environments.find(({ name }) => name === environment.name);
    if (state === undefined || environment.isManual) continue;
    const begins = environment.after.every((name) => results.get(name.toLowerCase()) === "Succeeded");
    if (!begins) {
      say(`Stage ${environment.name} is not started: ${environment.after.join(", ")} did not succeed.`);
      results.set(environment.name.toLowerCase(), "Skipped");
      continue;
    }
    const outcome = await runEnvironment(environment, state, { release, document, bound, options });
    results.set(environment.name.toLowerCase(), outcome.result);
    stages.push(outcome);
  }
  const result = runResult(combineResults(stages.map((stage) => stage.result)));
  say(`##[section]Release ${release.name} of ${document.name}: ${result}`);
  return {
    pipeline: document.name,
    result,
    buildId: release.id,
    runNumber: release.name,
    url: webUrl(devops, release),
    stages,
    ...leftBy(stages),
    variables: {},
    completed: {
      pipeline: document.name,
      pipelineId: release.definition.id,
      runId: release.id,
      runNumber: release.name,
      runUri: `vstfs:///ReleaseManagement/Release/${release.id}`,
      result,
      branch: "",
      commit: "",
      tags: [...release.tags],
      stages: stages.filter((stage) => /^Succeeded/.test(stage.result)).map((stage) => stage.name),
      projectName: devops.project.name,
      projectId: devops.project.id,
      requestedFor: release.createdBy.displayName,
    },
  };
}

interface Running {
  readonly release: Release;
  readonly document: ReleaseDocument;
  readonly bound: BoundDefinition;
  readonly options: ReleaseOptions;
}

async function runEnvironment(
  environment: EnvironmentDocument,
  state: ReleaseEnvironment,
  running: Running,
): Promise<StageRunOutcome> {
  const { release, document, bound, options } = running;
  const { devops, network } = options;
  const { plan } = state;
  const log = (line: string) => options.log?.(line);
  const stageId = randomUUID();
  log(`##[section]Stage ${environment.name}`);
  state.status = "inProgress";
  const named = { type: "Stage", name: environment.name, refName: environment.name };
  plan.record({ id: stageId, ...named, state: "inProgress", startTime: Date.now() });
  const jobs: JobRunOutcome[] = [];
  const variables = {
    ...variablesOf(document.variables, options.secrets),
    ...variablesOf(environment.variables, options.secrets),
    // Given when the release was created: they count for more than the definition's.
    ...Object.fromEntries(Object.entries(release.variables).map(([name, { value }]) => [name, value])),
    ...artifactVariables(release),
  };
  let result = await passGates(environment, { plan, bound, variables, ...options });
  for (const phase of result === "Succeeded" ? environment.phases : []) {
    const job = await runPhase(
      phase,
      {
        plan,
        environment: environment.name,
        stageId,
        bound,
        artifacts: release.artifacts,
        download: (artifact) => bindDownload(artifact, options),
        repository: (artifact) => repositoryOf(artifact, devops),
        store: new ArtifactStore(path.join(options.workRoot, "artifacts")),
        identity: identityOf(running, state),
        variables,
        connections: Object.values(options.connections),
        issueToken: (jobId, connectionIds, minutes) =>
          devops.issueJobToken({ plan, jobId, connectionIds, ...(minutes === undefined ? {} : { minutes }) }),
        runServerTask: (step) => devops.serverTasks.run({ ...step, plan }),
        oidcRequestUri: (jobId) => devops.oidcRequestUri(plan, jobId),
        connect: (token) =>
          connectServer({
            collectionUri: devops.collectionUri,
            token,
            project: devops.project.name,
            projectId: devops.project.id,
            hub: plan.hub,
            planId: plan.planId,
            timelineId: plan.timelineId,
            releaseId: release.id,
            ...(network?.caFile === undefined ? {} : { caFile: network.caFile }),
          }),
        workRoot: path.join(options.workRoot, `release-${release.id}`),
        log,
        ...(network === undefined ? {} : { network }),
        ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      result,
    );
    jobs.push(job);
    result = combineResults(jobs.map((one) => one.result));
  }
  plan.record({ id: stageId, state: "completed", result: RECORD_RESULTS[result], finishTime: Date.now() });
  state.status =
    result === "Canceled"
      ? "canceled"
      : result === "SucceededWithIssues"
        ? "partiallySucceeded"
        : result === "Succeeded" || result === "Skipped"
          ? "succeeded"
          : "rejected";
  return { name: environment.name, displayName: environment.name, result, jobs };
}

function identityOf({ release, options }: Running, state: ReleaseEnvironment) {
  const { devops } = options;
  return {
    host: "release" as const,
    collectionUri: devops.collectionUri,
    collectionId: devops.organization.id,
    project: devops.project.name,
    projectId: devops.project.id,
    definitionId: release.definition.id,
    definitionName: release.definition.name,
    planId: state.plan.planId,
    timelineId: state.plan.timelineId,
    requestedFor: release.createdBy.displayName,
    requestedForId: release.createdBy.id,
    startTime: new Date(devops.now()),
    release: {
      id: release.id,
      name: release.name,
      definitionId: release.definition.id,
      definitionName: release.definition.name,
      environmentName: state.name,
      environmentId: state.id,
      attempt: state.attempt,
      webUrl: webUrl(devops, release),
    },
  };
}

/** Of custom artifacts these five are documented; those of the primary one have no alias besides in the third (docs/facts/extension.md#6.4). */
function artifactVariables(release: Release): Record<string, string> {
  const values = release.artifacts.flatMap((artifact) => {
    const { alias, type, definitionReference } = artifact;
    const { version, definition } = definitionReference;
    const own = {
      DefinitionId: definition?.id ?? "",
      DefinitionName: definition?.name ?? "",
      BuildNumber: version?.name ?? "",
      BuildId: version?.id ?? "",
      Type: type,
    };
    return Object.entries(own).map(([name, value]) => [`Release.Artifacts.${alias}.${name}`, value]);
  });
  const primary = release.artifacts.find(({ isPrimary }) => isPrimary) ?? release.artifacts[0];
  const reasons = {
    none: "None",
    manual: "Manual",
    continuousIntegration: "ContinuousIntegration",
    schedule: "Schedule",
    pullRequest: "PullRequest",
  };
  return {
    ...Object.fromEntries(values),
    "Release.Reason": reasons[release.reason],
    "Release.ReleaseDescription": release.description,
    ...(primary === undefined ? {} : { "Release.PrimaryArtifactSourceAlias": primary.alias }),
  };
}

function variablesOf(
  variables: readonly ReleaseVariable[],
  secrets: Readonly<Record<string, string>> = {},
): Record<string, VariableSpec> {
  return Object.fromEntries(
    variables.map(({ name, value, secret, place }) => {
      const given = value ?? Object.entries(secrets).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
      if (given === undefined) {
        const message = `The secret variable '${name}' has no value: an export does not hold it, so give it to the run.`;
        throw new PipelineError([{ place, message }]);
      }
      return [name, { value: given, secret }];
    }),
  );
}

function repositoryOf(artifact: ReleaseArtifact, devops: DevOpsWorld): Repository {
  const { definition } = artifact.definitionReference;
  const repository = devops.repositories.get(definition?.id ?? "") ?? devops.repositories.get(definition?.name ?? "");
  if (repository?.path === undefined)
    throw new Error(`The artifact ${artifact.alias} is the repository ${definition?.name}, which is not there.`);
  return {
    path: repository.path,
    uri: devops.repositoryUri(repository.name),
    name: repository.name,
    branch: repository.defaultBranch,
    commit: versionOf(artifact),
  };
}

const versionOf = ({ definitionReference }: ReleaseArtifact): string => definitionReference["version"]?.id ?? "";

const webUrl = (devops: DevOpsWorld, release: Release): string =>
  `${devops.collectionUri}${encodeURIComponent(devops.project.name)}/_releaseProgress?releaseId=${release.id}&_a=release-pipeline-progress`;
