// What a rollout will do, decided without asking anybody: from what is wanted and what is there to a list of steps.
import type { Deployment } from "./deployments.ts";
import { type Endpoint, envelope, type Traffic } from "./endpoints.ts";

export interface RolloutWish {
  /** Name of the deployment, and the body of its PUT. */
  readonly name: string;
  readonly body: DeploymentBody;
  /** Percent that the new deployment gets; 0 leaves the traffic alone. */
  readonly trafficPercent: number;
  readonly deleteOldDeployments: boolean;
}
export interface DeploymentBody {
  readonly [key: string]: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface RolloutPlan {
  readonly endpoint: "create" | "keep";
  readonly deployment: {
    readonly name: string;
    readonly action: "create" | "update" | "keep";
    /** The whole body of the PUT; what is there and not managed here is in it. */
    readonly body: DeploymentBody;
  };
  readonly trafficBefore: Traffic;
  readonly trafficAfter: Traffic;
  /** Deployments to remove once they have no traffic. */
  readonly remove: readonly string[];
}

/**
 * Plans a rollout. A deployment that gets traffic is never changed: where the name is taken by a live one with other
 * content, the new one stands beside it as `<name>-2`, `<name>-3`…, and an idle one of these names is used again.
 */
export function planRollout(
  endpoint: Endpoint | undefined,
  deployments: readonly Deployment[],
  wish: RolloutWish,
): RolloutPlan {
  const trafficBefore = withoutZeros(endpoint?.properties.traffic ?? {});
  const { name, existing } = placeFor(deployments, trafficBefore, wish);
  const same = existing !== undefined && isReady(existing) && holds(existing, wish.body);
  const trafficAfter = trafficWith(trafficBefore, name, wish.trafficPercent);
  return {
    endpoint: endpoint === undefined ? "create" : "keep",
    deployment: {
      name,
      action: existing === undefined ? "create" : same ? "keep" : "update",
      body: existing === undefined ? wish.body : merged(existing, wish.body),
    },
    trafficBefore,
    trafficAfter,
    remove: wish.deleteOldDeployments && wish.trafficPercent > 0 ? idle(deployments, trafficAfter, name) : [],
  };
}

const withoutZeros = (traffic: Traffic): Traffic =>
  Object.fromEntries(Object.entries(traffic).filter(([, percent]) => percent > 0));
const isReady = (deployment: Deployment) => /^succeeded$/i.test(deployment.properties.provisioningState ?? "");
const sameName = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase();

function placeFor(deployments: readonly Deployment[], traffic: Traffic, wish: RolloutWish) {
  const find = (name: string) => deployments.find((one) => sameName(one.name, name));
  const isLive = (name: string) => Object.keys(traffic).some((live) => sameName(live, name));
  const names = [wish.name, ...deployments.flatMap((one) => (isBeside(one.name, wish.name) ? [one.name ?? ""] : []))];
  for (const name of names) {
    const existing = find(name);
    if (existing && isReady(existing) && holds(existing, wish.body)) return { name: existing.name ?? name, existing };
  }
  for (let number = 1; ; number++) {
    const name = number === 1 ? wish.name : beside(wish.name, number);
    if (!isLive(name)) return { name, existing: find(name) };
  }
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

/**
 * Traffic with `percent` for `name`; the others keep their proportions in what is left, in whole percents that add up to
 * 100. Where nobody else has traffic, it is all of it.
 */
export function trafficWith(before: Traffic, name: string, percent: number): Traffic {
  if (percent === 0) return before;
  const others = Object.entries(before).filter(([other, share]) => share > 0 && !sameName(other, name));
  const total = others.reduce((sum, [, share]) => sum + share, 0);
  if (total === 0 || percent >= 100) return { [name]: 100 };
  const left = 100 - percent;
  const exact = others.map(([other, share]) => ({ other, exact: (share * left) / total }));
  const whole = exact.map(({ other, exact: share }) => ({
    other,
    share: Math.floor(share),
    rest: share - Math.floor(share),
  }));
  let missing = left - whole.reduce((sum, { share }) => sum + share, 0);
  const shares: Record<string, number> = {};
  for (const one of [...whole].sort((a, b) => b.rest - a.rest || a.other.localeCompare(b.other))) {
    shares[one.other] = one.share + (missing-- > 0 ? 1 : 0);
  }
  const kept = others.map(([other]) => [other, shares[other] ?? 0] as const).filter(([, share]) => share > 0);
  return { ...Object.fromEntries(kept), [name]: percent };
}

function idle(deployments: readonly Deployment[], traffic: Traffic, name: string): string[] {
  const kept = new Set([name, ...Object.keys(traffic)].map((one) => one.toLowerCase()));
  return deployments.flatMap((one) => (one.name && !kept.has(one.name.toLowerCase()) ? [one.name] : []));
}

/** The body of a PUT that changes what is wanted and keeps the rest; what is read-only is left out. */
export function merged(existing: Deployment, wanted: DeploymentBody): DeploymentBody {
  const { provisioningState: _state, ...has } = existing.properties;
  const wants = wanted.properties;
  return {
    ...envelope(existing),
    ...wanted,
    tags: { ...existing.tags, ...(wanted["tags"] as object | undefined) },
    properties: {
      ...has,
      ...wants,
      properties: { ...has.properties, ...(wants["properties"] as object | undefined) },
    },
  };
}

/**
 * Whether a deployment is what is wanted: everything that is wanted is there, whatever else the service says. Tags do
 * not count: they say who deployed it, and differ from run to run.
 */
export function holds(existing: Deployment, wanted: DeploymentBody): boolean {
  return contains(existing.properties, wanted.properties) && contains(existing.sku, wanted["sku"]);
}

function contains(has: unknown, wants: unknown, exactly = false): boolean {
  if (wants === undefined || has === wants) return true;
  // Ids and the service's own words come back in another case (facts/04 12); what users write for their code does not.
  if (typeof wants === "string" && typeof has === "string")
    return !exactly && has.toLowerCase() === wants.toLowerCase();
  if (typeof wants !== "object" || wants === null) return false;
  if (Array.isArray(wants)) {
    return (
      Array.isArray(has) &&
      has.length === wants.length &&
      wants.every((one, index) => contains(has[index], one, exactly))
    );
  }
  const entries = Object.entries(wants).filter(([, value]) => value !== undefined);
  // An empty map that the service answers as null is still what was wanted.
  if (typeof has !== "object" || has === null) return entries.length === 0;
  return entries.every(([key, value]) =>
    contains((has as Record<string, unknown>)[key], value, exactly || key === "environmentVariables"),
  );
}

export function sayTraffic(traffic: Traffic): string {
  const shares = Object.entries(traffic).filter(([, percent]) => percent > 0);
  return shares.length === 0 ? "none" : shares.map(([name, percent]) => `${name} ${percent} %`).join(", ");
}

export function sameTraffic(a: Traffic, b: Traffic): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}

/** The plan for people. */
export function planLines(endpoint: string, plan: RolloutPlan): string[] {
  const { name, action } = plan.deployment;
  const sentences = {
    create: `create the deployment ${name}`,
    update: `update the deployment ${name}, which gets no traffic`,
    keep: `keep the deployment ${name}, which is the same already`,
  };
  return [
    `Plan for the endpoint ${endpoint}:`,
    ...(plan.endpoint === "create" ? [`  create the endpoint ${endpoint}`] : []),
    `  ${sentences[action]}`,
    `  traffic ${sayTraffic(plan.trafficBefore)} -> ${sayTraffic(plan.trafficAfter)}`,
    ...plan.remove.map((one) => `  delete the deployment ${one}`),
  ];
}
