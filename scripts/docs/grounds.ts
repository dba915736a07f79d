// Grounds of single recipes of docs/usage.md, beside the ground of them all: files of the project, a pipeline that ran before, a state of the cloud.
// Tests: test/docs/run-snippets.test.ts
import { readFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import { poll } from "../../lib/poll.ts";
import type { ServiceConnection } from "../../local/agent/index.ts";
import { vaultAudience } from "../../local/azure/arm/clouds.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { isTerminal } from "../../local/azure/records/job.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { fire, schedulesOf } from "../../local/azure/schedules/watch.ts";
import { dataCollector } from "../../local/azure/scoring/data-collector.ts";
import { storagePlace } from "../../local/azure/workspace/locate.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Repository, RunOptions, RunOutcome } from "../../local/pipeline/index.ts";

/** Where a recipe runs. */
export interface Place {
  readonly cloud: LocalCloud;
  /** Variables of every pipeline that runs here; those that `before.yml` sets as `ready.NAME` are added. */
  readonly given: Record<string, string>;
  /** By name; a ground may add some. */
  readonly connections: Record<string, ServiceConnection>;
  /** Of the recipe's run. */
  pullRequest?: NonNullable<RunOptions["pullRequest"]>;
  /** Where the code of the recipe's run lies, if not in Azure Repos. */
  hostedBy?: Pick<Repository, "name" | "provider" | "uri">;
  /** Runs that there were of the recipe and of what it started, in their order; filled by the runner. */
  readonly ran: RunOutcome[];
  /** Runs a pipeline of the ground's folder, by a name if that counts, and fails where it does not succeed. */
  run: (file: string, name?: string) => Promise<void>;
}

export interface Ground {
  /** Below scripts/docs/grounds: lies over the project while the recipe runs. Its before.yml runs first. */
  readonly folder?: string;
  /** The endpoint breast-cancer is deleted first: no rollout of another recipe is in progress on it. */
  readonly newEndpoint?: true;
  /** Words of the recipe that cannot hold here, such as names, and those that are taken for them. */
  readonly names?: readonly (readonly [string, string])[];
  /** Done after before.yml has run. */
  readonly after?: (place: Place) => void | Promise<void>;
  /** Done before before.yml runs. */
  readonly first?: (place: Place) => void | Promise<void>;
  /** Done once the recipe has run. @returns what is not as the recipe says */
  readonly expect?: (place: Place) => string | undefined;
  /** The recipe is started by this pipeline, whose file is before.yml. */
  readonly startedBy?: string;
  /** Pipelines of the project that the recipe starts, by name, each a file of the ground's folder. */
  readonly beside?: Readonly<Record<string, string>>;
  /** The recipe is started by what is posted to the incoming webhook of this service connection. */
  readonly webhook?: { readonly connection: string; readonly body: (place: Place) => object };
  /** The recipe runs a second time, after this pipeline of the ground's folder. */
  readonly again?: string;
  /** How many minutes of the cloud and of the tasks pass in one of this machine. */
  readonly speed?: number;
}

const ENDPOINT = "breast-cancer";
const MINUTE = 60_000;

/** People call each deployment that has traffic or copies of it, sixty times a minute, in the minutes until now. */
export function callsOfPeople({ azure }: LocalCloud, minutes: number): void {
  const endpoint = endpointsOf(azure).get(ENDPOINT);
  if (endpoint === undefined || minutes < 1) return;
  const called = [endpoint.traffic, endpoint.mirrorTraffic].flatMap((shares) =>
    Object.keys(shares).filter((name) => (shares[name] ?? 0) > 0),
  );
  const span = minutes * MINUTE;
  seedMinutes(
    azure,
    called.map((deployment) => ({ endpoint: ENDPOINT, deployment, ago: span, span, requests: 60 })),
  );
}

/** The recipe has started a run of this pipeline once. */
const hasStarted =
  (name: string) =>
  ({ ran }: Place): string | undefined => {
    const times = ran.filter(({ pipeline }) => pipeline === name).length;
    return times === 1 ? undefined : `It has started ${times} runs of ${name}.`;
  };

/** The payload that the relay posts of a new version. */
const ofVersion = ({ given }: Place): object => ({ model: { name: ENDPOINT, version: given["model.version"] } });

/** The traffic is where the rollout took it. */
const allOn =
  (matches: (deployment: string) => boolean) =>
  ({ cloud }: Place): string | undefined => {
    const traffic = endpointsOf(cloud.azure).get(ENDPOINT)?.traffic ?? {};
    const live = Object.keys(traffic).filter((name) => (traffic[name] ?? 0) > 0);
    return live.length === 1 && matches(live[0] ?? "") ? undefined : `The traffic is ${JSON.stringify(traffic)}.`;
  };
const onNew = allOn((name) => name !== "blue");

/**
 * The monitor of the example compares what its endpoint was asked in the last hour, and a day before it begins, with the training data.
 * @param factor by which the endpoint is asked for larger values than those of the training data
 */
async function measured({ cloud }: Place, factor = 1): Promise<void> {
  const { azure } = cloud;
  const endpoint = endpointsOf(azure).get(ENDPOINT);
  if (endpoint?.scoringUri == null) throw new Error(`There is no endpoint ${ENDPOINT}.`);
  const rows = readFileSync(
    path.join(import.meta.dirname, "../../examples/breast-cancer/data/breast-cancer.csv"),
    "utf8",
  )
    .trim()
    .split("\n")
    .slice(1, 201)
    .map((line) =>
      line
        .split(",")
        .slice(0, -1)
        .map((value) => Number(value) * factor),
    );
  await send(cloud, "POST", endpoint.scoringUri, endpoint.keys.primaryKey, { rows });
  await dataCollector(azure).settled();
  const monitor = schedulesOf(azure).get("breast-cancer-drift");
  if (monitor === undefined) throw new Error("There is no monitor breast-cancer-drift.");
  const job = fire(azure, monitor, azure.clock.now() + 60 * MINUTE);
  const look = async () => {
    const status = jobService(azure).get(job)?.status;
    return status !== undefined && isTerminal(status)
      ? { done: true as const, value: status }
      : { done: false as const };
  };
  await poll(look, { what: `the monitor's job ${job}`, initial: 200, deadline: 600_000 });
  callsOfPeople(cloud, 130);
}

/** Sends a request to a host of the cloud; another answer than success is an error. */
export function send(
  cloud: LocalCloud,
  method: string,
  address: string,
  bearer: string | undefined,
  body?: object,
): Promise<void> {
  const url = new URL(address);
  const options = {
    ...{ method, host: "127.0.0.1", port: url.port, path: `${url.pathname}${url.search}` },
    ...{ servername: url.hostname, ca: readFileSync(cloud.caFile) },
    headers: {
      ...{ Host: url.host, "Content-Type": "application/json" },
      ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
    },
  };
  return new Promise((resolve, reject) => {
    const request = https.request(options, (answer) => {
      answer.resume().once("end", () => {
        if ((answer.statusCode ?? 0) < 300) resolve();
        else reject(new Error(`${address} answered ${answer.statusCode}.`));
      });
    });
    request.once("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** A key with the name that the recipes have. */
async function key({ cloud }: Place): Promise<void> {
  const token = tokenFor(cloud, vaultAudience(cloud.azure.environment));
  await send(cloud, "POST", `${cloud.urls.vault}/keys/models/create?api-version=7.4`, token, {
    kty: "EC",
    crv: "P-256",
  });
}

/** A pull request on GitHub, and a connection that may comment on it. */
function onGitHub(place: Place): void {
  const { gitHub } = place.cloud;
  const repository = gitHub.add("contoso", "model");
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const { number } = gitHub.openPullRequest(repository, "Better", commit);
  place.connections["github"] = {
    ...{ id: "5e4e6ce0-0000-4000-8000-00000000c0de", name: "github", type: "github", url: gitHub.url },
    ...{ scheme: "PersonalAccessToken", parameters: { accessToken: gitHub.issueToken("contoso-bot") }, data: {} },
  };
  place.hostedBy = { name: "contoso/model", provider: "GitHubEnterprise", uri: `${gitHub.url}/contoso/model` };
  place.pullRequest = {
    ...{ id: 98_765, number, sourceBranch: "refs/heads/better", targetBranch: "refs/heads/main" },
    sourceCommit: commit,
  };
}

/** Name of the registry that recipes share assets through. */
export const REGISTRY = "models-of-contoso";

/** Removes what recipes leave and other recipes would meet: versions in the registry, which never change, and collected requests. */
export async function withoutLeftovers({ azure }: LocalCloud): Promise<void> {
  azure.store(`registries/${REGISTRY}/models`).clear();
  const place = storagePlace(azure, "azureml://datastores/workspaceblobstore/paths/modelDataCollector");
  if (place === undefined) throw new Error("The default datastore has no container.");
  for (const { name } of await azure.blobs.list(place.container, place.path))
    await azure.blobs.delete(place.container, name);
}

/** Deletes the endpoint with all that was deployed to it, and waits until it is gone. */
export async function withoutEndpoint(cloud: LocalCloud): Promise<void> {
  const { azure, urls } = cloud;
  if (!endpointsOf(azure).has(ENDPOINT)) return;
  const token = tokenFor(cloud, azure.environment.management[0] ?? "");
  const address = `${urls.arm}${azure.workspaceId}/onlineEndpoints/${ENDPOINT}?api-version=2025-12-01`;
  await send(cloud, "DELETE", address, token);
  const look = async () =>
    endpointsOf(azure).has(ENDPOINT) ? { done: false as const } : { done: true as const, value: undefined };
  await poll(look, { what: `the endpoint ${ENDPOINT} is gone`, initial: 100, deadline: 120_000 });
}

function tokenFor({ azure, credentials }: LocalCloud, audience: string): string {
  const contributor = azure.directory.find(credentials.contributor.clientId);
  if (contributor === undefined) throw new Error("The contributor is gone.");
  return azure.directory.issue(contributor, audience);
}

const VERSION_7 = ['modelVersion: "7"', "modelVersion: $(model.version)"] as const;

/** By a clock that is fast, a machine that is busy for half a minute takes half an hour to deploy. */
const PATIENCE = [
  ["timeoutInMinutes: 90", "timeoutInMinutes: 3000"],
  ["timeoutInMinutes: 110", "timeoutInMinutes: 3100"],
] as const;

/** Of the page of a task, which names things of anybody's. */
const MINE = [
  ["my-endpoint", ENDPOINT],
  ["my-model-drift", `${ENDPOINT}-drift`],
  ["modelVersion: 3", "modelVersion: $(model.version)"],
] as const;

const RELEASE = `${ENDPOINT}-release`;

/** By the keys of scripts/docs/snippets.ts. */
export const GROUNDS: Readonly<Record<string, Ground>> = {
  // Jobs of recipes below take the newest version of the other name, which is a file.
  "Register data that lies in the repository (2)": { names: [["name: breast-cancer", "name: breast-cancer-folder"]] },
  "Check data before anybody trains on them": { folder: "customers" },
  "Check data before anybody trains on them (3)": { folder: "customers" },
  "Limit what a job costs": { folder: "costs" },
  "Judge a job (3)": { folder: "pipeline-job", newEndpoint: true },
  "By more than chance": { folder: "results", newEndpoint: true },
  "Compare two models on the same data (2)": { folder: "compare-script" },
  "Tell the pull request": { folder: "pull-request" },
  "Tell the pull request (3)": { first: onGitHub },
  // Recipes below deploy the newest version of the other name.
  "Register the model (2)": { folder: "mlflow", names: [["name: breast-cancer", "name: breast-cancer-mlflow"]] },
  "Sign a model, and deploy only what was signed": { first: key },
  "Sign a model, and deploy only what was signed (2)": { folder: "sign", first: key },
  "Promote a model to another workspace, subscription or tenant": { folder: "judged", names: [VERSION_7] },
  "Promote a model to another workspace, subscription or tenant (2)": {
    folder: "promote-workspace",
    names: [VERSION_7],
  },
  "Canary: step by step, judged": {
    ...{ folder: "canary", newEndpoint: true, speed: 60, expect: onNew },
    names: PATIENCE,
  },
  "Canary: one change a stage, without a waiting agent": { folder: "rollout", newEndpoint: true, expect: onNew },
  "Canary: one change a stage, without a waiting agent (2)": { folder: "looked", newEndpoint: true, expect: onNew },
  "Shadow: mirrored traffic, nothing moves": {
    ...{ folder: "rollout", newEndpoint: true, speed: 60 },
    expect: allOn((name) => name === "blue"),
  },
  "In place: change the deployment that is there": { folder: "rollout", newEndpoint: true },
  "Several rollouts at once": { folder: "rollout", newEndpoint: true },
  "Roll back": { folder: "two-deployments", newEndpoint: true, expect: allOn((name) => name === "blue") },
  "Watch a model in production": { folder: "monitor", newEndpoint: true, after: (place) => measured(place) },
  "Watch a model in production (2)": {
    ...{ folder: "monitor", newEndpoint: true },
    after: async (place) => {
      await measured(place);
      await place.run("look.yml");
    },
  },
  "Call an endpoint": {
    ...{ folder: "rollout", newEndpoint: true },
    // A machine that does other things answers later.
    names: [["maxLatencyInMilliseconds: 500", "maxLatencyInMilliseconds: 60000"]],
  },
  "Call an endpoint (2)": { folder: "serverless" },
  "Score a folder in batches": { folder: "batch" },
  "A new deployment becomes the default once it has scored a sample": { folder: "batch-next" },
  "Parameters of a pipeline component, and a wait without an agent": { folder: "batch-steps" },
  "Train here, release there": { folder: "training", startedBy: "breast-cancer" },
  "README.md: Quick start in your organization (2)": {
    ...{ folder: "two-deployments", newEndpoint: true },
    expect: allOn((name) => name === "blue"),
  },
  "docs/triggers.md: The relay and a YAML pipeline": { webhook: { connection: "aml-models", body: ofVersion } },
  "docs/triggers.md: Without any Azure resource": {
    ...{ folder: "watch", beside: { [RELEASE]: "release.yml" }, again: "register.yml" },
    expect: hasStarted(RELEASE),
  },
  "docs/triggers.md: A breach of a monitor starts a retraining": {
    ...{ folder: "watch-monitors", newEndpoint: true, beside: { "breast-cancer-train": "train.yml" } },
    after: (place) => measured(place, 3),
    expect: hasStarted("breast-cancer-train"),
  },
  "docs/triggers.md: Models of a registry": {
    ...{ folder: "watch", beside: { [RELEASE]: "release.yml" }, again: "register-shared.yml" },
    expect: hasStarted(RELEASE),
  },
  "docs/waiting.md: Without an agent": { folder: "two-jobs" },
  "docs/waiting.md: A guard on what comes next": {
    folder: "trained",
    after: (place) => place.run("train.yml", "train"),
  },
  "docs/waiting.md: A look at a rollout": { folder: "looked", newEndpoint: true },
  "relay/README.md: The YAML pipeline": { webhook: { connection: "aml-models", body: ofVersion } },
  // A version that failed once is not said to have passed before it is registered again.
  "tasks/CheckModel/README.md: Azure ML: Check model": {
    ...{ folder: "trained", after: (place) => place.run("train.yml", "train") },
    names: [["modelVersion: 3", "modelVersion: $(modelVersion)"]],
  },
  "tasks/CheckMonitorResult/README.md: Azure ML: Check monitor result": {
    ...{ folder: "monitor", newEndpoint: true, names: MINE },
    after: async (place) => {
      await measured(place);
      await place.run("look.yml");
    },
  },
  "tasks/CheckMonitor/README.md: Azure ML: Check monitor": {
    ...{ folder: "monitor", newEndpoint: true, names: MINE },
    after: (place) => measured(place),
  },
  "tasks/CheckRollout/README.md: Azure ML: Check rollout": { folder: "looked", newEndpoint: true, names: MINE },
  "tasks/InvokeBatch/README.md: Azure ML: Invoke batch endpoint": {
    ...{ folder: "batch", after: (place) => place.run("apply.yml") },
    names: [
      ["my-endpoint", "tumours"],
      ["input: data", "input: batch/sample"],
    ],
  },
  "tasks/InvokeEndpoint/README.md: Azure ML: Invoke endpoint": { names: MINE },
  "tasks/PromoteModel/README.md: Azure ML: Promote model": { folder: "judged", names: MINE },
  "tasks/Rollback/README.md: Azure ML: Roll back endpoint": {
    ...{ folder: "two-deployments", newEndpoint: true, names: MINE },
    expect: allOn((name) => name === "blue"),
  },
  "tasks/VerifyModel/README.md: Azure ML: Verify model": {
    ...{ folder: "sign", first: key },
    names: [["modelVersion: 3", "modelVersion: $(modelVersion)"]],
  },
  "tasks/WatchModels/README.md: Azure ML: Watch models": {
    ...{ folder: "watch", beside: { [RELEASE]: "release.yml" }, again: "register.yml" },
    expect: hasStarted(RELEASE),
  },
};
