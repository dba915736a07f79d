// Runs packaged tasks as black boxes: the local agent, a booted local cloud, a small project as the repository.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TaskFolderName } from "../../lib/ml/setup/task-operations.ts";
import { RECORD_TYPE, type RunRecord } from "../../lib/record/index.ts";
import { hostEnvironment } from "../../local/agent/environment.ts";
import {
  type Attachment,
  type Issue,
  Job,
  type JobOptions,
  machineNodes,
  type NodeBinaries,
  type NodeWish,
  type StageOutcome,
  SUMMARY_TYPE,
  systemConnection,
  type TaskResult,
  type TaskStep,
} from "../../local/agent/index.ts";
import { connectServer } from "../../local/agent/server.ts";
import type { EnvironmentName } from "../../local/azure/arm/clouds.ts";
import { contracts } from "../../local/azure/contract/contracts.ts";
import type { ScenarioDocument } from "../../local/azure/scenarios/rules.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import type { ConnectionName, ServiceConnection } from "../../local/connections.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { Exchange } from "../../local/network/har.ts";
import type { SubscriptionNames } from "../../local/subscriptions.ts";
import { NODE_24, needs } from "./needs.ts";
import { packagedTasks, root } from "./packages.ts";
import { findLeaks, type Leak, SecretRecorder } from "./secrets.ts";

/** The project that the tests' repository holds, unless a run says otherwise. */
export const PROJECT = path.join(root, "test", "bundle", "project");

/** A task that runs on an agent, by its folder. */
export type TaskName = Exclude<TaskFolderName, "WaitForJob" | "CheckModel" | "CheckRollout"> | "CheckSetup" | "Report";

export interface RunOptions {
  /** The agent's own choice where absent. */
  readonly node?: NodeWish;
  /** Name of a connection of the local project, one of another making, or an id that there is none of; `azure-ml` where absent. */
  readonly connection?: ConnectionName | (string & {}) | ServiceConnection;
  /** Further connections that the job is given. */
  readonly others?: readonly ServiceConnection[];
  readonly variables?: JobOptions["variables"];
  /** Files of the repository by path, beside and over those of the project. */
  readonly files?: Readonly<Record<string, string>>;
  /** The checked-out repository before the step begins, for what no list of files can say (links, empty folders). */
  readonly prepare?: (sources: string) => void;
  readonly signal?: AbortSignal;
  /** A run and an attempt of it; a new run where absent. */
  readonly build?: Build;
  readonly attempt?: number;
  /** The pull request that started the run. */
  readonly pullRequest?: NonNullable<JobOptions["run"]>["pullRequest"];
  /** Where the code lies, where not in Azure Repos. */
  readonly repository?: NonNullable<JobOptions["run"]>["repository"];
  /** Name of the step; the task's where absent. */
  readonly step?: string;
  readonly timeoutInMinutes?: number;
  /** How often the agent runs the step again in place where it fails (`retryCountOnTaskFailure`). */
  readonly retries?: number;
  readonly onLine?: (line: string) => void;
  /** Told the job before it starts, for its look-up id. */
  readonly onJob?: (job: Job) => void;
  readonly nodes?: NodeBinaries;
  /** A task's folder, in place of the packaged one of this name. */
  readonly taskFolder?: string;
  /** How the agent reaches the network, where not through the cloud's own proxy. */
  readonly network?: JobOptions["network"];
  /** Variables of the agent's own process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface TaskRun {
  readonly task: TaskName;
  /** Of the step itself. */
  readonly result: TaskResult;
  /** Of the whole job, post-job stages included. */
  readonly jobResult: TaskResult;
  readonly exitCode: number | undefined;
  readonly issues: readonly Issue[];
  /** Messages of the error issues. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Log lines of the step as people see them. */
  readonly lines: readonly string[];
  readonly log: string;
  /** Of the job, the agent's own lines and those of post-job stages included. */
  readonly jobLog: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Variables that were set other than as outputs. */
  readonly variables: readonly string[];
  readonly attachments: readonly Attachment[];
  readonly record: RunRecord | undefined;
  readonly summaries: readonly string[];
  readonly stages: readonly StageOutcome[];
  /** What local Azure and local Azure DevOps were asked while the step ran. */
  readonly exchanges: readonly Exchange[];
  readonly build: Build;
  readonly milliseconds: number;
}

export class Bench {
  readonly cloud: LocalCloud;
  readonly recorder: SecretRecorder;
  readonly #folder: string;
  /** Everything that runs left, by where it stands. */
  readonly left: [where: string, text: string][] = [];
  #runs = 0;

  constructor(cloud: LocalCloud, recorder: SecretRecorder, folder: string) {
    this.cloud = cloud;
    this.recorder = recorder;
    this.#folder = folder;
  }

  /**
   * @param posesAs one of Azure's clouds, for which the local one answers
   * @param subscriptions further subscriptions of the cloud
   * @param scenarios of the cloud: the clock that it begins with, delays and failures
   */
  static async open(
    posesAs?: EnvironmentName,
    subscriptions: readonly SubscriptionNames[] = [],
    scenarios?: ScenarioDocument,
  ): Promise<Bench> {
    const recorder = new SecretRecorder();
    const options = {
      har: recorder,
      contracts: contracts(),
      subscriptions,
      ...(posesAs === undefined ? {} : { posesAs }),
      ...(scenarios === undefined ? {} : { scenarios }),
    };
    // What has changed is built before the first test, and not in its time; where it does not build, no cloud is left open.
    await packagedTasks();
    const cloud = await startCloud(options);
    keepCredentials(recorder, cloud);
    return new Bench(cloud, recorder, mkdtempSync(path.join(tmpdir(), "azure-ml-bench-")));
  }

  /** A new pipeline run, for steps that belong to the same one. */
  newBuild(pipeline = "bundle"): Build {
    const build = this.cloud.devops.createBuild(pipeline, {
      branch: "refs/heads/main",
      commit: "0123456789abcdef0123456789abcdef01234567",
      requestedFor: "Ada Example",
      repository: "bundle",
    });
    this.cloud.devops.startBuild(build);
    return build;
  }

  /** Runs a task in a job of its own. An input that is undefined is left out. */
  async run(
    task: TaskName,
    inputs: Readonly<Record<string, string | undefined>>,
    options: RunOptions = {},
  ): Promise<TaskRun> {
    const { cloud } = this;
    const build = options.build ?? this.newBuild();
    const number = ++this.#runs;
    const workFolder = path.join(this.#folder, `job-${number}`, "_work");
    const jobId = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    const wanted = options.connection ?? "azure-ml";
    const known = typeof wanted === "object" ? wanted : cloud.connections[wanted as ConnectionName];
    const given = [...(known ? [known] : []), ...(options.others ?? [])];
    const token = cloud.devops.issueJobToken({
      plan: build.plan,
      jobId,
      connectionIds: given.map(({ id }) => id),
    });
    this.recorder.keep("job token", token);
    const { collectionUri, organization, project } = cloud.devops;
    const knobs: Record<string, string> =
      options.node === "24"
        ? { AGENT_USE_NODE24: "true" }
        : options.node === "20"
          ? { AGENT_USE_NODE20_1: "true" }
          : {};
    const job = new Job({
      workFolder,
      run: {
        collectionUri,
        collectionId: organization.id,
        project: project.name,
        projectId: project.id,
        definitionId: build.definition.id,
        definitionName: build.definition.name,
        buildId: build.id,
        buildNumber: build.buildNumber,
        planId: build.plan.planId,
        timelineId: build.plan.timelineId,
        jobId,
        jobAttempt: options.attempt ?? 1,
        stageAttempt: options.attempt ?? 1,
        repository: options.repository ?? {
          id: build.definition.repository.id,
          name: "bundle",
          uri: cloud.devops.repositoryUri("bundle"),
        },
        ...(options.pullRequest === undefined ? {} : { pullRequest: options.pullRequest }),
        branch: build.sourceBranch,
        commit: build.sourceVersion,
        requestedFor: build.requestedFor.displayName,
        oidcRequestUri: cloud.devops.oidcRequestUri(build.plan, jobId),
        accessToken: token,
      },
      variables: { ...knobs, ...options.variables },
      connections: [systemConnection(collectionUri, token), ...given],
      network: options.network ?? { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
      server: connectServer({
        collectionUri,
        token,
        project: project.name,
        projectId: project.id,
        hub: build.plan.hub,
        planId: build.plan.planId,
        timelineId: build.plan.timelineId,
        buildId: build.id,
        caFile: cloud.caFile,
      }),
      nodes: options.nodes ?? machineNodes(),
      // Fifty files for each run, of a copy of the package that nothing writes to.
      linksTasks: true,
      hostEnvironment: { ...hostEnvironment(), ...options.environment },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onLine === undefined ? {} : { onLine: (line: string) => options.onLine?.(line) }),
    });
    options.onJob?.(job);
    const { sources } = job.folders;
    mkdirSync(sources, { recursive: true });
    if (existsSync(PROJECT)) cpSync(PROJECT, sources, { recursive: true });
    for (const [file, text] of Object.entries(options.files ?? {})) {
      mkdirSync(path.dirname(path.join(sources, file)), { recursive: true });
      writeFileSync(path.join(sources, file), text);
    }
    options.prepare?.(sources);

    const own =
      known?.type === "azureml-workspace"
        ? { connectionType: "workspaceConnection", workspaceConnection: known.id }
        : {
            azureSubscription: known?.id ?? String(wanted),
            resourceGroup: cloud.resourceGroup,
            workspace: cloud.workspace,
          };
    const all: Record<string, string | undefined> = { ...own, ...inputs };
    const inputsGiven = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const step: TaskStep = {
      name: options.step ?? task,
      taskFolder: options.taskFolder ?? (await packagedTasks()).get(task)!,
      inputs: Object.fromEntries(inputsGiven),
      ...(options.timeoutInMinutes === undefined ? {} : { timeoutInMinutes: options.timeoutInMinutes }),
      ...(options.retries === undefined ? {} : { retryCountOnTaskFailure: options.retries }),
    };
    const from = this.recorder.exchanges.length;
    const started = performance.now();
    try {
      const outcome = await job.run([step]);
      const main = outcome.stages.find(({ stage }) => stage === "execution");
      assert.ok(main, "the step has an execution stage");
      const records = main.attachments.filter(({ type }) => type === RECORD_TYPE);
      const run: TaskRun = {
        task,
        result: main.result,
        jobResult: outcome.result,
        exitCode: main.exitCode,
        issues: main.issues,
        errors: main.issues.filter(({ type }) => type === "error").map(({ message }) => message),
        warnings: main.issues.filter(({ type }) => type === "warning").map(({ message }) => message),
        lines: main.lines,
        log: main.lines.join("\n"),
        jobLog: outcome.lines.join("\n"),
        outputs: Object.fromEntries(Object.entries(main.outputs).map(([name, { value }]) => [name, value])),
        variables: Object.keys(main.variables).filter((name) => !name.startsWith(`${step.name}.`)),
        attachments: outcome.attachments,
        record: records[0] && (JSON.parse(records[0].content.toString("utf8")) as RunRecord),
        summaries: outcome.attachments
          .filter(({ type }) => type === SUMMARY_TYPE)
          .map(({ content }) => content.toString("utf8")),
        stages: outcome.stages,
        exchanges: this.recorder.exchanges.slice(from),
        build,
        milliseconds: performance.now() - started,
      };
      this.#remember(run);
      return run;
    } finally {
      rmSync(path.dirname(workFolder), { recursive: true, force: true });
    }
  }

  #remember(run: TaskRun): void {
    const name = `${run.task} of run ${run.build.id}`;
    this.left.push([`log of ${name}`, run.jobLog]);
    for (const { type, name: file, content } of run.attachments)
      this.left.push([`${type} ${file} of ${name}`, content.toString("utf8")]);
    this.left.push([
      `issues of ${name}`,
      run.stages.flatMap(({ issues }) => issues.map(({ message }) => message)).join("\n"),
    ]);
    this.left.push([`variables of ${name}`, JSON.stringify(run.stages.map(({ variables }) => variables))]);
  }

  /** Secrets that stand in anything that the runs so far left, the recorded traffic included. */
  leaks(): Leak[] {
    const tests = this.cloud.devops.testRuns.all.map((run): [string, string] => [
      `test run ${run.name}`,
      JSON.stringify([run.results, run.attachments.map(({ content }) => content.toString("utf8"))]),
    ]);
    const traffic: [string, string] = ["traffic.har", JSON.stringify(this.cloud.har.toHar())];
    return findLeaks(this.recorder.secrets, [...this.left, ...tests, traffic]);
  }

  /** Ends the cloud. Throws where one of the runs left a secret somewhere: every file of tests is held to that. */
  async close(): Promise<void> {
    const leaks = this.leaks();
    await this.cloud.close();
    rmSync(this.#folder, { recursive: true, force: true });
    assert.deepEqual(leaks, [], "no secret may stand in what the runs left");
  }
}

/** Tells the recorder what is secret before anything goes over the wire. */
export function keepCredentials(recorder: SecretRecorder, cloud: LocalCloud): void {
  const { contributor, certificate, expired, forbidden } = cloud.credentials;
  for (const { secret } of [contributor, expired, forbidden]) recorder.keep("client secret", secret);
  recorder.keep("certificate and private key", certificate.certificatePem);
  recorder.keep("account key", cloud.azure.blobs.key);
  for (const { client, azure } of Object.values(cloud.subscriptions)) {
    recorder.keep("client secret", client.secret);
    recorder.keep("account key", azure.blobs.key);
  }
}

/** Asserts that a run succeeded without a word of warning; shows its log where it did not. */
export function assertSucceeded(run: TaskRun): void {
  assert.equal(run.result, "Succeeded", run.log);
  assert.deepEqual(run.issues, [], run.log);
  // Node's own warnings go to stderr, which people read as the task's log.
  assert.doesNotMatch(run.log, /^\(node:\d+\)/m);
}

/** The Node versions that an agent runs the tasks with. */
export const NODES: readonly NodeWish[] = ["20", "24"];

/** Skips a test whose Node this machine does not have: Node 24 comes with an optional package for Linux. */
export function needsNode(context: Mocha.Context, node: NodeWish): void {
  needs(context, node !== "24" || machineNodes().node24 !== undefined, NODE_24);
}

/** What a run asked of one listener, as URLs. */
export function asked(run: TaskRun, listener: string, method: string, path = /./): string[] {
  return run.exchanges
    .filter((one) => one.listener === listener && one.method === method && path.test(new URL(one.url).pathname))
    .map(({ url }) => url);
}
