// Autoscale settings of online deployments: what of them is read, and what they do to the instance count (docs/facts/operations.md#A.9).
import { ArmError, invalidRequest } from "../arm/errors.ts";
import { requireQuota } from "../capacity/quotas.ts";
import { durationMilliseconds } from "../records/durations.ts";
import { type DeploymentRecord, deploymentKey, deploymentsOf } from "../records/online-endpoint.ts";
import type { Store } from "../records/state.ts";
import type { AzureWorld } from "../world/world.ts";
import { MINUTE } from "./minutes.ts";
import { targetOf } from "./target.ts";
import { metricNamed, operators, type WindowAggregation, windowValues } from "./thresholds.ts";

type Json = Readonly<Record<string, unknown>>;

/** A setting, by its name in small letters. */
export interface AutoscaleRecord {
  readonly name: string;
  tags: Record<string, string>;
  location: string;
  /** As sent. */
  properties: Record<string, unknown>;
  /** By the cloud's clock; 0: not yet. */
  scaledAt: number;
}

interface Rule {
  readonly trigger: Json;
  readonly action: Json;
}

interface Profile {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly usual: number;
  readonly rules: readonly Rule[];
  readonly fixedDate?: Json;
  readonly recurs: boolean;
}

export const autoscaleSettingsOf = (world: AzureWorld): Store<AutoscaleRecord> =>
  world.store<AutoscaleRecord>("autoscaleSettings");

const wrong = (message: string, target: string): ArmError => invalidRequest("BadRequest", `${message}.`, target);

/** @throws ArmError 400 for what is no setting of a deployment that exists. That the service refuses each of them is inferred. */
export function readProfiles(world: AzureWorld, properties: Json): Profile[] {
  const { profiles, targetResourceUri } = properties;
  if (typeof targetResourceUri !== "string" || targetOf(world, targetResourceUri)?.scope !== "deployment")
    throw wrong(
      `The resource to scale must be an online deployment of this workspace, and is '${String(targetResourceUri)}'`,
      "properties.targetResourceUri",
    );
  if (!Array.isArray(profiles) || profiles.length === 0 || profiles.length > 20)
    throw wrong("There must be 1 to 20 profiles", "properties.profiles");
  return (profiles as Json[]).map((one, index) => profileOf(world, one, `properties.profiles[${index}]`));
}

function profileOf(world: AzureWorld, profile: Json, place: string): Profile {
  const { name, capacity, rules, fixedDate, recurrence } = profile as Json & { capacity?: Json };
  if (typeof name !== "string" || name === "") throw wrong("A profile needs a name", `${place}.name`);
  const [minimum = 0, maximum = 0, usual = 0] = ["minimum", "maximum", "default"].map((key) => {
    const value = capacity?.[key];
    // Numbers in texts, as the published type has them.
    if (typeof value !== "string" || !/^\d+$/.test(value))
      throw wrong(`The ${key} of a capacity is a whole number in quotes`, `${place}.capacity.${key}`);
    return Number(value);
  });
  if (minimum < 1 || minimum > usual || usual > maximum)
    throw wrong("A capacity has 1 <= minimum <= default <= maximum", `${place}.capacity`);
  if (!Array.isArray(rules) || rules.length > 10) throw wrong("A profile has at most 10 rules", `${place}.rules`);
  return {
    ...{ name, minimum, maximum, usual },
    rules: (rules as Json[]).map((one, index) => ruleOf(world, one, `${place}.rules[${index}]`)),
    ...(typeof fixedDate === "object" && fixedDate !== null ? { fixedDate: fixedDate as Json } : {}),
    recurs: recurrence !== undefined && recurrence !== null,
  };
}

const AGGREGATIONS: readonly string[] = ["Average", "Minimum", "Maximum", "Total", "Last"];

function ruleOf(world: AzureWorld, rule: Json, place: string): Rule {
  const trigger = (rule["metricTrigger"] ?? {}) as Json;
  const action = (rule["scaleAction"] ?? {}) as Json;
  const watched = targetOf(world, String(trigger["metricResourceUri"]));
  if (watched === undefined)
    throw wrong(
      `The metric's resource '${String(trigger["metricResourceUri"])}' was not found`,
      `${place}.metricTrigger`,
    );
  if (metricNamed(watched, String(trigger["metricName"])) === undefined)
    throw wrong(
      `The metric '${String(trigger["metricName"])}' is none of its resource`,
      `${place}.metricTrigger.metricName`,
    );
  for (const key of ["timeGrain", "timeWindow"])
    if (durationMilliseconds(String(trigger[key])) === undefined)
      throw wrong(`${key} must be a duration such as PT5M`, `${place}.metricTrigger.${key}`);
  if (operators[String(trigger["operator"])] === undefined)
    throw wrong(`The operator '${String(trigger["operator"])}' is unknown`, `${place}.metricTrigger.operator`);
  if (!AGGREGATIONS.includes(String(trigger["timeAggregation"])) || typeof trigger["statistic"] !== "string")
    throw wrong("A trigger needs a statistic and a timeAggregation", `${place}.metricTrigger`);
  if (typeof trigger["threshold"] !== "number")
    throw wrong("The threshold must be a number", `${place}.metricTrigger.threshold`);
  if (
    !["Increase", "Decrease"].includes(String(action["direction"])) ||
    !["ChangeCount", "PercentChangeCount", "ExactCount"].includes(String(action["type"]))
  )
    throw wrong(
      "A scale action increases or decreases by ChangeCount, PercentChangeCount or ExactCount",
      `${place}.scaleAction`,
    );
  if (action["value"] !== undefined && !/^\d+$/.test(String(action["value"])))
    throw wrong("The value of a scale action is a whole number in quotes", `${place}.scaleAction.value`);
  if (durationMilliseconds(String(action["cooldown"])) === undefined)
    throw wrong("cooldown must be a duration such as PT5M", `${place}.scaleAction.cooldown`);
  return { trigger, action };
}

/** Starts what looks at every setting once a minute of the cloud's clock, if it does not run yet. */
export function keepScaling(world: AzureWorld): void {
  world.part("autoscale", () => {
    const look = () => {
      for (const record of autoscaleSettingsOf(world).values()) scale(world, record);
      world.clock.after(MINUTE, look);
    };
    world.clock.after(MINUTE, look);
    return look;
  });
}

/**
 * Sets the instance count of what a setting is for, which is `Scaling` meanwhile: the state is published (docs/facts/operations.md#A.6), and that
 * autoscale shows it is inferred. Profiles that recur are kept and not applied.
 */
function scale(world: AzureWorld, record: AutoscaleRecord): void {
  if (record.properties["enabled"] === false) return;
  const now = world.clock.now();
  let profiles: Profile[];
  try {
    profiles = readProfiles(world, record.properties);
  } catch {
    return; // What it scales or watches has been deleted.
  }
  const target = targetOf(world, String(record.properties["targetResourceUri"]));
  const deployment = deploymentsOf(world).get(deploymentKey(target?.endpoint ?? "", target?.deployment ?? ""));
  const isNow = ({ fixedDate }: Profile) =>
    fixedDate !== undefined &&
    Date.parse(String(fixedDate["start"])) <= now &&
    now < Date.parse(String(fixedDate["end"]));
  const profile = profiles.find(isNow) ?? profiles.find(({ fixedDate, recurs }) => fixedDate === undefined && !recurs);
  if (deployment?.provisioningState !== "Succeeded" || profile === undefined) return;
  const { capacity } = deployment.sku;
  const wanted = Math.min(
    profile.maximum,
    Math.max(profile.minimum, wantedCount(world, profile, record, capacity, now)),
  );
  if (wanted === capacity || !hasRoom(world, deployment, wanted)) return;
  record.scaledAt = now;
  autoscaleSettingsOf(world).changed();
  const is = (state: DeploymentRecord["provisioningState"]) => {
    deployment.provisioningState = state;
    deploymentsOf(world).changed();
  };
  is("Scaling");
  // It takes as long as any other operation on a deployment; in Azure that is minutes.
  world.clock.after(world.settings.online.deployment, () => {
    if (deployment.provisioningState !== "Scaling") return;
    deployment.sku = { ...deployment.sku, capacity: wanted };
    is("Succeeded");
  });
}

/** Whether the quota has room for so many instances: an action of autoscale that is refused changes nothing, and is tried again. */
function hasRoom(world: AzureWorld, deployment: DeploymentRecord, wanted: number): boolean {
  try {
    requireQuota(world, { ...deployment, sku: { ...deployment.sku, capacity: wanted } }, deployment);
    return true;
  } catch (error) {
    if (error instanceof ArmError) return false;
    throw error;
  }
}

/** Any rule that increases is enough; all that decrease must agree (Microsoft's guide to autoscale). */
function wantedCount(
  world: AzureWorld,
  { rules, usual }: Profile,
  { scaledAt }: AutoscaleRecord,
  capacity: number,
  now: number,
): number {
  const states = rules.map(({ trigger, action }) => ({ action, state: stateOf(world, trigger, now) }));
  // Without any metric the default count stands, unless there are more.
  if (rules.length > 0 && states.every(({ state }) => state === "unknown")) return Math.max(capacity, usual);
  const of = (direction: string) => states.filter(({ action }) => action["direction"] === direction);
  const up = of("Increase").find(({ state }) => state === "met");
  const down = of("Decrease").every(({ state }) => state === "met") ? of("Decrease")[0] : undefined;
  const action = (up ?? down)?.action;
  if (action === undefined) return capacity;
  const cooldown = durationMilliseconds(String(action["cooldown"])) ?? 0;
  if (scaledAt > 0 && now - scaledAt < cooldown) return capacity;
  const value = Number(action["value"] ?? 1);
  if (action["type"] === "ExactCount") return value;
  const step = action["type"] === "ChangeCount" ? value : Math.max(1, Math.round((capacity * value) / 100));
  return capacity + (action["direction"] === "Increase" ? step : -step);
}

function stateOf(world: AzureWorld, trigger: Json, end: number): "met" | "not met" | "unknown" {
  const watched = targetOf(world, String(trigger["metricResourceUri"]));
  const metric = watched && metricNamed(watched, String(trigger["metricName"]));
  if (watched === undefined || metric === undefined) return "unknown";
  const length = durationMilliseconds(String(trigger["timeWindow"])) ?? 5 * MINUTE;
  const aggregation = String(trigger["timeAggregation"]) as WindowAggregation;
  const [found] = windowValues(world, watched, metric, new Map(), { end, length, aggregation });
  if (found === undefined) return "unknown";
  const isMet = operators[String(trigger["operator"])]?.(found.value, Number(trigger["threshold"])) === true;
  return isMet ? "met" : "not met";
}
