// Rollout: creates the new deployment beside the live one, calls it at 0 % of the traffic, and moves the traffic by its strategy
// (blue/green, canary, shadow, in place); otherwise rolls back.
// Tests: test/lib/ml/endpoints/serving.test.ts, test/lib/ml/rollout/canary.test.ts, test/lib/ml/rollout/in-place.test.ts

import { setMaxListeners } from "node:events";
import { NAME_NOT_RESOLVED } from "../../azure/index.ts";
import {
  type AutoscaleDocument,
  type OnlineDeploymentDocument,
  onlineDeploymentKind,
  type Resolver,
  resolveReference,
  rootOf,
  type UploadRoot,
} from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { type Clock, systemClock } from "../../poll.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createResolver } from "../assets/resolve.ts";
import { applyAutoscale } from "../endpoints/autoscale.ts";
import { listDeployments } from "../endpoints/deployments.ts";
import { findEndpoint, neverMade, noSuchEndpoint, sayNeverMade, wasNeverMade } from "../endpoints/endpoints.ts";
import { explainFailure } from "../endpoints/failed-deployment.ts";
import { sayTraffic } from "../endpoints/traffic-shares.ts";
import { requireSignedModel } from "../proof/signed-deployment.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { renamed } from "../workspace/write.ts";
import { moveAtOnce } from "./blue-green.ts";
import { type DeploymentPreflight, preflightOfDeployment } from "./preflight-of-deployment.ts";
import { type Begun, Rollout, type RolloutOptions } from "./rollout.ts";
import { type Judge, longestOf, openJudge, requireTime } from "./rollout-bake.ts";
import { deleteOld } from "./rollout-clear.ts";
import { longestName, requireItsCompute, withRun } from "./rollout-ground.ts";
import { planRollout } from "./rollout-plan.ts";
import type { RolloutReport } from "./rollout-report.ts";
import { hasEnded } from "./rollout-route.ts";
import { StepTaker } from "./rollout-steps.ts";
import { undo } from "./rollout-undo.ts";
import type { DeploymentBody } from "./rollout-wish.ts";
import { BY_CONTENT, slotName } from "./slot-name.ts";
import type { Strategy } from "./strategy.ts";

export type { RolloutReport } from "./rollout-report.ts";

export interface DeployOptions extends RolloutOptions {
  readonly deployment: OnlineDeploymentDocument;
  /** 0 to 100; 0 leaves the traffic alone. */
  readonly trafficPercent: number;
  readonly deleteOldDeployments: boolean;
  /** Autoscale settings, applied once the deployment is ready. */
  readonly autoscale?: AutoscaleDocument | undefined;
  /** Absent: blue/green. */
  readonly strategy?: Strategy | undefined;
  /** Refuses to move traffic to a deployment that is not called first. */
  readonly requireCall?: boolean;
  /** Milliseconds for all of it; absent or 0: no deadline. */
  readonly deadline?: number | undefined;
  readonly root?: UploadRoot | undefined;
  /** `on`: quota, roles and network are looked at before anything is uploaded. */
  readonly preflight?: string | undefined;
  readonly onFindings?: DeploymentPreflight["onFindings"];
  /** The signer that must have signed the model; absent: none is asked for. */
  readonly requireSignature?: string | undefined;
  /** As VerifyModel's: the name on the certificate, and what the model was signed as. */
  readonly signerName?: string | undefined;
  readonly signedAs?: string | undefined;
  /** Told where a judged rollout failed: what it found, and the traffic then. */
  readonly onFailed?: ((report: RolloutReport) => void) | undefined;
}

/** Milliseconds that a failed step waits for what is under way before it leaves it to its post-job stage. */
const UNDOING = { traffic: 180_000, deployment: 60_000, previous: 15 * 60_000 };

/**
 * Rolls a deployment out. Sequential round trips: endpoint, deployments and everything that the file names side by side;
 * what is new of code and environment; the lock, a fresh look, the deployment and the looks at its operation; endpoint and
 * key side by side, the call; the lock, a fresh look, the traffic, the looks at its operation, and one look that it has moved.
 * @throws TaskError that says what went wrong, and what is there now
 */
export async function deploy(
  workspace: Workspace & { readonly clock?: Clock },
  options: DeployOptions,
): Promise<RolloutReport> {
  requireSense(options);
  const { strategy = { kind: "blueGreen" } } = options;
  const judge = "bake" in strategy ? await openJudge(workspace, options.deployment.endpoint_name, strategy) : undefined;
  const clock = workspace.clock ?? systemClock;
  const started = clock.now();
  const left = () => (options.deadline ? Math.max(1, options.deadline - (clock.now() - started)) : undefined);
  const begun = await resolveAndPlan(workspace, options, left, judge?.ready);
  const isOver =
    "bake" in strategy && strategy.advance === "next" && hasEnded(begun.plan, strategy.kind, workspace.provenance);
  const rollout = new Rollout(workspace, options, begun);
  rollout.tell({ strategy: strategy.kind });
  if (isOver) return sayOver(workspace, rollout, begun);
  try {
    return await apply(workspace, rollout, options, judge?.judge);
  } catch (error) {
    const failure = await afterFailure(workspace, options, rollout, error);
    if (rollout.report.verdict !== undefined) options.onFailed?.(rollout.report);
    throw failure;
  }
}

/** The report of a rerun after a shadow of its run has ended: nothing is left to do. */
function sayOver({ log }: Workspace, rollout: Rollout, { endpoint }: Begun): RolloutReport {
  log.info(`The shadow rollout of ${rollout.name} that this run began has ended well, so nothing is copied again.`);
  rollout.tell({ state: "Succeeded", scoringUri: endpoint?.properties.scoringUri ?? undefined, done: true });
  return rollout.report;
}

async function apply(workspace: Workspace, rollout: Rollout, options: DeployOptions, judge: Judge | undefined) {
  const { strategy = { kind: "blueGreen" }, trafficPercent } = options;
  await rollout.place();
  if (options.autoscale) {
    const { endpoint, deployment } = rollout.report;
    rollout.tell({ autoscale: await applyAutoscale(workspace, endpoint, deployment, options.autoscale) });
  }
  if ("bake" in strategy && judge) {
    const taken = await new StepTaker(workspace, rollout, strategy, judge).take();
    rollout.tell(taken);
    if (!taken.done) return rollout.report;
  } else {
    await rollout.call();
    // A deployment that was there keeps its share in place; a new one gets one.
    const keepsShare = strategy.kind === "inPlace" && rollout.plan.deployment.action !== "create";
    await moveAtOnce(workspace, rollout, keepsShare ? 0 : trafficPercent);
    rollout.tell({ done: true });
  }
  await deleteOld(workspace, rollout.report.endpoint, rollout.plan.remove, rollout.lock, rollout.left);
  return rollout.report;
}

/** @throws TaskError kind `input` before anything is asked or changed */
function requireSense({ trafficPercent, requireCall, call, strategy, deadline, deployment }: DeployOptions): void {
  if (!Number.isInteger(trafficPercent) || trafficPercent < 0 || trafficPercent > 100) {
    throw new TaskError("input", `Input trafficPercent is ${trafficPercent}; it must be 0 to 100.`, {
      errorCode: "AML1313",
    });
  }
  // A canary gives its shares, whatever blue/green would.
  const isCanary = strategy?.kind === "canary";
  if (requireCall && call === undefined && (isCanary || trafficPercent > 0)) {
    throw new TaskError(
      "input",
      "Input requireCall is true, and nothing is there to call the new deployment with before it gets traffic.",
      {
        errorCode: "AML1313",
        hint: `Give a request with the input requestFile${isCanary ? "" : ", or set trafficPercent to 0"}.`,
      },
    );
  }
  if (strategy && "bake" in strategy) requireTime(strategy, deadline);
  if (strategy?.kind === "inPlace" && deployment.name === BY_CONTENT) {
    throw new TaskError(
      "input",
      `The strategy inPlace changes the deployment that is named, and deploymentName is ${BY_CONTENT}, which names another one for each content.`,
      { errorCode: "AML1313", hint: "Name the deployment that is to be changed, or choose another strategy." },
    );
  }
}

async function resolveAndPlan(
  workspace: Workspace,
  options: DeployOptions,
  left: Begun["left"],
  judgeable: Promise<void> | undefined,
): Promise<Begun> {
  const { deployment: document } = options;
  const name = document.endpoint_name;
  const there = Promise.all([findEndpoint(workspace, name), listDeployments(workspace, name)]);
  const checks = Promise.all([
    there.then(async ([endpoint]) => {
      if (options.endpoint || (endpoint && !wasNeverMade(endpoint))) return;
      if (endpoint) throw neverMade(name, endpoint);
      throw await noSuchEndpoint(workspace, name, "Name an endpoint YAML with the input endpointFile to have it made.");
    }),
    requireNamed(workspace, document),
    judgeable,
  ]);
  // Beside the preflight, and before anything is made; a name that is not there is said first.
  const signed = requireSignature(workspace, options).catch(async (error: unknown) => {
    await checks;
    throw error;
  });
  const preflight =
    options.preflight === "on"
      ? preflightOfDeployment(
          workspace,
          { ...options, document },
          Promise.all([there, checks]).then(([seen]) => seen),
        )
      : undefined;
  const mayCreate = Promise.all([preflight ?? checks, signed]);
  mayCreate.catch(() => {});
  const resolver = createResolver(workspace, {
    mayCreate,
    ...(options.root === undefined ? {} : { root: options.root }),
  });
  const translation = translate(document, resolver);
  translation.catch(() => {});
  const [[endpoint, deployments], judgePlan] = await Promise.all([there, preflight, checks, signed]);
  const { name: deployment, write } = await translation;
  const body = write.body as DeploymentBody;
  requireItsCompute(name, endpoint, options.endpoint, body);
  const wish = {
    name: deployment,
    longestName: longestName(name, body),
    body: { ...body, tags: withRun(workspace, body["tags"]) },
    autoscale: options.autoscale !== undefined,
    trafficPercent: options.trafficPercent,
    deleteOldDeployments: options.deleteOldDeployments,
    strategy: options.strategy,
  };
  const plan = planRollout(endpoint, deployments, wish);
  judgePlan?.(plan.deployment);
  // A share that the deployment has from elsewhere is judged first, and takes time, too.
  if (options.strategy?.kind === "canary" && plan.progress === undefined) {
    requireTime(options.strategy, options.deadline, plan.moves.length);
  }
  const longest = options.strategy && "bake" in options.strategy ? longestOf(options.strategy) : undefined;
  return { endpointName: name, write, wish, endpoint, plan, left, longest };
}

/** A label means the same version here and in the deployment: it is resolved once in a run. A model that the file describes has no version yet. */
async function requireSignature(workspace: Workspace, options: DeployOptions) {
  const { requireSignature: given, signerName: name, signedAs, deployment, root } = options;
  if (!given) return;
  // Each request on its way listens to it, and these come beside those of the preflight.
  setMaxListeners(100, workspace.signal);
  const { model } = deployment;
  const id =
    model?.kind === "registered"
      ? await resolveReference(model.reference, "models", createResolver(workspace))
      : undefined;
  await requireSignedModel(workspace, id, { given, name, folder: rootOf(root ?? ".") }, signedAs);
}

/** The write of the deployment, and its name, which its content makes where it is to. */
async function translate(document: OnlineDeploymentDocument, resolver: Resolver) {
  const { name, endpoint_name: endpoint, data_collector: collector, ...rest } = document;
  if (name !== BY_CONTENT) return { name, write: await onlineDeploymentKind.translate(document, resolver) };
  // What a deployment collects is registered under its name, so that comes once the name is known.
  const draft = await onlineDeploymentKind.translate({ ...rest, name, endpoint_name: endpoint }, resolver);
  const slot = slotName(endpoint, draft.body as DeploymentBody, collector);
  if (collector === undefined) return { name: slot, write: renamed(draft, slot) };
  return { name: slot, write: await onlineDeploymentKind.translate({ ...document, name: slot }, resolver) };
}

/** Prints the deployment's logs, rolls back what this rollout made, and adds the current state to the error. */
async function afterFailure(workspace: Workspace, options: DeployOptions, rollout: Rollout, error: unknown) {
  const { log, signal } = workspace;
  const { leftover } = rollout;
  const { endpoint } = rollout.report;
  if (signal.aborted) {
    // Only seconds are left, and Azure refuses other writes during an operation: the post-job stage rolls back.
    rollout.tell({ state: "Canceled" });
    if (leftover) log.info(`The post-job stage rolls back what this step began on ${endpoint}.`);
    return error;
  }
  const isTaskError = error instanceof TaskError;
  rollout.tell({ state: isTaskError && error.kind === "timeout" ? "TimedOut" : "Failed" });
  try {
    const { deployment } = rollout.report;
    const failure =
      rollout.wrote || rollout.makesEndpoint || rollout.report.verdict === "fail"
        ? await explainFailure(workspace, endpoint, deployment, error, {
            isRefused: rollout.refused || (rollout.makesEndpoint && !rollout.wrote),
          })
        : undefined;
    const now: string[] = [];
    // Where a reply was not as expected, the error has that difference and needs no line of the log.
    if (failure && !rollout.answered) {
      now.push(...failure.sentences);
      rollout.tell({ failure: failure.section });
    }
    // A deployment is sent only once the endpoint has been made, so no request has to find that out before the undo.
    if (rollout.madeEndpoint) now.push(rollout.wrote ? sayMade(endpoint) : await sayMadeOrNot(workspace, endpoint));
    const { replaced } = rollout;
    if (replaced !== undefined)
      now.push(
        `${replaced.name}, which never came up, was deleted by this step, and ${replaced.isMade ? "made anew" : "is not made anew yet"}.`,
      );
    if (isTaskError && error.code === NAME_NOT_RESOLVED && leftover && !leftover.changes && !leftover.previous) {
      // No call was made, so that nothing is known against a deployment that took long to come up.
      options.onLeft?.();
      now.push(
        `The deployment ${deployment} is ready and stays, without traffic of this step's: it could not be called, because the name of ${endpoint} has no address where this agent asks. Run the step again when it has; it takes up this deployment.`,
      );
    } else if (leftover) {
      const undone = await undo(workspace, leftover, rollout.lock, UNDOING);
      if (undone.deleted) log.info(`Deleted the deployment ${deployment}, which failed.`);
      now.push(...(undone.deleted ? [`The deployment ${deployment} was deleted.`] : []), ...undone.sentences);
      if (undone.traffic) rollout.tell({ traffic: undone.traffic });
      rollout.tell({ share: undefined, nextShare: undefined });
      if (undone.settled) options.onLeft?.();
      else now.push("The post-job stage tries the rest once more.");
    } else {
      const traffic = (await findEndpoint(workspace, endpoint))?.properties.traffic;
      if (traffic) now.push(`The traffic of ${endpoint} is ${sayTraffic(traffic)}.`);
    }
    return isTaskError ? saying(error, now, failure?.hint) : error;
  } catch (failure) {
    if (signal.aborted) return error;
    log.warn(`What is there now could not be read: ${failure instanceof Error ? failure.message : String(failure)}`);
    return error;
  }
}

const sayMade = (name: string) => `The endpoint ${name} was made by this step, and stays.`;

/** The sentence about the endpoint that this step began to make. One round trip. */
async function sayMadeOrNot(workspace: Workspace, name: string): Promise<string> {
  const endpoint = await findEndpoint(workspace, name);
  if (endpoint === undefined || !wasNeverMade(endpoint)) return sayMade(name);
  return `${sayNeverMade(name, endpoint)} Run the step again once the reason is gone, and it makes it again; where Azure refuses that, delete the endpoint first: az ml online-endpoint delete --name ${name} --resource-group ${workspace.resourceGroup} --workspace-name ${workspace.name} --yes`;
}

/** The same error, which also says what is there now. */
function saying(error: TaskError, now: readonly string[], remedy: string | undefined): TaskError {
  const hint = remedy ?? error.hint;
  const { kind, message, requestId, status, code, where } = error;
  const separator = message.includes("\n") ? "\n" : " ";
  return new TaskError(kind, [message, ...now].join(separator), {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...(where === undefined ? {} : { where }),
  });
}
