// Runs a pipeline on the local agent: stages in order, the jobs of a stage one after the other, every line as a pipeline's log shows it.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  type AgentNetwork,
  type AgentServer,
  Masker,
  type NodeBinaries,
  type ServiceConnection,
  SUMMARY_TYPE,
  type TaskResult,
  type VariableSpec,
  VariableStore,
} from "../agent/index.ts";
import { connectServer, type ServerOptions } from "../agent/server.ts";
import { bindTasks } from "./bind-tasks.ts";
import type { BuildLike, DevOpsLike, RunReason } from "./devops.ts";
import type { ParameterValue, PipelineDocument, PipelineResource, StageDocument } from "./document.ts";
import { evaluate, toBoolean } from "./evaluate.ts";
import { PipelineError } from "./faults.ts";
import {
  combineResults,
  type JobRunOutcome,
  RECORD_RESULTS,
  type RunOutcome,
  runResult,
  type StageRunOutcome,
} from "./outcome.ts";
import { ArtifactStore, git, type Repository } from "./plugins.ts";
import { readPipeline } from "./read-pipeline.ts";
import { JobRunner, type RunContext } from "./run-job.ts";
import { DEFAULT_FORMAT, runNumber } from "./run-number.ts";
import { dependencies, dependencyFunctions, type Ended, stageDependencies } from "./scope.ts";
import { type CompletedRun, matchesBranch, resourceVariables } from "./triggers.ts";

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
  /** The run that started this one by a resource trigger. */
  readonly triggeredBy?: CompletedRun;
  /** Runs so far: a pipeline resource that did not trigger takes its latest from here. The run adds itself. */
  readonly history?: CompletedRun[];
  readonly network?: AgentNetwork;
  readonly nodes?: NodeBinaries;
  readonly hostEnvironment?: Readonly<Record<string, string>>;
  /** How steps reach Azure DevOps; absent: over REST at the collection's address. */
  readonly connect?: (options: ServerOptions) => AgentServer;
  /** Keeps the work folders of jobs. */
  readonly keepsWorkFolders?: boolean;
  readonly now?: () => Date;
}

/** Runs it. Throws a PipelineError, before anything runs, where the file is refused. */
export async function runPipeline<Build extends BuildLike>(options: RunOptions<Build>): Promise<RunOutcome> {
  const { devops, repository } = options;
  const branch = repository.branch.startsWith("refs/") ? repository.branch : `refs/heads/${repository.branch}`;
  const text = path.isAbsolute(options.file)
    ? readFileSync(options.file, "utf8")
    : await git(repository.path, "show", `${repository.commit}:${options.file}`);
  const document = readPipeline(options.file, text, options.parameters);
  const bound = bindTasks(document, { tasks: options.tasks, connections: options.connections ?? {} });
  const resources = resolveResources(document, options, branch);
  const pipeline = options.pipeline ?? path.basename(options.file).replace(/\.ya?ml$/, "");
  const trigger = options.triggeredBy;
  const reason = options.reason ?? (trigger ? "resourceTrigger" : "manual");
  const parent = trigger && devops.builds.all.find((build) => build.id === trigger.runId);
  const requestedFor = options.requestedFor ?? trigger?.requestedFor ?? "Local User";
  const build = devops.createBuild(pipeline, {
    branch,
    commit: repository.commit,
    reason,
    requestedFor,
    yamlFilename: options.file,
    ...(repository.name === undefined ? {} : { repository: repository.name }),
    ...(parent === undefined ? {} : { triggeredBy: parent }),
  });
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
    },
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
    },
    issueToken: (jobId, connectionIds) => devops.issueJobToken({ plan: build.plan, jobId, connectionIds }),
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
    log: options.log ?? (() => {}),
  };
  devops.startBuild(build);
  const say = (line: string) => context.log(line, {});
  say(
    `##[section]Run ${build.buildNumber} of ${pipeline} (build ${build.id}), ${branch} at ${repository.commit.slice(0, 8)}: ${(message ?? "").split("\n")[0]}`,
  );
  if (trigger) say(`Started by run ${trigger.runNumber} of ${trigger.pipeline}.`);
  if (document.stages.some(({ jobs }) => jobs.length > 1))
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
  const steps = stages.flatMap((stage) => stage.jobs.flatMap((job) => job.steps));
  const attachments = steps.flatMap((step) =>
    step.attachments.map((attachment) => ({ ...attachment, step: step.name })),
  );
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
    summaries: attachments
      .filter(({ type }) => type === SUMMARY_TYPE)
      .map(({ name, step, content }) => ({ name, step, markdown: content.toString("utf8") })),
    attachments,
    issues: steps.flatMap((step) => step.issues.map((issue) => ({ ...issue, step: step.name }))),
    variables: runner.lastVariables,
    completed,
  };
}

/** Build.Reason of each reason. */
const REASONS: Readonly<Record<RunReason, string>> = {
  manual: "Manual",
  individualCI: "IndividualCI",
  pullRequest: "PullRequest",
  schedule: "Schedule",
  resourceTrigger: "ResourceTrigger",
  buildCompletion: "BuildCompletion",
};

function aliasOf(document: PipelineDocument, run: CompletedRun): string | undefined {
  return document.resources.find(({ source }) => source.toLowerCase() === run.pipeline.toLowerCase())?.alias;
}

/** The run that stands for each pipeline resource: the triggering one, else the latest that fits. */
function resolveResources(
  document: PipelineDocument,
  options: Pick<RunOptions, "triggeredBy" | "history">,
  branch: string,
): [PipelineResource, CompletedRun][] {
  return document.resources.map((resource) => {
    const trigger = options.triggeredBy;
    if (trigger && trigger.pipeline.toLowerCase() === resource.source.toLowerCase()) return [resource, trigger];
    const fits = (run: CompletedRun) =>
      run.pipeline.toLowerCase() === resource.source.toLowerCase() &&
      (resource.version === undefined ? /succeeded$/i.test(run.result) : run.runNumber === resource.version) &&
      (resource.branch === undefined || matchesBranch({ include: [resource.branch], exclude: [] }, run.branch)) &&
      resource.tags.every((tag) => run.tags.includes(tag));
    const run = (options.history ?? []).findLast(fits);
    if (run) return [resource, run];
    const message = `Unable to resolve latest version for pipeline ${resource.alias} this could be due to inaccessible pipeline or no version is available (branch ${resource.branch ?? branch}).`;
    throw new PipelineError([{ place: resource.place, message }]);
  });
}

/** Dependencies before dependents, else as written. */
export function inOrder<T extends { readonly name: string; readonly dependsOn: readonly { readonly value: string }[] }>(
  all: readonly T[],
): T[] {
  const done: T[] = [];
  const visit = (one: T) => {
    if (done.includes(one)) return;
    for (const { value } of one.dependsOn) {
      const next = all.find(({ name }) => name.toLowerCase() === value.toLowerCase());
      if (next) visit(next);
    }
    done.push(one);
  };
  for (const one of all) visit(one);
  return done;
}

class StageRunner {
  readonly #context: RunContext;
  readonly #ended = new Map<string, Ended>();
  lastVariables: Readonly<Record<string, string>> = {};

  constructor(context: RunContext) {
    this.#context = context;
  }

  async run(stage: StageDocument): Promise<StageRunOutcome> {
    const { plan, log } = this.#context;
    const id = randomUUID();
    const dependsOn = stage.dependsOn.map(({ value }) => value);
    plan.record({
      id,
      type: "Stage",
      name: stage.displayName,
      refName: stage.name,
      state: "inProgress",
      startTime: Date.now(),
    });
    const jobs: JobRunOutcome[] = [];
    let result: TaskResult;
    if (this.#holds(stage, dependsOn)) {
      if (stage.isExplicit) log(`##[section]Stage ${stage.displayName}`, { stage: stage.name });
      const runner = new JobRunner(this.#context, stage, id, stageDependencies(dependsOn, this.#ended));
      for (const job of inOrder(stage.jobs)) jobs.push(await runner.run(job));
      this.lastVariables = { ...this.lastVariables, ...runner.lastVariables };
      result = combineResults(runner.results);
      this.#end(stage, dependsOn, result, runner.ended);
    } else {
      log(`Stage ${stage.displayName} is skipped: its condition ${stage.condition?.value ?? "succeeded()"} is false.`, {
        stage: stage.name,
      });
      result = this.#context.signal?.aborted ? "Canceled" : "Skipped";
      this.#end(stage, dependsOn, result, []);
    }
    plan.record({ id, state: "completed", result: RECORD_RESULTS[result], finishTime: Date.now() });
    return { name: stage.name, displayName: stage.displayName, result, jobs };
  }

  #end(stage: StageDocument, dependsOn: string[], result: TaskResult, jobs: readonly Ended[]): void {
    const outputs = Object.fromEntries(
      jobs.flatMap((job) => Object.entries(job.outputs).map(([name, output]) => [`${job.name}.${name}`, output])),
    );
    this.#ended.set(stage.name.toLowerCase(), { name: stage.name, dependsOn, result, outputs, jobs });
  }

  #holds(stage: StageDocument, dependsOn: string[]): boolean {
    const functions = dependencyFunctions(dependsOn, this.#ended, this.#context.signal?.aborted ?? false);
    if (!stage.condition) return toBoolean(functions["succeeded"]!([]));
    const variables = new VariableStore(new Masker(), this.#context.variables);
    for (const { name, value, expression } of [...this.#context.document.variables, ...stage.variables])
      if (!expression) variables.set(name, value);
    variables.recalculate();
    const { identity } = this.#context;
    const own: Record<string, string | undefined> = {
      "build.sourcebranch": identity.branch,
      "build.reason": identity.reason,
      "build.sourceversion": identity.commit,
      "build.buildid": String(identity.buildId),
      "build.sourcebranchname": identity.branch?.split("/").at(-1),
      "build.definitionname": identity.definitionName,
    };
    const names = {
      variables: (key: string) => variables.get(key) ?? own[key.toLowerCase()] ?? null,
      dependencies: dependencies(dependsOn, this.#ended),
      stageDependencies: stageDependencies(dependsOn, this.#ended),
      pipeline: { startTime: identity.startTime?.toISOString() ?? "" },
    };
    return toBoolean(evaluate(stage.condition.expression, { names, functions }));
  }
}
