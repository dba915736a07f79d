// The place of a deployment: which name it gets, beside what is live or kept as a way back, and whether it is made, changed, kept or waited
// for. Pure.
// Tests: test/lib/ml/rollout/rollout-plan.test.ts, test/lib/ml/rollout/strategies.test.ts
import { TaskError } from "../../errors.ts";
import { isAutoscaled } from "../endpoints/autoscale.ts";
import type { Deployment } from "../endpoints/deployments.ts";
import type { Traffic } from "../endpoints/endpoints.ts";
import { sameName, shareOf } from "../endpoints/traffic-shares.ts";
import { differences } from "../workspace/compare.ts";
import type { DeploymentBody, RolloutWish } from "./rollout-wish.ts";

const stateOf = (deployment: Deployment) => (deployment.properties.provisioningState ?? "").toLowerCase();
export const isReady = (deployment: Deployment) => stateOf(deployment) === "succeeded";
export const isBroken = (deployment: Deployment) => /^(failed|cancell?ed)$/.test(stateOf(deployment));

/**
 * `update`: it failed or was not finished, and gets no traffic. `change`: in place, whatever its traffic. `wait`: it is coming up already,
 * or going away; what is to be done shows once that has ended.
 */
export type Action = "create" | "update" | "change" | "keep" | "wait";

export interface Place {
  readonly name: string;
  readonly action: Action;
  readonly existing?: Deployment;
  readonly reason?: string;
}

export function placeFor(deployments: readonly Deployment[], live: Traffic, wish: RolloutWish): Place {
  const find = (name: string) => deployments.find((one) => sameName(one.name, name));
  const ours = deployments.filter((one) => sameName(one.name, wish.name) || isBeside(one.name, wish));
  const same = ours.filter((one) => hasContent(one, wish.body, leavesCount(one, wish)));
  const why = (name: string) => (sameName(name, wish.name) ? {} : { reason: reasonFor(find(wish.name), live, wish) });
  const ready = same.filter(isReady);
  const serving = ready.find((one) => shareOf(live, one.name ?? "") > 0) ?? ready[0];
  if (serving) return use(serving, "keep");
  const coming = same.find((one) => !isReady(one) && !isBroken(one));
  if (coming) return use(coming, "wait");
  for (let number = 1; ; number++) {
    const name = number === 1 ? wish.name : beside(wish.name, number, wish.longestName);
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

/** In place, the deployment of exactly this name is the one that is changed. */
export function placeInPlace(deployments: readonly Deployment[], wish: RolloutWish): Place {
  const existing = deployments.find((one) => sameName(one.name, wish.name));
  if (existing === undefined) return { name: wish.name, action: "create" };
  const name = existing.name ?? wish.name;
  if (!isReady(existing) && !isBroken(existing)) return { name, action: "wait", existing };
  if (wish.foreign?.has(name.toLowerCase())) {
    throw new TaskError("conflict", `Another run is changing the deployment ${name}, so it was left as it is.`, {
      errorCode: "AML1611",
      hint: "Let pipelines that change the same deployment run one after the other, and run the step again.",
    });
  }
  const isSame = isReady(existing) && hasContent(existing, wish.body, leavesCount(existing, wish));
  return { name, action: isSame ? "keep" : "change", existing };
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

/** As long as Azure takes a name: 32 characters, and fewer on Kubernetes. */
function beside(name: string, number: number, longest = 32): string {
  const end = `-${number}`;
  return name.slice(0, longest - end.length).replace(/-+$/, "") + end;
}

function isBeside(name: string | undefined, { name: wanted, longestName }: RolloutWish): boolean {
  const number = /-(\d+)$/.exec(name ?? "")?.[1];
  return number !== undefined && Number(number) >= 2 && sameName(name, beside(wanted, Number(number), longestName));
}

/**
 * Whether a deployment is what is wanted. Tags do not count: they say who deployed it, and differ from run to run.
 * @param wanted the body of its PUT
 * @param anyCount whether the instance count does not count: autoscale owns it
 */
export function hasContent(existing: Deployment, wanted: DeploymentBody, anyCount = false): boolean {
  const sku = anyCount ? withCount(wanted, existing)["sku"] : wanted["sku"];
  const content = { properties: wanted.properties, sku };
  return differences(content, { properties: existing.properties, sku: existing.sku }).length === 0;
}

/** Whether the instance count of a deployment is autoscale's: settings are to be applied to it, or were. */
export const leavesCount = (existing: Deployment, wish: RolloutWish): boolean =>
  wish.autoscale === true || isAutoscaled(existing);

/** The body with the instance count that there is. */
export function withCount(body: DeploymentBody, existing: Deployment): DeploymentBody {
  const capacity = existing.sku?.capacity;
  return capacity === undefined ? body : { ...body, sku: { ...(body["sku"] as object), capacity } };
}
