// One rollout in progress: it records what it has written, so that a rollback undoes exactly that.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts, test/lib/ml/rollout/rollout-intruders.test.ts
import type { OnlineEndpointDocument, Write } from "../../documents/index.ts";
import { AUTOSCALE_TAG, autoscaleName } from "../endpoints/autoscale.ts";
import { deleteDeployment, isUnrecoverable, listDeployments, putDeployment } from "../endpoints/deployments.ts";
import { EndpointLock, type Held } from "../endpoints/endpoint-lock.ts";
import { type Endpoint, findEndpoint, getEndpoint, neverMade, wasNeverMade } from "../endpoints/endpoints.ts";
import type { Call, InvocationSection } from "../endpoints/invoke.ts";
import { type Moved, moveTraffic, type Routing } from "../endpoints/traffic.ts";
import { sameName, sameTraffic } from "../endpoints/traffic-shares.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import { retryOnConflict } from "../workspace/retry-on-conflict.ts";
import { endpointPage } from "../workspace/studio-pages.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { renamed } from "../workspace/write.ts";
import { forgetPrevious, type KeepSpecification, keepPrevious } from "./in-place.ts";
import { callBeforeTraffic, sayUncalled } from "./rollout-call.ts";
import { RolloutClaim, stillJudged } from "./rollout-claim.ts";
import { createEndpoint, requireAgreement, requireIdle, requireReady, untilSettled } from "./rollout-ground.ts";
import { type WrittenChanges, writtenTogether } from "./rollout-own.ts";
import { planLines, planRollout, type RolloutPlan } from "./rollout-plan.ts";
import { type DeploymentSection, deploymentSection, type RolloutReport } from "./rollout-report.ts";
import type { Leftover } from "./rollout-undo.ts";
import type { DeploymentBody, RolloutWish } from "./rollout-wish.ts";

export interface RolloutOptions extends Callbacks<DeploymentSection> {
  /** From which the endpoint is made where it is missing. */
  readonly endpoint: OnlineEndpointDocument | undefined;
  /** Sent to the new deployment before it gets traffic. */
  readonly call?: Omit<Call, "deployment" | "onProgress"> | undefined;
  readonly onFailure: "deleteDeployment" | "keepDeployment";
  /** Keeps the previous specification of a deployment that is changed in place. */
  readonly keep?: KeepSpecification | undefined;
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
  /** Milliseconds that it may take without a deadline: its entry in the lock lives as long. */
  readonly longest?: number | undefined;
}

export class Rollout {
  readonly lock: EndpointLock;
  readonly #workspace: Workspace;
  readonly #options: RolloutOptions;
  readonly #begun: Begun;
  readonly #endpoint: string;
  readonly #claim: RolloutClaim;
  #plan: RolloutPlan;
  #makesEndpoint = false;
  #madeEndpoint = false;
  #wrote = false;
  #accepted = false;
  /** A deployment that never came up, and was deleted to be made anew; and whether nothing was made in its place yet. */
  #replaced: string | undefined;
  #isCleared = false;
  #written: WrittenChanges | undefined;
  #previous: string | undefined;
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
      studioUrl: endpointPage(workspace, this.#endpoint),
      state: "planned",
      trafficBefore: begun.plan.trafficBefore,
      traffic: begun.plan.trafficBefore,
    };
  }

  get name(): string {
    return this.#plan.deployment.name;
  }
  get plan(): RolloutPlan {
    return this.#plan;
  }
  get left(): () => number | undefined {
    return this.#begun.left;
  }
  get claim(): Pick<RolloutClaim, "by" | "created" | "isNoted"> {
    return this.#claim;
  }

  /** The pending rollback; undefined: nothing. */
  get leftover(): Leftover | undefined {
    if (this.#done || !(this.#wrote || this.#claim.isNoted || this.#written)) return undefined;
    return {
      endpoint: this.#endpoint,
      deployment: this.name,
      by: this.#claim.by,
      noted: this.#claim.isNoted,
      created: this.#claim.created,
      remove: this.#options.onFailure === "deleteDeployment",
      ...this.#written,
      ...(this.#previous === undefined ? {} : { previous: this.#previous }),
    };
  }

  /** Whether the deployment was sent, and its logs may say why something failed. */
  get wrote(): boolean {
    return this.#wrote;
  }
  /** Whether Azure refused the deployment at once: what a container of that name has logged is not of this one. */
  get refused(): boolean {
    return this.#wrote && !this.#accepted;
  }
  /** Whether the deployment has answered a call, as expected or not. */
  get answered(): boolean {
    return this.#answered;
  }
  /** Whether the endpoint was to be made: what fails before the deployment is written failed of that. */
  get makesEndpoint(): boolean {
    return this.#makesEndpoint;
  }
  get madeEndpoint(): boolean {
    return this.#madeEndpoint;
  }
  /** A deployment that never came up, and that this step has deleted; `isMade` once Azure has accepted another in its place. */
  get replaced(): { readonly name: string; readonly isMade: boolean } | undefined {
    return this.#replaced === undefined ? undefined : { name: this.#replaced, isMade: this.#accepted };
  }
  get report(): RolloutReport {
    return this.#report;
  }

  /** Brings the deployment to where it is wanted, ready. What is chosen and written is chosen under the lock, from a fresh look. */
  async place(): Promise<void> {
    const { log } = this.#workspace;
    const { left } = this.#begun;
    this.#sayPlan();
    for (;;) {
      if (this.#plan.deployment.action === "keep" && (await this.#isNobodyElses())) break;
      const name = this.name;
      const finish = await retryOnConflict(this.#workspace, `the deployment ${name}`, left(), () =>
        this.lock.hold(left(), (held) => this.#begin(held)),
      );
      if (this.#plan.deployment.action === "wait" && !this.#workspace.azure.dryRun) {
        await untilSettled(this.#workspace, this.#endpoint, this.name, left());
        continue;
      }
      if (finish !== undefined) await log.group(`Deployment ${this.name}`, finish);
      if (!this.#isCleared) break;
      this.#isCleared = false;
    }
    this.tell({ state: "Succeeded" });
  }

  /** Whether a deployment that is kept is finished, as far as one can know: what another run is still at is taken over first. */
  async #isNobodyElses(): Promise<boolean> {
    if (this.#workspace.azure.dryRun) return true;
    const rollouts = await this.lock.rollouts();
    const replaces = this.#plan.replaces?.deployment;
    const other = replaces === undefined ? undefined : rollouts?.[replaces.toLowerCase()];
    if (replaces !== undefined && other) throw stillJudged(this.#endpoint, replaces, other);
    const entry = rollouts?.[this.name.toLowerCase()];
    const isStepped = /^(canary|shadow)$/.test(this.#begun.wish.strategy?.kind ?? "");
    const isJudged = isStepped && this.#plan.progress !== undefined;
    if (entry && isJudged && !this.#claim.isOwn(entry)) throw stillJudged(this.#endpoint, this.name, entry);
    return entry === undefined;
  }

  /** @returns what waits for the deployment; undefined where there is nothing to wait for */
  async #begin(held: Held): Promise<(() => Promise<void>) | undefined> {
    const { left } = this.#begun;
    const planned = this.#plan.deployment;
    const { endpoint, plan, entry } = await this.#lookAgain(held);
    if (planned.action === "update") requireIdle(this.#endpoint, planned.name, plan.trafficBefore);
    this.#plan = plan;
    const isOther = plan.deployment.name !== planned.name || this.#replaced !== undefined;
    if (isOther || plan.deployment.action === "wait") this.#sayPlan();
    this.tell(this.#named());
    if (plan.deployment.action === "wait") return undefined;
    if (endpoint === undefined || wasNeverMade(endpoint)) {
      if (endpoint && this.#options.endpoint === undefined) throw neverMade(this.#endpoint, endpoint);
      this.#makesEndpoint = true;
      await createEndpoint(this.#workspace, this.#options.endpoint, held, left(), () => {
        this.#madeEndpoint = true;
      });
    }
    // One that is made anew in the place of another was there before this step.
    const isNew = plan.deployment.action === "create" && !sameName(this.#replaced, plan.deployment.name);
    this.#claim.take(entry, isNew);
    const { action, body, previous } = plan.deployment;
    if (action === "change" && previous) {
      // An earlier try that Azure refused has kept one, too.
      forgetPrevious(this.#previous);
      this.#previous = keepPrevious(this.#workspace, previous, this.#options.keep);
    }
    await Promise.all([this.#note(held), action === "keep" ? undefined : held.requireHeld()]);
    if (action === "keep") {
      this.#leave();
      return undefined;
    }
    const write = { ...renamed(this.#begun.write, this.name), body: this.#claim.marked(this.#tagged(body)) };
    this.#wrote = true;
    this.#leave();
    const { log } = this.#workspace;
    try {
      const finish = await putDeployment(this.#workspace, this.#endpoint, this.name, write, {
        onState: (state) => log.info(`Deployment ${this.name}: ${state}.`),
        deadline: left,
      });
      this.#accepted = true;
      return finish;
    } catch (error) {
      if (!isUnrecoverable(error) || this.#replaced !== undefined) throw error;
      return this.#clear(held);
    }
  }

  /** Deletes a deployment that never came up: Azure takes no other specification of it. The service refuses it for one that gets traffic. */
  async #clear(held: Held): Promise<() => Promise<void>> {
    const { name } = this;
    this.#workspace.log.info(
      `${name} never came up, so Azure does not change it: it is deleted first, and then made anew.`,
    );
    await held.requireHeld();
    const ended = await deleteDeployment(this.#workspace, this.#endpoint, name);
    this.#replaced = name;
    this.#isCleared = true;
    return () => ended(this.#begun.left());
  }

  /** The body with the name of its autoscale settings, where it gets some. */
  #tagged(body: DeploymentBody): DeploymentBody {
    if (this.#begun.wish.autoscale !== true) return body;
    const tags = { ...(body["tags"] as object), [AUTOSCALE_TAG]: autoscaleName(this.#endpoint, this.name) };
    return { ...body, tags };
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
    return this.#claim.note(held, this.name, this.#begun.left() ?? this.#begun.longest);
  }

  /** Calls the new deployment by its name, past the traffic. @returns the endpoint as it is now */
  async call(): Promise<Endpoint> {
    // An operation may say that it has succeeded of a deployment that has not.
    const [endpoint] = await Promise.all([
      getEndpoint(this.#workspace, this.#endpoint),
      this.#wrote ? this.#ready() : undefined,
    ]);
    this.tell({ scoringUri: endpoint.properties.scoringUri ?? undefined });
    const { call } = this.#options;
    if (call === undefined) {
      sayUncalled(this.#workspace, this.name, this.#plan, endpoint);
      return endpoint;
    }
    const onProgress = ({ statusCode }: InvocationSection) => {
      this.#answered = statusCode < 300;
    };
    const asked = { ...call, onProgress };
    const reply = await callBeforeTraffic(this.#workspace, endpoint, this.name, asked, this.#begun.left);
    if (reply) this.tell({ reply });
    return endpoint;
  }

  #ready(): Promise<void> {
    return retryOnConflict(this.#workspace, `the deployment ${this.name}`, this.#begun.left(), () =>
      requireReady(this.#workspace, this.#endpoint, this.name),
    );
  }

  /**
   * Writes the endpoint's traffic once, made of what is there at that moment. From the last write on, the rollout has succeeded, and a
   * failure rolls nothing back; what earlier writes changed is taken back with the later ones.
   */
  async move(route: (now: Routing, endpoint: Endpoint) => Routing, isLast: boolean): Promise<Moved> {
    const { log } = this.#workspace;
    const before = this.#written;
    const moved = await moveTraffic(this.#workspace, {
      endpoint: this.#endpoint,
      deployment: this.name,
      percent: 0,
      route,
      lock: this.lock,
      left: this.#begun.left,
      onWrite: async (changes, held, tags, mirror) => {
        // A write once the step's part is done takes nothing back, and holds nobody up.
        const noted = this.#done ? undefined : this.#note(held);
        await Promise.all([requireReady(this.#workspace, this.#endpoint, this.name), noted]);
        const written = { changes, tags, ...(mirror ? { mirror } : {}) };
        this.#written = before ? writtenTogether(before, written) : written;
        this.#leave();
      },
      onMoved: async (held) => {
        if (!isLast) return;
        this.end();
        // An entry that stays ends by itself; the rollout is done.
        if (this.#claim.isNoted) {
          await held.note(this.name, undefined).catch((error: Error) => log.debug(`The lock: ${error.message}`));
        }
      },
    });
    this.tell({ traffic: moved.after });
    return moved;
  }

  /** From here on a failure rolls nothing back. */
  end(): void {
    this.#done = true;
    this.#options.onLeft?.();
    forgetPrevious(this.#previous);
  }

  /** Takes over what an earlier step of the same rollout has done: the failure of this one takes all of it back. */
  adopt(by: string, created: boolean, written: WrittenChanges): void {
    this.#claim.adopt(by, created);
    this.#written = written;
    this.#leave();
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
    const { trafficBefore, traffic } = this.#report;
    const isSame = !this.#wrote && sameTraffic(trafficBefore, traffic);
    this.#options.onProgress?.({ ...deploymentSection(this.#report), ...(isSame ? { changed: false } : {}) });
  }
}
