// Plans a rollout (blue/green): from what is wanted and what is there to a list of steps. Pure.

import type { Deployment } from "../endpoints/deployments.ts";
import type { Endpoint, Traffic } from "../endpoints/endpoints.ts";
import { sameName, sayTraffic, shareOf, trafficWith, withoutZeros } from "../endpoints/traffic-shares.ts";
import { differences } from "../workspace/compare.ts";
import { merged } from "../workspace/merge.ts";

export interface RolloutWish {
  /** Name of the deployment, and the body of its PUT. */
  readonly name: string;
  readonly body: DeploymentBody;
  /** Percent that the new deployment gets; 0 leaves the traffic alone. */
  readonly trafficPercent: number;
  readonly deleteOldDeployments: boolean;
  /** Deployments that another rollout is changing, in lower case. */
  readonly foreign?: ReadonlySet<string>;
  /** Deployments, in lower case, that an earlier attempt of this very step made and did not finish. */
  readonly own?: ReadonlySet<string>;
}
export interface DeploymentBody {
  readonly [key: string]: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface RolloutPlan {
  readonly endpoint: "create" | "keep";
  readonly deployment: {
    readonly name: string;
    /** `wait`: it is coming up already, or going away; what is to be done shows once that has ended. */
    readonly action: "create" | "update" | "keep" | "wait";
    /** The whole body of the PUT; what is there and not managed here is in it. */
    readonly body: DeploymentBody;
    /** Why it has another name than the wanted one, as a clause: "the name blue is taken: it gets 100 % of the traffic". */
    readonly reason?: string;
  };
  readonly trafficBefore: Traffic;
  readonly trafficAfter: Traffic;
  /** Deployments to remove once they have no traffic. */
  readonly remove: readonly string[];
}

/**
 * Plans a rollout. A live deployment, or one kept for rollback, is never changed: where the name is taken by a live
 * deployment or by an idle good one, with other content, the new one stands beside it as `<name>-2`, `<name>-3`…. One of
 * these names with the same content is used again, also while it still comes up; one that failed and has no traffic is mended.
 */
export function planRollout(
  endpoint: Endpoint | undefined,
  deployments: readonly Deployment[],
  wish: RolloutWish,
): RolloutPlan {
  const trafficBefore = withoutZeros(endpoint?.properties.traffic ?? {});
  const live = { ...withoutZeros(endpoint?.properties.mirrorTraffic ?? {}), ...trafficBefore };
  const { name, action, existing, reason } = placeFor(deployments, live, wish);
  const trafficAfter = trafficWith(trafficBefore, name, wish.trafficPercent);
  return {
    endpoint: endpoint === undefined ? "create" : "keep",
    deployment: {
      name,
      action,
      body: existing === undefined ? wish.body : merged(wish.body, existing),
      ...(reason === undefined ? {} : { reason }),
    },
    trafficBefore,
    trafficAfter,
    remove: wish.deleteOldDeployments && wish.trafficPercent > 0 ? idle(deployments, trafficAfter, name) : [],
  };
}

const stateOf = (deployment: Deployment) => (deployment.properties.provisioningState ?? "").toLowerCase();
const isReady = (deployment: Deployment) => stateOf(deployment) === "succeeded";
const isBroken = (deployment: Deployment) => /^(failed|cancell?ed)$/.test(stateOf(deployment));
interface Place {
  readonly name: string;
  readonly action: RolloutPlan["deployment"]["action"];
  readonly existing?: Deployment;
  readonly reason?: string;
}

function placeFor(deployments: readonly Deployment[], live: Traffic, wish: RolloutWish): Place {
  const find = (name: string) => deployments.find((one) => sameName(one.name, name));
  const ours = deployments.filter((one) => sameName(one.name, wish.name) || isBeside(one.name, wish.name));
  const same = ours.filter((one) => hasContent(one, wish.body));
  const why = (name: string) => (sameName(name, wish.name) ? {} : { reason: reasonFor(find(wish.name), live, wish) });
  const ready = same.filter(isReady);
  const serving = ready.find((one) => shareOf(live, one.name ?? "") > 0) ?? ready[0];
  if (serving) return use(serving, "keep");
  const coming = same.find((one) => !isReady(one) && !isBroken(one));
  if (coming) return use(coming, "wait");
  for (let number = 1; ; number++) {
    const name = number === 1 ? wish.name : beside(wish.name, number);
    const existing = find(name);
    if (existing === undefined) return { name, action: "create", ...why(name) };
    if (stateOf(existing) === "deleting") return use(existing, "wait");
    if (shareOf(live, name) > 0 || wish.foreign?.has(name.toLowerCase())) continue;
    const isOwn = wish.own?.has(name.toLowerCase()) === true;
    if (isBroken(existing) || (isOwn && isReady(existing))) return use(existing, "update");
    if (isOwn) return use(existing, "wait");
  }
  function use(existing: Deployment, action: Place["action"]): Place {
    const name = existing.name ?? wish.name;
    return { name, action, existing, ...why(name) };
  }
}

/** The reason for another name than the wanted one. */
function reasonFor(taken: Deployment | undefined, live: Traffic, wish: RolloutWish): string {
  const { name } = wish;
  if (taken === undefined) return "the same content stands under this name already";
  const share = shareOf(live, name);
  if (share > 0) return `${name} has other content and gets ${share} % of the traffic`;
  if (wish.foreign?.has(name.toLowerCase())) return `another rollout uses ${name}`;
  if (isReady(taken)) return `${name} has other content and is kept as a way back`;
  return `${name} has other content and is ${taken.properties.provisioningState}`;
}

/** At most 32 characters, which is what Azure takes. */
function beside(name: string, number: number): string {
  const end = `-${number}`;
  return name.slice(0, 32 - end.length).replace(/-+$/, "") + end;
}

function isBeside(name: string | undefined, wanted: string): boolean {
  const number = /-(\d+)$/.exec(name ?? "")?.[1];
  return number !== undefined && Number(number) >= 2 && sameName(name, beside(wanted, Number(number)));
}

function idle(deployments: readonly Deployment[], traffic: Traffic, name: string): string[] {
  const kept = new Set([name, ...Object.keys(traffic)].map((one) => one.toLowerCase()));
  return deployments.flatMap((one) => (one.name && !kept.has(one.name.toLowerCase()) ? [one.name] : []));
}

/**
 * Whether a deployment is what is wanted. Tags do not count: they say who deployed it, and differ from run to run.
 * @param wanted the body of its PUT
 */
export function hasContent(existing: Deployment, wanted: DeploymentBody): boolean {
  const content = { properties: wanted.properties, sku: wanted["sku"] };
  return differences(content, { properties: existing.properties, sku: existing.sku }).length === 0;
}

/** The plan for people. */
export function planLines(endpoint: string, plan: RolloutPlan): string[] {
  const { name, action, reason } = plan.deployment;
  const sentences = {
    create: `create the deployment ${name}`,
    update: `update the deployment ${name}, which was not finished and gets no traffic`,
    keep: `keep the deployment ${name}, which is the same already`,
    wait: `wait for the deployment ${name}, on which another operation is under way`,
  };
  return [
    `Plan for the endpoint ${endpoint}:`,
    ...(plan.endpoint === "create" ? [`  create the endpoint ${endpoint}`] : []),
    `  ${sentences[action]}${reason === undefined ? "" : `; it has this name because ${reason}`}`,
    `  traffic ${sayTraffic(plan.trafficBefore)} -> ${sayTraffic(plan.trafficAfter)}`,
    ...plan.remove.map((one) => `  delete the deployment ${one}`),
  ];
}
