// Rollouts of a small scoring script, for tests in which several of them meet on one endpoint of the local cloud.
import { randomUUID } from "node:crypto";
import path from "node:path";
import type { TaskError } from "../../../lib/errors.ts";
import { parseExpectations } from "../../../lib/ml/endpoints/expectations.ts";
import { readRequest } from "../../../lib/ml/endpoints/invoke.ts";
import { type DeployOptions, deploy, type RolloutReport } from "../../../lib/ml/rollout/deploy.ts";
import { rollBack } from "../../../lib/ml/rollout/post-job-rollback.ts";
import { readRollout } from "../../../lib/ml/rollout/rollout-files.ts";
import type { DeploymentSection } from "../../../lib/ml/rollout/rollout-report.ts";
import type { Clock } from "../../../lib/poll.ts";
import type { Provenance } from "../../../lib/provenance.ts";
import {
  deploymentKey,
  deploymentsOf,
  deploymentsOfEndpoint,
  endpointsOf,
} from "../../../local/azure/records/online-endpoint.ts";
import { until } from "../../harness/until.ts";
import { project } from "./projects.ts";
import { type memoryLog, type Opening, openLocal, provenance, theCloud } from "./world.ts";

/** Doubles what it is sent; with HOW it fails as it starts (`broken`), at each call (`raises`), or answers wrongly. */
const SCORE = `
import json, os
def init():
    print("init of the scoring script")
    if os.environ.get("HOW") == "broken":
        raise RuntimeError("no model in here")
def run(raw):
    if os.environ.get("HOW") == "raises":
        raise KeyError("rowz")
    factor = 3 if os.environ.get("HOW") == "wrong" else 2
    return {"doubled": [factor * value for value in json.loads(raw)["values"]]}
`;

export interface Wish {
  readonly deployment?: string;
  /** Makes the content another one, and some values make it fail. */
  readonly how?: string;
  readonly percent?: number;
  readonly remove?: boolean;
  readonly keep?: boolean;
  /** Whether the new deployment is called first; true where absent. */
  readonly call?: boolean;
  readonly options?: Partial<DeployOptions>;
  readonly opening?: Opening;
  /** For the pauses of the first call. */
  readonly clock?: Clock;
  readonly provenance?: Partial<Provenance>;
}

export interface Rollout {
  readonly done: Promise<RolloutReport>;
  readonly log: ReturnType<typeof memoryLog>;
  /** What its post-job stage would be given now; undefined: nothing. */
  leftover(): string | undefined;
  /** The last that it told of itself. */
  report(): DeploymentSection | undefined;
  cancel(): void;
}

export const freshEndpoint = () => `ep-${randomUUID().slice(0, 8)}`;
let runs = 100;

interface ScoringProject {
  readonly deployment?: string | undefined;
  readonly how?: string | undefined;
  /** Further fields of endpoint.yml. */
  readonly endpoint?: Readonly<Record<string, unknown>> | undefined;
  readonly environment?: string | undefined;
}

/** A folder with endpoint.yml, deployment.yml and what they name: the scoring script and a model. */
export function scoringProject(endpoint: string, o: ScoringProject = {}): string {
  const { deployment = "blue", how = "" } = o;
  return project({
    "endpoint.yml": JSON.stringify({ name: endpoint, auth_mode: "key", tags: { team: "a" }, ...o.endpoint }),
    "deployment.yml": JSON.stringify({
      name: deployment,
      endpoint_name: endpoint,
      model: { path: "model" },
      code_configuration: { code: "code", scoring_script: "score.py" },
      environment: o.environment ?? { image: "ubuntu" },
      environment_variables: how ? { HOW: how } : {},
      instance_type: "Standard_DS2_v2",
      instance_count: 1,
    }),
    "code/score.py": SCORE,
    "model/model.json": "{}",
    "request.json": '{"values": [1, 2]}',
  });
}

/** Begins a rollout in a pipeline run of its own. */
export async function begin(endpoint: string, wish: Wish = {}): Promise<Rollout> {
  const folder = scoringProject(endpoint, { deployment: wish.deployment, how: wish.how });
  const stop = new AbortController();
  const runId = String(++runs);
  const opened = await openLocal({
    ...wish.opening,
    provenance: { ...provenance, runId, ...wish.provenance },
    signal: stop.signal,
  });
  const workspace = wish.clock === undefined ? opened : Object.assign(opened, { clock: wish.clock });
  let left: string | undefined;
  let told: DeploymentSection | undefined;
  const done = deploy(workspace, {
    root: folder,
    ...readRollout(
      {
        endpointFile: path.join(folder, "endpoint.yml"),
        deploymentFile: path.join(folder, "deployment.yml"),
        endpointName: undefined,
        deploymentName: undefined,
        model: undefined,
      },
      folder,
    ),
    call:
      wish.call === false
        ? undefined
        : {
            request: readRequest(path.join(folder, "request.json")),
            expectations: parseExpectations("$.doubled == [2, 4]"),
          },
    trafficPercent: wish.percent ?? 100,
    deleteOldDeployments: wish.remove ?? false,
    onFailure: wish.keep ? "keepDeployment" : "deleteDeployment",
    onProgress: (section) => {
      told = section;
    },
    onLeft: (mark) => {
      left = mark;
    },
    ...wish.options,
  });
  done.catch(() => {});
  return {
    done,
    log: workspace.log,
    leftover: () => left,
    report: () => told,
    cancel: () => stop.abort(new Error("cancelled")),
  };
}

/** A rollout to its good end. */
export const release = async (endpoint: string, wish: Wish = {}): Promise<RolloutReport> =>
  (await begin(endpoint, wish)).done;

/** A fresh endpoint on which blue is live; `teal`: and beside it another deployment with that share, in percent. */
export async function liveEndpoint(beside: { readonly teal?: number } = {}): Promise<string> {
  const endpoint = freshEndpoint();
  await release(endpoint);
  if (beside.teal !== undefined) await release(endpoint, { deployment: "teal", how: "b", percent: beside.teal });
  return endpoint;
}

/** Its error, which there must be. */
export async function failureOf(rollout: Rollout): Promise<TaskError> {
  return rollout.done.then(
    () => {
      throw new Error(`The rollout succeeded.\n${rollout.log.text()}`);
    },
    (error: TaskError) => error,
  );
}

/** The post-job stage of a rollout, as Azure Pipelines runs it. @returns its log */
export async function afterJob(rollout: Rollout, opening: Opening = {}): Promise<string> {
  const left = rollout.leftover();
  if (left === undefined) return "";
  const workspace = await openLocal(opening);
  await rollBack(workspace, left);
  return workspace.log.text();
}

/** What is really served, past every API: shares above 0, and all deployments with the HOW of their content. */
export async function served(endpoint: string) {
  const { azure } = await theCloud();
  const traffic = endpointsOf(azure).get(endpoint)?.traffic ?? {};
  const deployments = deploymentsOfEndpoint(azure, endpoint).map(({ name, properties }) => {
    const how = (properties["environmentVariables"] as Record<string, string> | undefined)?.["HOW"] ?? "";
    return how === "" ? name : `${name}:${how}`;
  });
  return {
    traffic: Object.fromEntries(Object.entries(traffic).filter(([, share]) => share > 0)),
    deployments: deployments.sort(),
  };
}

/** Sets the shares of an endpoint at once, as somebody else's finished write would leave them. */
export async function setTraffic(endpoint: string, traffic: Record<string, number>): Promise<void> {
  const { azure } = await theCloud();
  const record = endpointsOf(azure).get(endpoint);
  if (record === undefined) throw new Error(`There is no endpoint ${endpoint}.`);
  record.traffic = traffic;
}

/** Resolves once the cloud has nothing under way on the endpoint. */
export async function settled(endpoint: string): Promise<void> {
  const { azure } = await theCloud();
  const isBusy = () =>
    [endpointsOf(azure).get(endpoint), ...deploymentsOfEndpoint(azure, endpoint)].some((one) =>
      ["Creating", "Updating", "Deleting"].includes(one?.provisioningState ?? ""),
    );
  await until(`nothing is under way on ${endpoint}`, () => !isBusy());
}

export const stateOf = async (endpoint: string, name: string) =>
  deploymentsOf((await theCloud()).azure).get(deploymentKey(endpoint, name))?.provisioningState;

/** Something that one hand waits for and another lets happen. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

type Sent = Parameters<NonNullable<Opening["between"]>>[0];

/** Does something once each request that `matches` has been answered, and before the rollout sees the answer. */
export const afterAnswer = (matches: (request: Sent) => boolean, act: () => void | Promise<void>): Opening => ({
  async between(request, send) {
    const response = await send();
    if (matches(request)) await act();
    return response;
  },
});

/** The call of a deployment. */
export const isCall = (request: { url: string }) => request.url.includes("/score");
export const isTrafficWrite = (endpoint: string) => (request: { method: string; url: string }) =>
  request.method === "PUT" && new URL(request.url).pathname.endsWith(`/onlineEndpoints/${endpoint}`);
export const isDeploymentWrite = (endpoint: string) => (request: { method: string; url: string }) =>
  request.method === "PUT" && new URL(request.url).pathname.includes(`/onlineEndpoints/${endpoint}/deployments/`);
