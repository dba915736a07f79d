// The stage of the demo: the local cloud, the example as a repository, its two pipelines, and the results of each run.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { RECORD_TYPE, type RunRecord } from "../../lib/record/index.ts";
import type { Contract } from "../../local/azure/contract/contract.ts";
import { eventGrid } from "../../local/azure/events/grid.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { type CloudOptions, type LocalCloud, startCloud } from "../../local/cloud.ts";
import type { PullRequest } from "../../local/devops/state/pull-requests.ts";
import type { WorkItem } from "../../local/devops/state/work-items.ts";
import type { HarRecorder } from "../../local/network/har.ts";
import { type ArtifactType, ClassicReleases } from "../../local/pipeline/classic/index.ts";
import { AgentQueue, Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { clockOf, preloaded } from "../../test/harness/preload.ts";
import { readContributions } from "../generate/contributions.ts";
import { readTasks } from "../generate/task-json.ts";
import { Monitored } from "./drift-traffic.ts";
import { type Load, startLoad } from "./load.ts";
import { PullRequests } from "./pull-requests.ts";
import { type DeadLetter, DemoRelay, deadLetters } from "./relay.ts";
import { createRepository, type DemoRepository } from "./repository.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

export const TRAINING = "breast-cancer";
export const RELEASE = "breast-cancer-release";
export const WATCH = "breast-cancer-watch";
export const MODEL = "breast-cancer";

/**
 * Requests of the load under way at a time. Caller, gateway and all other planes are one process: on a machine that gives it little time,
 * requests without such an end leave none for the release that they are there for.
 */
const AT_A_TIME = 8;

export interface StageOptions {
  /** Folder of the example project. */
  readonly example: string;
  /** The model that the example registers; MODEL where absent. */
  readonly model?: string;
  /** `venv`: what the example's environment asks for is installed; this machine's Python has all where absent. */
  readonly environments?: "machine" | "venv";
  /** The target of a registered model: release.yml (where absent), canary.yml (with drift, too), or the classic release definition. */
  readonly form?: "yaml" | "classic" | "canary" | "drift";
  /** How many minutes of the cloud and of the tasks pass in one of this machine; 1 where absent. */
  readonly speed?: number;
  /** How often Event Grid tries each event before it gives it up. */
  readonly attempts?: number;
  /** Published types: local Azure refuses bodies that break one of them. */
  readonly contracts?: readonly Contract[];
  /** The recorder of the traffic; default: one of the stage's own. */
  readonly har?: HarRecorder;
  /** Names of the cloud, and one of Azure's own that it answers for, where something else than the demo's is to be seen. */
  readonly cloud?: Pick<CloudOptions, "names" | "posesAs">;
  /** Every line of every run. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface Stage {
  readonly cloud: LocalCloud;
  readonly repository: DemoRepository;
  /** Runs what a push of the newest commit starts, and what that starts in turn. */
  push(): Promise<RunOutcome[]>;
  /** Runs the training pipeline again for the newest commit, by hand. */
  again(): Promise<RunOutcome[]>;
  /** Runs the training pipeline for the merge of a pull request, as a policy of its target branch does. */
  validate(pull: PullRequest): Promise<RunOutcome[]>;
  /** Runs the pipeline that looks at the monitors, by hand, and what that starts. */
  watch(): Promise<RunOutcome[]>;
  /** Live traffic, its monitor, and the runs that were started for it. */
  readonly monitored: Monitored;
  /** So many requests a second for the endpoint, until it is stopped. @param factor of each value; 1 where absent */
  load(rate: number, factor?: number): Load;
  readonly pullRequests: PullRequests;
  /** All work items of the project, the oldest first. */
  readonly workItems: readonly WorkItem[];
  readonly relay: Pick<DemoRelay, "start" | "stop" | "deliver">;
  /** Waits until no event is on its way, and for what they started. */
  settled(): Promise<RunOutcome[]>;
  /** The events that Event Grid has given up, oldest first. */
  deadLetters(): Promise<DeadLetter[]>;
  /** Releases of the model that were ever started. */
  everReleased(): number;
  /** Blobs that were uploaded through local Azure's storage so far. */
  uploads(): number;
  close(): Promise<void>;
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const work = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-"));
  const { contracts, har } = options;
  const cloud = await startCloud({
    ...options.cloud,
    ...(contracts === undefined ? {} : { contracts }),
    ...(har === undefined ? {} : { har }),
    ...(options.environments === undefined ? {} : { environments: options.environments }),
  });
  if (options.speed !== undefined) {
    cloud.azure.clock.speed = options.speed;
    // Tokens are told to live by a clock that is fast.
    cloud.azure.directory.lifetime = 365 * 86_400;
  }
  let relay: DemoRelay | undefined;
  try {
    const folder = path.join(work, "repository");
    const repository = createRepository(options.example, folder, "Train a first model on ten features");
    cloud.devops.repositories.add(TRAINING, { path: folder });
    const classic = options.form === "classic";
    const isCanary = options.form === "canary" || options.form === "drift";
    const common = {
      devops: cloud.devops,
      connections: cloud.connections,
      tasks: packagedTasks(),
      workRoot: path.join(work, "agent"),
      network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
      ...(options.speed === undefined ? {} : { nodes: preloaded(path.join(work, "nodes"), clockOf(cloud.azure)) }),
      // One agent: what a registered model starts waits until the run that registered it has ended.
      queue: new AgentQueue(),
      log: (line: string) => options.log(line),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    const pipelines = new Pipelines({
      ...common,
      pipelines: [
        { name: TRAINING, file: "azure-pipelines.yml" },
        ...(options.form === "drift" ? [{ name: WATCH, file: "watch.yml" }] : []),
        ...(classic ? [] : [{ name: RELEASE, file: isCanary ? "canary.yml" : "release.yml" }]),
      ],
      repository: { path: folder, uri: cloud.devops.repositoryUri(TRAINING), name: TRAINING },
      requestedFor: "Ada Example",
    });
    const releases = new ClassicReleases({ ...common, artifactTypes: artifactTypes() });
    if (classic) cloud.devops.releases.import(readJson(path.join(folder, "release-definition.json")) as Json);
    relay = await DemoRelay.open({
      cloud,
      folder: work,
      model: options.model ?? MODEL,
      monitors: options.form === "drift",
      start: classic ? { definition: RELEASE, alias: "_model" } : "webhook",
      ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
      log: (line) => options.log(`Relay: ${line}`),
    });
    await pipelines.listen(repository.branch);
    releases.listen();
    const commit = () => ({ branch: repository.branch, commit: repository.commit });
    // Events, and what they start, come after the run that registered the model; a chapter ends when nothing is on its way.
    const settled = async () => {
      await eventGrid(cloud.azure).idle();
      return [...(await pipelines.settled()), ...(await releases.settled())];
    };
    const withReleases = async (runs: Promise<RunOutcome[]>) => {
      const outcomes = await runs;
      return [...outcomes, ...(await settled())];
    };
    const close = async () => {
      await relay?.stop();
      await cloud.close();
      rmSync(work, { recursive: true, force: true });
    };
    return {
      cloud,
      repository,
      push: () => withReleases(pipelines.push(commit())),
      again: () => withReleases(pipelines.run(TRAINING, { ...commit(), reason: "manual" })),
      validate: ({ pullRequestId: id, sourceRefName, targetRefName, lastMergeCommit = "" }) =>
        withReleases(
          pipelines.run(TRAINING, {
            ...{ branch: `refs/pull/${id}/merge`, commit: lastMergeCommit, reason: "pullRequest" },
            pullRequest: {
              id,
              sourceBranch: sourceRefName,
              targetBranch: targetRefName,
              sourceCommit: lastMergeCommit,
            },
          }),
        ),
      watch: () => withReleases(pipelines.run(WATCH, { ...commit(), reason: "manual" })),
      monitored: new Monitored(cloud, () => targetOf(cloud), loadAgent(cloud), path.join(folder, "data")),
      load: (rate, factor = 1) => {
        const { rows } = readJson(path.join(folder, "requests/two-samples.json")) as { rows: number[][] };
        const body = JSON.stringify({ rows: rows.map((row) => row.map((value) => value * factor)) });
        return startLoad({ target: () => targetOf(cloud), rate, most: AT_A_TIME, body, agent: loadAgent(cloud) });
      },
      pullRequests: new PullRequests(cloud.devops, TRAINING, repository),
      workItems: cloud.devops.workItems.all,
      relay,
      settled,
      deadLetters: () => deadLetters(cloud),
      everReleased: () =>
        [...cloud.devops.builds.all, ...cloud.devops.releases.all].filter(
          ({ definition }) => definition.name === RELEASE,
        ).length,
      // Artifacts that a job writes itself do not count as uploads of the pipeline.
      uploads: () =>
        cloud.har.count(
          ({ listener, method, url }) => listener === "storage" && method === "PUT" && !url.includes("/ExperimentRun/"),
        ),
      close,
    };
  } catch (error) {
    await relay?.stop();
    await cloud.close();
    throw error;
  }
}

/** The demo's endpoint, as it is now. */
function targetOf(cloud: LocalCloud): { scoringUri: string; key: string } {
  const endpoint = endpointsOf(cloud.azure).get(MODEL);
  return { scoringUri: endpoint?.scoringUri ?? "", key: endpoint?.keys.primaryKey ?? "" };
}

const loadAgent = (cloud: LocalCloud): https.Agent =>
  new https.Agent({ ca: readFileSync(cloud.caFile), keepAlive: true });

/** `AzureMLSubmitJob@1` -> the folder that `npm run build` made complete. */
function packagedTasks(): Map<string, string> {
  return new Map(
    readTasks(root).map(({ json, folder }) => [`${json.name}@${json.version.Major}`, path.join(root, "tasks", folder)]),
  );
}

type Json = Readonly<Record<string, unknown>>;

/** The release artifact types that the extension contributes, by their names. */
function artifactTypes(): Map<string, ArtifactType> {
  const ours = readContributions(root).map(({ contribution }) => contribution);
  return new Map(
    ours
      .filter(({ type }) => type === "ms.vss-releaseartifact.release-artifact-type")
      .map(({ properties }) => [String(properties["name"]), properties as ArtifactType]),
  );
}

/** The records that the steps of a run attached, in order. */
export function recordsOf(outcome: RunOutcome): RunRecord[] {
  return outcome.attachments
    .filter(({ type }) => type === RECORD_TYPE)
    .map(({ content }) => JSON.parse(content.toString("utf8")) as RunRecord);
}

/** Writes the log and the markdown summary of a run; `name` is the beginning of the files' names. */
export function writeRun(folder: string, name: string, outcome: RunOutcome): void {
  mkdirSync(folder, { recursive: true });
  const lines = outcome.stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.lines));
  writeFileSync(path.join(folder, `${name}.log`), `${lines.join("\n")}\n`);
  const summary = outcome.summaries.map(({ markdown }) => markdown.trim()).join("\n\n");
  writeFileSync(path.join(folder, `${name}.md`), `# ${outcome.pipeline} ${outcome.runNumber}\n\n${summary}\n`);
}

/** Reads a JSON file; for summaries that tests look at again. */
const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
