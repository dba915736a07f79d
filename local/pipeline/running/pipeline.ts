// Runs a pipeline on the local agent: stages in order, the jobs of a stage one after the other, every line as a pipeline's log shows it.
import { readFileSync } from "node:fs";
import path from "node:path";
import type {
  AgentNetwork,
  AgentServer,
  NodeBinaries,
  RunIdentity,
  ServiceConnection,
  TaskResult,
  VariableSpec,
} from "../../agent/index.ts";
import { connectServer, type ServerOptions } from "../../agent/server.ts";
import { DEFAULT_FORMAT, runNumber } from "../../devops/state/run-number.ts";
import { isAgentless, type ParameterValue, type PipelineDocument } from "../language/document.ts";
import { PipelineError } from "../language/faults.ts";
import type { VariableGroups } from "../language/reader.ts";
import { readPipeline } from "../reading/pipeline.ts";
import { filesOfCommit, filesOnDisk } from "../templates/index.ts";
import { aliasOf, resolveResources } from "../triggers/resources.ts";
import { type CompletedRun, resourceVariables } from "../triggers/triggers.ts";
import type { Payload } from "../triggers/webhooks.ts";
import type { Environments } from "./approvals.ts";
import { bindTasks } from "./bind-tasks.ts";
import type { RunContext } from "./context.ts";
import type { BuildLike, DevOpsLike, RunReason } from "./devops.ts";
import { combineResults, leftBy, type RunOutcome, runResult, type StageRunOutcome } from "./outcome.ts";
import { ArtifactStore, git, type Repository } from "./plugins.ts";
import { inOrder, StageRunner } from "./stage.ts";

export interface RunOptions<Build extends BuildLike = BuildLike> {
  /** The YAML file: relative to the repository it is read from the commit, absolute from the disk. */
  readonly file: string;
  /** The pipeline's name; absent: the file's name without its ending. */
  readonly pipeline?: string;
  readonly repository: Repository;
  readonly devops: DevOpsLike<Build>;
  /** By name. */
  readonly connections?: Readonly<Record<string, ServiceConnection>>;
  /** `Name@major` -> packaged folder. */
  readonly tasks: ReadonlyMap<string, string>;
  /** Work folders of jobs, and artifacts, lie below it. Keep it outside any folder with a node_modules. */
  readonly workRoot: string;
  readonly log?: (
    line: string,
    where: { readonly stage?: string; readonly job?: string; readonly step?: string },
  ) => void;
  readonly signal?: AbortSignal;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** Variables given when the run is queued, secret ones among them; what the file sets wins. */
  readonly variables?: Readonly<Record<string, VariableSpec>>;
  readonly reason?: RunReason;
  readonly requestedFor?: string;
  /** The pull request that the run validates. */
  readonly pullRequest?: RunIdentity["pullRequest"];
  /** Variable groups by name, which lie in Azure DevOps. */
  readonly variableGroups?: VariableGroups;
  /** `Name@major`, in small letters, of tasks that are not here and whose steps are left out. */
  readonly leftOutTasks?: ReadonlySet<string>;
  /** Approvals that environments ask for, and how they are answered: nobody is asked. */
  readonly environments?: Environments;
  /** The run that started this one by a resource trigger. */
  readonly triggeredBy?: CompletedRun;
  /** The webhook resource that started this one, and what was posted. */
  readonly webhook?: { readonly alias: string; readonly payload: Payload };
  /** A run that waits for its agent already; absent: a new one is queued. */
  readonly build?: Build;
  /** Runs so far: a pipeline resource that did not trigger takes its latest from here. The run adds itself. */
  readonly history?: CompletedRun[];
  readonly network?: AgentNetwork;
  readonly nodes?: NodeBinaries;
  readonly hostEnvironment?: Readonly<Record<string, string>>;
  /** The steps' access to Azure DevOps; absent: over REST at the collection's address. */
  readonly connect?: (options: ServerOptions) => AgentServer;
  /** Keeps the work folders of jobs. */
  readonly keepsWorkFolders?: boolean;
  readonly now?: () => Date;
}

/** Runs it. Throws a PipelineError, before anything runs, where the file is refused. */
export async function runPipeline<Build extends BuildLike>(options: RunOptions<Build>): Promise<RunOutcome> {
  const { devops, repository } = options;
  const { serverTasks } = devops;
  const branch = repository.branch.startsWith("refs/") ? repository.branch : `refs/heads/${repository.branch}`;
  const text = path.isAbsolute(options.file)
    ? readFileSync(options.file, "utf8")
    : await git(repository.path, "show", `${repository.commit}:${options.file}`);
  const { webhook } = options;
  const pipeline = options.pipeline ?? path.basename(options.file).replace(/\.ya?ml$/, "");
  const trigger = options.triggeredBy;
  const reason = options.reason ?? (trigger || webhook ? "resourceTrigger" : "manual");
  const payloads = webhook === undefined ? {} : { [webhook.alias]: webhook.payload };
  const document = readPipeline(options.file, text, options.parameters, {
    payloads,
    variableGroups: options.variableGroups ?? {},
    files: path.isAbsolute(options.file)
      ? filesOnDisk(repository.path)
      : filesOfCommit(repository.path, repository.commit),
    predefined: {
      "Build.Reason": REASONS[reason],
      "Build.SourceBranch": branch,
      "Build.SourceBranchName": branch.split("/").at(-1)!,
      "Build.SourceVersion": repository.commit,
      "Build.Repository.Name": repository.name ?? path.basename(repository.path),
      "Build.DefinitionName": pipeline,
      "System.TeamProject": devops.project.name,
    },
  });
  refuseAgentless(document, serverTasks !== undefined);
  const bound = bindTasks(document, {
    tasks: options.tasks,
    connections: options.connections ?? {},
    leftOut: options.leftOutTasks ?? new Set(),
  });
  const resources = resolveResources(document, options, branch);
  const parent = trigger && devops.builds.all.find((build) => build.id === trigger.runId);
  const requestedFor = options.requestedFor ?? trigger?.requestedFor ?? "Local User";
  const build =
    options.build ??
    devops.createBuild(pipeline, {
      branch,
      commit: repository.commit,
      reason,
      requestedFor,
      yamlFilename: options.file,
      ...(repository.name === undefined ? {} : { repository: repository.name }),
      ...(parent === undefined ? {} : { triggeredBy: parent }),
    });
  for (const [{ alias }, { runId }] of resources) {
    const run = devops.builds.all.find(({ id }) => id === runId);
    if (run) build.consumed?.set(alias, run);
  }
  const started = options.now?.() ?? new Date();
  const fromRoot = Object.fromEntries(document.variables.map(({ name, value }) => [name.toLowerCase(), value]));
  const known: Record<string, string> = {
    buildid: String(build.id),
    "build.buildid": String(build.id),
    sourcebranchname: branch.split("/").at(-1)!,
    "build.sourcebranchname": branch.split("/").at(-1)!,
    teamproject: devops.project.name,
    "system.teamproject": devops.project.name,
    builddefinitionname: pipeline,
    "build.definitionname": pipeline,
    "build.reason": REASONS[reason],
    ...fromRoot,
  };
  build.buildNumber = runNumber(document.name ?? DEFAULT_FORMAT, {
    date: started,
    earlier: devops.builds.all
      .filter((one) => one.definition.name === build.definition.name && one.id !== build.id)
      .map((one) => one.buildNumber),
    lookup: (name) => known[name.toLowerCase()],
  });
  const [author, message] = (await git(repository.path, "log", "-1", "--format=%an%x00%B", repository.commit)).split(
    "\0",
  );
  const context: RunContext = {
    document,
    bound,
    pipeline,
    repository: { ...repository, branch },
    plan: build.plan,
    connections: Object.values(options.connections ?? {}),
    artifacts: new ArtifactStore(path.join(options.workRoot, "artifacts")),
    resources: new Map(resources.map(([resource, run]) => [resource.alias, run])),
    variables: {
      ...options.variables,
      ...Object.assign({}, ...resources.map(([resource, run]) => resourceVariables(resource.alias, run))),
      ...(trigger
        ? { "resources.triggeringAlias": aliasOf(document, trigger) ?? "", "resources.triggeringCategory": "pipeline" }
        : {}),
      // The category of a webhook is inferred from that of a pipeline.
      ...(webhook ? { "resources.triggeringAlias": webhook.alias, "resources.triggeringCategory": "webhook" } : {}),
    },
    environments: options.environments ?? {},
    keepApproval: (approval) => devops.keepApproval?.(build, approval),
    keepDeployment: (deployment) => devops.keepDeployment?.(build, deployment),
    identity: {
      collectionUri: devops.collectionUri,
      collectionId: devops.organization.id,
      project: devops.project.name,
      projectId: devops.project.id,
      definitionId: build.definition.id,
      definitionName: build.definition.name,
      buildId: build.id,
      buildNumber: build.buildNumber,
      planId: build.plan.planId,
      timelineId: build.plan.timelineId,
      repository: {
        name: repository.name ?? path.basename(repository.path),
        uri: repository.uri,
        ...(build.definition.repository === undefined ? {} : { id: build.definition.repository.id }),
        // Elsewhere the name is what identifies it, as `contoso/model` on GitHub does.
        ...(repository.provider === undefined ? {} : { provider: repository.provider, id: repository.name ?? "" }),
      },
      branch,
      commit: repository.commit,
      commitAuthor: author ?? "",
      commitMessage: (message ?? "").trim().slice(0, 200),
      reason: REASONS[reason],
      requestedFor: build.requestedFor.displayName,
      requestedForId: build.requestedFor.id,
      requestedForEmail: build.requestedFor.uniqueName.includes("@") ? build.requestedFor.uniqueName : "",
      startTime: started,
      ...(options.pullRequest === undefined ? {} : { pullRequest: options.pullRequest }),
    },
    issueToken: (jobId, connectionIds, minutes) =>
      devops.issueJobToken({ plan: build.plan, jobId, connectionIds, ...(minutes === undefined ? {} : { minutes }) }),
    ...(serverTasks === undefined ? {} : { runServerTask: (step) => serverTasks.run({ ...step, plan: build.plan }) }),
    oidcRequestUri: (jobId) => devops.oidcRequestUri(build.plan, jobId),
    connect: (token) =>
      (options.connect ?? connectServer)({
        collectionUri: devops.collectionUri,
        token,
        project: devops.project.name,
        projectId: devops.project.id,
        hub: build.plan.hub,
        planId: build.plan.planId,
        timelineId: build.plan.timelineId,
        buildId: build.id,
        ...(options.network?.caFile === undefined ? {} : { caFile: options.network.caFile }),
      }),
    workRoot: path.join(options.workRoot, `run-${build.id}`),
    keepsWorkFolders: options.keepsWorkFolders ?? false,
    ...(options.network === undefined ? {} : { network: options.network }),
    ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
    ...(options.hostEnvironment === undefined ? {} : { hostEnvironment: options.hostEnvironment }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    secrets: new Set(),
    log: options.log ?? (() => {}),
  };
  devops.startBuild(build);
  const say = (line: string) => context.log(line, {});
  say(
    `##[section]Run ${build.buildNumber} of ${pipeline} (build ${build.id}), ${branch} at ${repository.commit.slice(0, 8)}: ${(message ?? "").split("\n")[0]}`,
  );
  if (trigger) say(`Started by run ${trigger.runNumber} of ${trigger.pipeline}.`);
  if (webhook) say(`Started by the webhook ${webhook.alias}.`);
  if (document.stages.some(({ jobs }) => jobs.filter((job) => !isAgentless(job)).length > 1))
    say("The local pipeline runs the jobs of a stage one after the other.");
  const stages: StageRunOutcome[] = [];
  let result: TaskResult = "Failed";
  const runner = new StageRunner(context);
  try {
    for (const stage of inOrder(document.stages)) stages.push(await runner.run(stage));
    result = combineResults(stages.map((stage) => stage.result));
  } finally {
    devops.finishBuild(build, runResult(result));
  }
  say(`##[section]Run ${build.buildNumber} of ${pipeline}: ${runResult(result)}`);
  const completed: CompletedRun = {
    pipeline,
    pipelineId: build.definition.id,
    runId: build.id,
    runNumber: build.buildNumber,
    runUri: `vstfs:///Build/Build/${build.id}`,
    result: runResult(result),
    branch,
    commit: repository.commit,
    tags: [...build.tags],
    stages: stages.filter((stage) => /^Succeeded/.test(stage.result)).map((stage) => stage.name),
    projectName: devops.project.name,
    projectId: devops.project.id,
    requestedFor: build.requestedFor.displayName,
  };
  options.history?.push(completed);
  return {
    pipeline,
    result: runResult(result),
    buildId: build.id,
    runNumber: build.buildNumber,
    url: devops.buildUrl(build),
    stages,
    ...leftBy(stages),
    variables: runner.lastVariables,
    completed,
  };
}

/** @throws PipelineError for agentless jobs where nobody runs them */
function refuseAgentless(document: PipelineDocument, canRun: boolean): void {
  const jobs = document.stages.flatMap((stage) => stage.jobs.filter(isAgentless));
  if (canRun || jobs.length === 0) return;
  const message = "Agentless jobs (pool: server) need an Azure DevOps that runs them.";
  throw new PipelineError(jobs.map(({ place }) => ({ place, message })));
}

/** Build.Reason of each reason. */
const REASONS: Readonly<Record<RunReason, string>> = {
  manual: "Manual",
  individualCI: "IndividualCI",
  pullRequest: "PullRequest",
  batchedCI: "BatchedCI",
  schedule: "Schedule",
  triggered: "Triggered",
  userCreated: "UserCreated",
  resourceTrigger: "ResourceTrigger",
  buildCompletion: "BuildCompletion",
};
