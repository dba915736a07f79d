// The story of a rollout: beside what is live, called without traffic, and only then the traffic; or as before.

import { TaskError } from "../errors.ts";
import { poll } from "../poll.ts";
import type { OnlineDeploymentDocument, OnlineEndpointDocument } from "../spec/index.ts";
import { translateOnlineDeployment, translateOnlineEndpoint } from "../spec/index.ts";
import { whenFree } from "./busy.ts";
import { deleteDeployment, deploymentLogs, listDeployments, putDeployment } from "./deployments.ts";
import {
  type Endpoint,
  endpointCredential,
  findEndpoint,
  getEndpoint,
  noSuchEndpoint,
  putEndpoint,
  type Traffic,
} from "./endpoints.ts";
import { type Call, invoke, type Reply } from "./invoke.ts";
import { requireAsset } from "./job-checks.ts";
import { lineageTags } from "./lineage.ts";
import { createResolver } from "./resolve.ts";
import { type DeploymentBody, planLines, planRollout, type RolloutPlan } from "./rollout-plan.ts";
import type { Leftover } from "./take-back.ts";
import { moveTraffic, restoreTraffic } from "./traffic.ts";
import type { Workspace } from "./workspace.ts";

export interface DeployOptions {
  /** From which the endpoint is made where it is missing. */
  readonly endpoint: OnlineEndpointDocument | undefined;
  readonly deployment: OnlineDeploymentDocument;
  /** Sent to the new deployment before it gets traffic. */
  readonly call?: Omit<Call, "deployment"> | undefined;
  readonly trafficPercent: number;
  readonly deleteOldDeployments: boolean;
  readonly onFailure: "deleteDeployment" | "keepDeployment";
  /** Milliseconds for all of it; absent: no deadline. */
  readonly deadline?: number | undefined;
  readonly root?: string | undefined;
  /** Told how far it is, for the record; also where it fails later. */
  readonly onReport?: (report: RolloutReport) => void;
  /** Told what somebody has to take back should this be stopped now; undefined: nothing. */
  readonly onLeftover?: (leftover: Leftover | undefined) => void;
}

export interface RolloutReport {
  readonly endpoint: string;
  readonly deployment: string;
  readonly model: string | undefined;
  readonly scoringUri: string | undefined;
  readonly state: string;
  readonly trafficBefore: Traffic;
  readonly traffic: Traffic;
  readonly reply?: Reply;
}

/**
 * Milliseconds for which a deployment that is said to be ready may refuse its first call: the route to it may come a
 * little later (not verified against live Azure).
 */
const WAKING = 60_000;

/** Also the name of a new endpoint may be found a little later than the endpoint is said to be ready. */
const isWaking = ({ kind, status }: TaskError) =>
  status === undefined ? kind === "connection" : [404, 429, 502, 503, 504].includes(status);

/** Milliseconds that putting the traffic back waits for what else is under way. */
const RESTORING = 180_000;

/**
 * Rolls a deployment out. Sequential round trips: endpoint, deployments and everything that the file names side by side;
 * what is new of code and environment; the deployment and the looks at its operation; endpoint and key side by side, the
 * call; the traffic, the looks at its operation, and one look that it has moved.
 */
export async function deploy(workspace: Workspace, options: DeployOptions): Promise<RolloutReport> {
  const started = Date.now();
  const left = () => (options.deadline ? Math.max(1, options.deadline - (Date.now() - started)) : undefined);
  const plan = await resolveAndPlan(workspace, options);
  const rollout = new Rollout(workspace, options, plan, left);
  try {
    return await rollout.apply();
  } catch (error) {
    await rollout.undo(error);
    throw error;
  }
}

async function resolveAndPlan(workspace: Workspace, options: DeployOptions): Promise<RolloutPlan> {
  const { deployment: document } = options;
  const name = document.endpoint_name;
  const there = Promise.all([findEndpoint(workspace, name), listDeployments(workspace, name)]);
  const reader = createResolver(workspace);
  const checks = Promise.all([
    there.then(async ([endpoint]) => {
      if (endpoint || options.endpoint) return;
      throw await noSuchEndpoint(workspace, name, "Name an endpoint YAML with the input endpointFile to have it made.");
    }),
    document.model?.kind === "registered"
      ? requireAsset(workspace, reader, "models", document.model.reference)
      : undefined,
    document.environment?.kind === "registered"
      ? requireAsset(workspace, reader, "environments", document.environment.reference)
      : undefined,
  ]);
  const resolver = createResolver(workspace, {
    mayCreate: checks,
    ...(options.root === undefined ? {} : { root: options.root }),
  });
  const translation = translateOnlineDeployment(document, resolver);
  translation.catch(() => {});
  const [[endpoint, deployments]] = await Promise.all([there, checks]);
  const body = (await translation).body as DeploymentBody;
  return planRollout(endpoint, deployments, {
    name: document.name,
    body: { ...body, tags: { ...lineageTags(workspace.provenance), ...(body["tags"] as object) } },
    trafficPercent: options.trafficPercent,
    deleteOldDeployments: options.deleteOldDeployments,
  });
}

/** One rollout on its way: what it has done so far is what it can take back. */
class Rollout {
  readonly #workspace: Workspace;
  readonly #options: DeployOptions;
  readonly #plan: RolloutPlan;
  readonly #left: () => number | undefined;
  readonly #endpoint: string;
  readonly #name: string;
  #touched = false;
  #trafficTouched: Traffic | undefined;
  #report: RolloutReport;

  constructor(workspace: Workspace, options: DeployOptions, plan: RolloutPlan, left: () => number | undefined) {
    this.#workspace = workspace;
    this.#options = options;
    this.#plan = plan;
    this.#left = left;
    this.#endpoint = options.deployment.endpoint_name;
    this.#name = plan.deployment.name;
    this.#report = {
      endpoint: this.#endpoint,
      deployment: this.#name,
      model: plan.deployment.body.properties["model"] as string | undefined,
      scoringUri: undefined,
      state: "planned",
      trafficBefore: plan.trafficBefore,
      traffic: plan.trafficBefore,
    };
    for (const line of planLines(this.#endpoint, plan)) workspace.log.info(line);
  }

  async apply(): Promise<RolloutReport> {
    const { log } = this.#workspace;
    this.#tell({});
    if (this.#plan.endpoint === "create") await this.#createEndpoint();
    if (this.#plan.deployment.action !== "keep") {
      this.#touched = true;
      this.#leave(this.#plan.trafficBefore);
      await log.group(`Deployment ${this.#name}`, () => this.#putDeployment());
    }
    this.#tell({ state: "Succeeded" });
    const endpoint = await this.#call();
    const traffic = await this.#moveTraffic(endpoint);
    // From here on the new deployment is what is live.
    this.#options.onLeftover?.(undefined);
    this.#tell({ traffic });
    for (const name of this.#plan.remove) {
      await deleteDeployment(this.#workspace, this.#endpoint, name);
      log.info(`Deleted the deployment ${name}, which no longer gets traffic.`);
    }
    return this.#report;
  }

  async #createEndpoint(): Promise<void> {
    const document = this.#options.endpoint as OnlineEndpointDocument;
    // Traffic can only go to deployments that are there.
    const { traffic: _traffic, mirror_traffic: _mirror, ...rest } = document;
    const write = await translateOnlineEndpoint(rest, createResolver(this.#workspace));
    await putEndpoint(
      this.#workspace,
      this.#endpoint,
      { ...write.body, tags: { ...lineageTags(this.#workspace.provenance), ...(write.body["tags"] as object) } },
      { deadline: this.#left() },
    );
    this.#workspace.log.info(`Made the endpoint ${this.#endpoint}.`);
  }

  async #putDeployment(): Promise<void> {
    const { log } = this.#workspace;
    await whenFree(this.#workspace, `the deployment ${this.#name}`, this.#left(), async (attempt) => {
      if (attempt > 1) await this.#requireIdle();
      await putDeployment(this.#workspace, this.#endpoint, this.#name, this.#plan.deployment.body, {
        deadline: this.#left(),
        onState: (state) => log.info(`Deployment ${this.#name}: ${state}.`),
      });
    });
  }

  /** A deployment that gets traffic is never changed, also where it got that while this rollout waited. */
  async #requireIdle(): Promise<void> {
    const { traffic } = (await getEndpoint(this.#workspace, this.#endpoint)).properties;
    const live = Object.entries(traffic ?? {}).find(
      ([name, share]) => share > 0 && name.toLowerCase() === this.#name.toLowerCase(),
    );
    if (!live) return;
    this.#touched = false;
    this.#options.onLeftover?.(undefined);
    throw new TaskError(
      "conflict",
      `While this step waited for another operation, the deployment ${this.#name} of ${this.#endpoint} got ${live[1]} % of the traffic, so it is left as it is.`,
      { hint: "Run the step again: it plans anew, beside what is live by then." },
    );
  }

  /** Calls the new deployment by its name, past the traffic. */
  async #call(): Promise<Endpoint> {
    const { log, signal } = this.#workspace;
    const endpoint = await getEndpoint(this.#workspace, this.#endpoint);
    this.#tell({ scoringUri: endpoint.properties.scoringUri ?? undefined });
    const { call } = this.#options;
    if (call && this.#workspace.azure.plan) {
      log.info(`${this.#name} would be called before it gets traffic.`);
      return endpoint;
    }
    if (!call) {
      log.info(`${this.#name} is not called before it gets traffic: no request file is given.`);
      return endpoint;
    }
    const credential = await endpointCredential(this.#workspace, this.#endpoint, endpoint.properties.authMode);
    const givenUp = Date.now() + WAKING;
    const reply = await poll(
      async () => {
        try {
          return {
            done: true,
            value: await invoke(this.#workspace, endpoint, credential, { ...call, deployment: this.#name }),
          };
        } catch (error) {
          if (error instanceof TaskError && isWaking(error) && Date.now() < givenUp) {
            log.debug(`Not yet: ${error.message}`);
            return { done: false };
          }
          throw error;
        }
      },
      { what: `${this.#name} to answer`, signal, deadline: WAKING * 2, maximum: 5_000 },
    );
    if (reply.deployment !== undefined && reply.deployment.toLowerCase() !== this.#name.toLowerCase()) {
      throw new TaskError(
        "failed",
        `${reply.deployment} answered in place of ${this.#name}, so the new deployment is not known to work.`,
      );
    }
    log.info(
      `${this.#name} answered in ${reply.latency} ms at ${this.#plan.trafficBefore[this.#name] ?? 0} % of the traffic.`,
    );
    for (const { detail } of reply.expectations) log.remote(`  ${detail}`);
    this.#tell({ reply });
    return endpoint;
  }

  #moveTraffic(endpoint: Endpoint): Promise<Traffic> {
    return moveTraffic(this.#workspace, endpoint, {
      endpoint: this.#endpoint,
      deployment: this.#name,
      percent: this.#options.trafficPercent,
      left: this.#left,
      onTouch: (before) => {
        this.#trafficTouched = before;
        if (before) this.#leave(before);
      },
    });
  }

  /** After a failure: shows the deployment's logs, puts the traffic back and removes the deployment, if it may. */
  async undo(error: unknown): Promise<void> {
    const { log, signal } = this.#workspace;
    const remove = this.#touched && this.#options.onFailure === "deleteDeployment";
    try {
      if (signal.aborted) {
        // There are seconds left, and an operation that is under way lets nobody in: that is for later.
        this.#tell({ state: "Canceled" });
        if (this.#touched || this.#trafficTouched)
          log.info(`What was begun on ${this.#endpoint} is left to be taken back.`);
        return;
      }
      this.#tell({ state: error instanceof TaskError && error.kind === "timeout" ? "TimedOut" : "Failed" });
      if (this.#touched) await this.#showLogs();
      if (this.#trafficTouched) {
        await restoreTraffic(this.#workspace, this.#endpoint, this.#trafficTouched, RESTORING);
      }
      if (remove) {
        await deleteDeployment(this.#workspace, this.#endpoint, this.#name);
        log.info(`Deleted the deployment ${this.#name}, which failed. The traffic of ${this.#endpoint} is as it was.`);
      } else if (this.#touched) {
        log.info(`Kept the deployment ${this.#name}, without traffic.`);
      }
      this.#options.onLeftover?.(undefined);
    } catch (failure) {
      log.warn(
        `Tidying up after the failure did not work: ${failure instanceof Error ? failure.message : String(failure)}`,
      );
    }
  }

  async #showLogs(): Promise<void> {
    const { log } = this.#workspace;
    const logs = Object.entries(await deploymentLogs(this.#workspace, this.#endpoint, this.#name));
    for (const [container, text] of logs) {
      await log.group(`Log of ${container} of the deployment ${this.#name}`, async () => log.remote(text));
    }
    if (logs.length === 0) log.info(`The deployment ${this.#name} has left no logs.`);
  }

  #leave(traffic: Traffic): void {
    const remove = this.#touched && this.#options.onFailure === "deleteDeployment";
    this.#options.onLeftover?.({ endpoint: this.#endpoint, deployment: this.#name, traffic, remove });
  }

  #tell(news: Partial<RolloutReport>): void {
    this.#report = { ...this.#report, ...news };
    this.#options.onReport?.(this.#report);
  }
}
