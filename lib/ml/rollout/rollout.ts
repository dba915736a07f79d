// One rollout in progress: it records what it has written, so that a rollback undoes exactly that.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts, test/lib/ml/rollout/rollout-intruders.test.ts
import type { OnlineEndpointDocument, Write } from "../../documents/index.ts";
import { listDeployments, putDeployment } from "../endpoints/deployments.ts";
import { EndpointLock, type Held } from "../endpoints/endpoint-lock.ts";
import { type TagChanges, withKnownGood } from "../endpoints/endpoint-tags.ts";
import { type Endpoint, findEndpoint, getEndpoint, type Traffic } from "../endpoints/endpoints.ts";
import type { Call, InvocationSection } from "../endpoints/invoke.ts";
import { moveTraffic } from "../endpoints/traffic.ts";
import { type Changes, sameTraffic, sayTraffic, shareOf, trafficWith } from "../endpoints/traffic-shares.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import { retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { renamed } from "../workspace/write.ts";
import { callBeforeTraffic } from "./rollout-call.ts";
import { RolloutClaim } from "./rollout-claim.ts";
import { deleteOld } from "./rollout-clear.ts";
import { createEndpoint, requireAgreement, requireIdle, requireReady, untilSettled } from "./rollout-ground.ts";
import { planLines, planRollout, type RolloutPlan } from "./rollout-plan.ts";
import { type DeploymentSection, deploymentSection, type RolloutReport } from "./rollout-report.ts";
import type { Leftover } from "./rollout-undo.ts";
import type { RolloutWish } from "./rollout-wish.ts";

export interface RolloutOptions extends Callbacks<DeploymentSection> {
  /** From which the endpoint is made where it is missing. */
  readonly endpoint: OnlineEndpointDocument | undefined;
  /** Sent to the new deployment before it gets traffic. */
  readonly call?: Omit<Call, "deployment" | "onProgress"> | undefined;
  readonly onFailure: "deleteDeployment" | "keepDeployment";
}

/** The desired state, and the state that was read before. */
export interface Begun {
  readonly endpointName: string;
  /** The deployment's write as its YAML was translated: where it goes, and at which version. */
  readonly write: Write;
  readonly wish: RolloutWish;
  readonly endpoint: Endpoint | undefined;
  readonly plan: RolloutPlan;
  /** Milliseconds that are left; undefined: no deadline. */
  readonly left: () => number | undefined;
}

export class Rollout {
  readonly lock: EndpointLock;
  readonly #workspace: Workspace;
  readonly #options: RolloutOptions;
  readonly #begun: Begun;
  readonly #endpoint: string;
  readonly #claim: RolloutClaim;
  #plan: RolloutPlan;
  #madeEndpoint = false;
  #wrote = false;
  #changes: Changes | undefined;
  #tags: TagChanges | undefined;
  #answered = false;
  #done = false;
  #report: RolloutReport;

  constructor(workspace: Workspace, options: RolloutOptions, begun: Begun) {
    this.#workspace = workspace;
    this.#options = options;
    this.#begun = begun;
    this.#plan = begun.plan;
    this.#endpoint = begun.endpointName;
    this.lock = new EndpointLock(workspace, this.#endpoint);
    this.#claim = new RolloutClaim(workspace.provenance);
    this.#report = {
      endpoint: this.#endpoint,
      ...this.#named(),
      model: begun.wish.body.properties["model"] as string | undefined,
      scoringUri: undefined,
      state: "planned",
      trafficBefore: begun.plan.trafficBefore,
      traffic: begun.plan.trafficBefore,
    };
  }

  get #name(): string {
    return this.#plan.deployment.name;
  }

  /** The pending rollback; undefined: nothing. */
  get leftover(): Leftover | undefined {
    if (this.#done || !(this.#wrote || this.#claim.isNoted || this.#changes)) return undefined;
    return {
      endpoint: this.#endpoint,
      deployment: this.#name,
      by: this.#claim.by,
      noted: this.#claim.isNoted,
      created: this.#claim.created,
      remove: this.#options.onFailure === "deleteDeployment",
      ...(this.#changes ? { changes: this.#changes } : {}),
      ...(this.#tags ? { tags: this.#tags } : {}),
    };
  }

  /** Whether the deployment was sent, and its logs may say why something failed. */
  get wrote(): boolean {
    return this.#wrote;
  }
  /** Whether the deployment has answered a call, as expected or not. */
  get answered(): boolean {
    return this.#answered;
  }
  get madeEndpoint(): boolean {
    return this.#madeEndpoint;
  }
  get report(): RolloutReport {
    return this.#report;
  }

  async apply(): Promise<RolloutReport> {
    this.#sayPlan();
    await this.#place();
    this.tell({ state: "Succeeded" });
    const endpoint = await this.#call();
    await this.#moveTraffic();
    // From here on the new deployment is live: a failure after this rolls nothing back.
    this.#done = true;
    this.#options.onLeft?.();
    this.tell({ scoringUri: endpoint.properties.scoringUri ?? undefined });
    await deleteOld(this.#workspace, this.#endpoint, this.#plan.remove, this.lock, this.#begun.left);
    return this.#report;
  }

  /** Brings the deployment to where it is wanted, ready. What is chosen and written is chosen under the lock, from a fresh look. */
  async #place(): Promise<void> {
    const { log } = this.#workspace;
    const { left } = this.#begun;
    for (;;) {
      if (this.#plan.deployment.action === "keep" && (await this.#isNobodyElses())) return;
      const name = this.#name;
      const finish = await retryOnConflict(this.#workspace, `the deployment ${name}`, left(), () =>
        this.lock.hold(left(), (held) => this.#begin(held)),
      );
      if (this.#plan.deployment.action === "wait" && !this.#workspace.azure.dryRun) {
        await untilSettled(this.#workspace, this.#endpoint, this.#name, left());
      } else return finish === undefined ? undefined : log.group(`Deployment ${this.#name}`, finish);
    }
  }

  /** Whether a deployment that is kept is finished, as far as one can know: what another run is still at is taken over first. */
  async #isNobodyElses(): Promise<boolean> {
    if (this.#workspace.azure.dryRun) return true;
    const entry = (await this.lock.rollouts())?.[this.#name.toLowerCase()];
    return entry === undefined;
  }

  /** @returns what waits for the deployment; undefined where there is nothing to wait for */
  async #begin(held: Held): Promise<(() => Promise<void>) | undefined> {
    const { left } = this.#begun;
    const planned = this.#plan.deployment;
    const { endpoint, plan, entry } = await this.#lookAgain(held);
    if (planned.action === "update") requireIdle(this.#endpoint, planned.name, plan.trafficBefore);
    this.#plan = plan;
    if (plan.deployment.name !== planned.name || plan.deployment.action === "wait") this.#sayPlan();
    this.tell(this.#named());
    if (plan.deployment.action === "wait") return undefined;
    if (endpoint === undefined) {
      await createEndpoint(this.#workspace, this.#options.endpoint, held, left(), () => {
        this.#madeEndpoint = true;
      });
    }
    this.#claim.take(entry, plan.deployment.action === "create");
    const writes = plan.deployment.action !== "keep";
    await Promise.all([this.#note(held), writes ? held.requireHeld() : undefined]);
    if (!writes) {
      this.#leave();
      return undefined;
    }
    const write = { ...renamed(this.#begun.write, this.#name), body: this.#claim.marked(plan.deployment.body) };
    this.#wrote = true;
    this.#leave();
    const { log } = this.#workspace;
    return putDeployment(this.#workspace, this.#endpoint, this.#name, write, {
      onState: (state) => log.info(`Deployment ${this.#name}: ${state}.`),
      deadline: left,
    });
  }

  async #lookAgain(held: Held) {
    const [endpoint, deployments] = await Promise.all([
      findEndpoint(this.#workspace, this.#endpoint),
      listDeployments(this.#workspace, this.#endpoint),
    ]);
    if (endpoint === undefined) {
      requireAgreement(this.#endpoint, deployments.length, this.#begun.endpoint !== undefined);
    }
    const plan = planRollout(endpoint, deployments, { ...this.#begun.wish, ...this.#claim.sorted(held.rollouts) });
    return { endpoint, plan, entry: held.rollouts?.[plan.deployment.name.toLowerCase()] };
  }

  #note(held: Held): Promise<void> {
    return this.#claim.note(held, this.#name, this.#begun.left());
  }

  /** Calls the new deployment by its name, past the traffic. */
  async #call(): Promise<Endpoint> {
    // An operation may say that it has succeeded of a deployment that has not.
    const [endpoint] = await Promise.all([
      getEndpoint(this.#workspace, this.#endpoint),
      this.#wrote ? requireReady(this.#workspace, this.#endpoint, this.#name) : undefined,
    ]);
    this.tell({ scoringUri: endpoint.properties.scoringUri ?? undefined });
    const { call } = this.#options;
    if (call) {
      const onProgress = ({ statusCode }: InvocationSection) => {
        this.#answered = statusCode < 300;
      };
      const reply = await callBeforeTraffic(this.#workspace, endpoint, this.#name, { ...call, onProgress });
      if (reply) this.tell({ reply });
      return endpoint;
    }
    const { log, azure } = this.#workspace;
    const sentence = `Nobody has called the deployment ${this.#name}, so it is not known whether it works`;
    if (this.#stands(endpoint.properties.traffic ?? {}) || azure.dryRun)
      log.info(`${sentence}: no request file is given.`);
    else log.warn(`${sentence}, and it gets traffic all the same. Give a request with the input requestFile.`);
    return endpoint;
  }

  /** Whether the traffic is as it is wanted. */
  #stands(now: Traffic): boolean {
    return sameTraffic(now, trafficWith(now, this.#name, this.#begun.wish.trafficPercent));
  }

  async #moveTraffic(): Promise<void> {
    const { log } = this.#workspace;
    const { wish, left } = this.#begun;
    // What is noted in the lock is finished under it; otherwise nothing is locked where nothing is to be written.
    const now = this.#claim.isNoted
      ? undefined
      : ((await getEndpoint(this.#workspace, this.#endpoint)).properties.traffic ?? {});
    if (now && this.#stands(now)) {
      log.info(`The traffic of ${this.#endpoint} stays as it is: ${sayTraffic(now)}.`);
      return this.tell({ traffic: now });
    }
    const { before, after } = await moveTraffic(this.#workspace, {
      endpoint: this.#endpoint,
      deployment: this.#name,
      percent: wish.trafficPercent,
      lock: this.lock,
      left,
      retag: (tags, was, wanted) => (shareOf(wanted, this.#name) === 100 ? withKnownGood(tags, this.#name, was) : tags),
      onWrite: async (changes, held, tags) => {
        await Promise.all([requireReady(this.#workspace, this.#endpoint, this.#name), this.#note(held)]);
        this.#changes = changes;
        this.#tags = tags;
        this.#leave();
      },
      onMoved: async (held) => {
        this.#done = true;
        this.#options.onLeft?.();
        // An entry that stays ends by itself; the rollout is done.
        if (this.#claim.isNoted) {
          await held.note(this.#name, undefined).catch((error: Error) => log.debug(`The lock: ${error.message}`));
        }
      },
    });
    log.info(
      before === after
        ? `The traffic of ${this.#endpoint} stays as it is: ${sayTraffic(after)}.`
        : `The traffic of ${this.#endpoint} is ${sayTraffic(after)}; it was ${sayTraffic(before)}.`,
    );
    this.tell({ traffic: after });
  }

  #named() {
    const { name, reason } = this.#plan.deployment;
    return { deployment: name, reason };
  }

  #sayPlan(): void {
    for (const line of planLines(this.#endpoint, this.#plan)) this.#workspace.log.info(line);
  }

  #leave(): void {
    const { leftover } = this;
    this.#options.onLeft?.(leftover && JSON.stringify(leftover));
  }

  tell(news: Partial<RolloutReport>): void {
    this.#report = { ...this.#report, ...news };
    this.#options.onProgress?.(deploymentSection(this.#report));
  }
}
