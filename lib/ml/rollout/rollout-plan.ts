// Plans a rollout of any strategy: from what is wanted and what is there to a list of steps. Pure.
// Tests: test/lib/ml/rollout/rollout-plan.test.ts, test/lib/ml/rollout/strategies.test.ts

import { TaskError } from "../../errors.ts";
import type { Deployment } from "../endpoints/deployments.ts";
import { type Endpoint, type Traffic, wasNeverMade } from "../endpoints/endpoints.ts";
import {
  sameName,
  sameTraffic,
  sayTraffic,
  shareOf,
  trafficWith,
  unmirrored,
  withoutZeros,
} from "../endpoints/traffic-shares.ts";
import { merged } from "../workspace/merge.ts";
import {
  type Action,
  isBroken,
  isReady,
  leavesCount,
  type Place,
  placeFor,
  placeInPlace,
  withCount,
} from "./rollout-place.ts";
import { type LastRun, lastRunOf, nextTraffic, type Progress, runsOf, standingProgress } from "./rollout-progress.ts";
import type { DeploymentBody, PlannedStrategy, RolloutWish } from "./rollout-wish.ts";

export interface RolloutPlan {
  readonly endpoint: "create" | "keep";
  readonly deployment: {
    readonly name: string;
    readonly action: Action;
    /** The whole body of the PUT; what is there and not managed here is in it. */
    readonly body: DeploymentBody;
    /** The body as it was, of a deployment that is changed in place and was good: it is put back on failure. */
    readonly previous?: DeploymentBody;
    /**
     * Set for a failed deployment without traffic: what the plan becomes if it never came up. It is then deleted and made anew, and gets its
     * share like a deployment that is not there. Only the service's refusal of the write shows it (docs/facts/operations.md#A.8).
     */
    readonly anew?: Pick<RolloutPlan, "trafficAfter" | "remove">;
    /** Why it has another name than the wanted one, as a clause: "the name blue is taken: it gets 100 % of the traffic". */
    readonly reason?: string;
  };
  readonly trafficBefore: Traffic;
  readonly trafficAfter: Traffic;
  /** Traffic and mirror after each write of the endpoint that is still to come, in order. */
  readonly moves: readonly Shares[];
  /** A rollout with steps that is under way: this one, begun by an earlier step or run, or another deployment's. */
  readonly progress?: Progress;
  /** Another deployment's canary, which has all of the traffic, and whose last share nobody has judged. */
  readonly replaces?: Progress;
  readonly lastRun?: LastRun | undefined;
  /** Short hashes of the runs that have begun a rollout with steps here. */
  readonly runs: readonly string[];
  /** Deployments to remove once they have no traffic. */
  readonly remove: readonly string[];
}

/** Percent by deployment: of the live traffic, and of the requests that are copied. */
interface Shares {
  readonly traffic: Traffic;
  readonly mirror: Traffic;
}

/**
 * Plans a rollout. A live deployment, or one kept for rollback, is never changed: where the name is taken by a live
 * deployment or by an idle good one, with other content, the new one stands beside it as `<name>-2`, `<name>-3`…. One of
 * these names with the same content is used again, also while it still comes up; one that failed and has no traffic is mended.
 * In place, the named deployment itself is changed, and the traffic stays.
 * @throws TaskError where the strategy cannot be followed on this endpoint
 */
export function planRollout(
  endpoint: Endpoint | undefined,
  deployments: readonly Deployment[],
  wish: RolloutWish,
): RolloutPlan {
  const trafficBefore = withoutZeros(endpoint?.properties.traffic ?? {});
  const live = { ...withoutZeros(endpoint?.properties.mirrorTraffic ?? {}), ...trafficBefore };
  const { strategy = { kind: "blueGreen" } } = wish;
  const place = strategy.kind === "inPlace" ? placeInPlace(deployments, wish) : placeFor(deployments, live, wish);
  const { name, action, existing, reason } = place;
  const standing = standingProgress(endpoint);
  const replaces = isReplaceable(standing, name, wish) ? standing : undefined;
  const progress = replaces === undefined ? standing : undefined;
  const moves = movesOf(strategy, place, { endpoint, progress, wish });
  const trafficAfter = moves.at(-1)?.traffic ?? trafficBefore;
  const isAnew =
    (action === "change" || action === "update") &&
    existing !== undefined &&
    isBroken(existing) &&
    shareOf(live, name) === 0;
  const others = deployments.filter((one) => one !== existing);
  const anew = isAnew ? planRollout(endpoint, others, wish) : undefined;
  // Old deployments go once this rollout has given traffic to its own; a mirror, and a change in place, give none.
  const endsLive =
    strategy.kind === "canary" ||
    (wish.trafficPercent > 0 && (strategy.kind === "blueGreen" || (strategy.kind === "inPlace" && moves.length > 0)));
  return {
    endpoint: endpoint === undefined || wasNeverMade(endpoint) ? "create" : "keep",
    deployment: {
      name,
      action,
      body: existing === undefined ? wish.body : merged(wantedOf(wish, existing), existing),
      ...(action === "change" && existing && isReady(existing) ? { previous: specificationOf(existing) } : {}),
      ...(anew === undefined ? {} : { anew }),
      ...(reason === undefined ? {} : { reason }),
    },
    trafficBefore,
    trafficAfter,
    moves,
    ...(progress === undefined ? {} : { progress }),
    ...(replaces === undefined ? {} : { replaces }),
    lastRun: lastRunOf(endpoint?.tags),
    runs: runsOf(endpoint?.tags),
    remove:
      wish.deleteOldDeployments && endsLive
        ? idle(deployments, { ...endpoint?.properties.mirrorTraffic, ...trafficAfter }, name)
        : [],
  };
}

/** The wanted body; autoscale's instance count stays. */
const wantedOf = (wish: RolloutWish, existing: Deployment): DeploymentBody =>
  leavesCount(existing, wish) ? withCount(wish.body, existing) : wish.body;

/** The body of a PUT that makes the deployment what it is. */
function specificationOf(existing: Deployment): DeploymentBody {
  return merged({ properties: {} }, existing);
}

/** The writes of the endpoint that a strategy still needs, from what there is. */
function movesOf(
  strategy: PlannedStrategy,
  { name, action }: Place,
  there: { endpoint: Endpoint | undefined; progress: Progress | undefined; wish: RolloutWish },
): Shares[] {
  const { endpoint, progress, wish } = there;
  const traffic = withoutZeros(endpoint?.properties.traffic ?? {});
  const mirror = withoutZeros(endpoint?.properties.mirrorTraffic ?? {});
  const own = shareOf(traffic, name);
  const at = (wanted: Traffic): Shares => ({ traffic: wanted, mirror: withoutZeros(unmirrored(mirror, wanted, name)) });
  switch (strategy.kind) {
    case "blueGreen":
      return sharesOf([trafficWith(traffic, name, wish.trafficPercent)]);
    case "inPlace":
      // The traffic of a deployment that is there is not this strategy's to change; a new one gets its share as ever.
      return action === "create" ? sharesOf([trafficWith(traffic, name, wish.trafficPercent)]) : [];
    case "canary": {
      requireOwnProgress(progress, "canary", name);
      if (Object.keys(traffic).every((one) => sameName(one, name))) return sharesOf([{ [name]: 100 }]);
      const was = progress?.was;
      const steps = strategy.steps.filter((share) => share > own);
      // A share that it has from elsewhere is the first one: nobody has judged it yet.
      const isAdopted = progress === undefined && own > 0 && steps.length > 0;
      return [...(isAdopted ? [own] : []), ...steps].map((share) => at(nextTraffic(traffic, was, name, own, share)));
    }
    case "shadow": {
      requireOwnProgress(progress, "shadow", name);
      requireMirrorable({ name, own, traffic, mirror, wish });
      const { percent } = strategy;
      return [...(progress === undefined ? [percent] : []), 0].map((share) => ({
        traffic,
        mirror: withoutZeros({ [name]: share }),
      }));
    }
  }
  function sharesOf(wanted: readonly Traffic[]): Shares[] {
    const moves = wanted.map(at);
    return moves.filter((move, index) => {
      const last = moves[index - 1] ?? { traffic, mirror };
      return !(sameTraffic(last.traffic, move.traffic) && sameTraffic(last.mirror, move.mirror));
    });
  }
}

/** Whether another deployment's canary has all of the traffic and no run is at it: nothing is left of it but a judgement that nobody made. */
function isReplaceable(
  standing: Progress | undefined,
  name: string,
  { foreign, strategy }: RolloutWish,
): standing is Progress {
  return (
    strategy?.kind === "canary" &&
    standing?.kind === "canary" &&
    standing.share === 100 &&
    !sameName(standing.deployment, name) &&
    foreign?.has(standing.deployment.toLowerCase()) !== true
  );
}

/** @throws TaskError where another deployment's rollout has its share of the traffic still: two at once could not be judged */
function requireOwnProgress(progress: Progress | undefined, kind: Progress["kind"], name: string): void {
  if (progress === undefined || (sameName(progress.deployment, name) && progress.kind === kind)) return;
  throw new TaskError(
    "conflict",
    `A ${progress.kind} rollout of the deployment ${progress.deployment} is in progress: it has ${progress.share} % since ${progress.since}, set by ${progress.run === "" ? "a run without a name" : `the run ${progress.run}`}. A second rollout with steps cannot be judged beside it, so nothing was changed.`,
    {
      errorCode: "AML1611",
      hint: "Let that rollout end, or take it back with AzureMLRollback; strategy blueGreen replaces it at once.",
    },
  );
}

/** @throws TaskError where Azure would not mirror to the deployment, or somebody else's mirror would end (docs/facts/operations.md#A.6) */
function requireMirrorable(at: Shares & { name: string; own: number; wish: RolloutWish }): void {
  const { name, own, traffic, mirror, wish } = at;
  const refuse = (why: string, hint: string): never => {
    throw new TaskError("input", `The strategy shadow cannot be followed: ${why}`, { errorCode: "AML1611", hint });
  };
  if (wish.body.properties["endpointComputeType"] === "Kubernetes") {
    refuse("Azure mirrors traffic on managed endpoints only, and this deployment is on Kubernetes.", "Choose canary.");
  }
  if (own > 0) {
    refuse(
      `${name} has the same content already and gets ${own} % of the live traffic; a deployment has live or mirrored traffic, not both.`,
      "There is nothing to compare it with; choose canary to give it more traffic.",
    );
  }
  if (Object.keys(traffic).length === 0) {
    refuse(
      "no deployment of the endpoint has live traffic that could be copied.",
      "Release the first one as blueGreen.",
    );
  }
  const other = Object.keys(mirror).find((one) => !sameName(one, name));
  if (other !== undefined) {
    refuse(
      `the deployment ${other} has ${mirror[other]} % of the requests copied to it, and Azure mirrors to one deployment only.`,
      `End that mirror first: az ml online-endpoint update --mirror-traffic "${other}=0".`,
    );
  }
}

function idle(deployments: readonly Deployment[], traffic: Traffic, name: string): string[] {
  const kept = new Set([name, ...Object.keys(traffic)].map((one) => one.toLowerCase()));
  return deployments.flatMap((one) => (one.name && !kept.has(one.name.toLowerCase()) ? [one.name] : []));
}

/** The plan for people. */
export function planLines(endpoint: string, plan: RolloutPlan): string[] {
  const { name, action, reason, previous, anew } = plan.deployment;
  const putBack = previous === undefined ? "" : "; on failure its previous specification is put back";
  const sentences = {
    create: `create the deployment ${name}`,
    update: `update the deployment ${name}, which was not finished and gets no traffic`,
    change: `change the deployment ${name} in place, with ${shareOf(plan.trafficBefore, name)} % of the traffic on it${putBack}`,
    keep: `keep the deployment ${name}, which is the same already`,
    wait: `wait for the deployment ${name}, on which another operation is under way`,
  };
  return [
    `Plan for the endpoint ${endpoint}:`,
    ...(plan.endpoint === "create" ? [`  create the endpoint ${endpoint}`] : []),
    `  ${sentences[action]}${reason === undefined ? "" : `; it has this name because ${reason}`}`,
    ...(anew === undefined ? [] : [`  ${sayAnew(plan, anew)}`]),
    ...(plan.replaces === undefined
      ? []
      : [
          `  replace the canary ${plan.replaces.deployment}, which has all of the traffic, and whose last share nobody has judged`,
        ]),
    ...moveLines(plan),
    ...plan.remove.map((one) => `  delete the deployment ${one}`),
  ];
}

/** The fate of a failed deployment that never came up. Where it is no change in place, the plan's other lines say the rest. */
function sayAnew(
  { deployment: { name, action }, trafficBefore }: RolloutPlan,
  { trafficAfter, remove }: Pick<RolloutPlan, "trafficAfter" | "remove">,
): string {
  const deleted = `if ${name} never came up, Azure does not change it: it is deleted and made anew`;
  if (action !== "change") return deleted;
  const traffic = sameTraffic(trafficAfter, trafficBefore) ? "stays" : `becomes ${sayTraffic(trafficAfter)}`;
  const after = remove.map((one) => `; then the deployment ${one} is deleted`).join("");
  return `${deleted}, and the traffic ${traffic}${after}`;
}

/** The traffic from write to write; a mirror only where there is one. */
function moveLines({ trafficBefore, trafficAfter, moves }: RolloutPlan): string[] {
  const isMirrored = moves.some(({ mirror }) => Object.keys(mirror).length > 0);
  if (!isMirrored) {
    const shares = [trafficBefore, ...moves.map(({ traffic }) => traffic)];
    return [`  traffic ${(moves.length === 0 ? [trafficBefore, trafficAfter] : shares).map(sayTraffic).join(" -> ")}`];
  }
  return [
    `  traffic ${sayTraffic(trafficAfter)}, which stays`,
    `  copies of requests: ${moves.map(({ mirror }) => sayTraffic(mirror)).join(" -> ")}`,
  ];
}
