// Alerts that metric alert rules have fired: worked out from the minutes when somebody asks, as if each had been evaluated in its time.
import { guidOf } from "../../text/guid.ts";
import { invalidRequest } from "../arm/errors.ts";
import type { Store } from "../records/state.ts";
import type { AzureWorld } from "../world/world.ts";
import { type AlertRule, readRule } from "./alert-rule.ts";
import type { Series } from "./series.ts";
import { operators, type WindowValue, windowValues } from "./thresholds.ts";

/** How often in a row a condition must not be met for its alert to resolve, as Microsoft's guide to stateful alerts has it. */
const HEALTHY_CHECKS = 3;

/** Rules that nobody asked about for longer begin again there. */
const LOOKED_BACK = 7 * 24 * 3_600_000;

/** A rule, by its name in small letters. */
export interface RuleRecord {
  readonly name: string;
  tags: Record<string, string>;
  location: string;
  /** As sent. */
  properties: Record<string, unknown>;
  /** By the cloud's clock; what came before has been evaluated. */
  evaluatedTo: number;
  updatedAt: number;
  /** By series: how often in a row the condition was not met, of those with an alert that is fired. */
  healthy: Record<string, number>;
}

export interface FiredAlert {
  /** The last segment of its id. */
  readonly name: string;
  /** Name of its rule in small letters. */
  readonly rule: string;
  readonly series: string;
  readonly dimensions: Series["dimensions"];
  readonly severity: number;
  readonly targetId: string;
  readonly firedAt: number;
  readonly value: number;
  readonly condition: string;
  resolvedAt?: number;
  state: "New" | "Acknowledged" | "Closed";
  modifiedAt: number;
}

export const alertRulesOf = (world: AzureWorld): Store<RuleRecord> => world.store<RuleRecord>("metricAlerts");

const fired = (world: AzureWorld): Store<FiredAlert> => world.store<FiredAlert>("firedAlerts");

export const alertRuleId = (world: AzureWorld, { name }: Pick<RuleRecord, "name">): string =>
  `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.Insights/metricAlerts/${name}`;

/** All alerts up to now, newest first. */
export function alertsNow(world: AzureWorld): FiredAlert[] {
  for (const record of alertRulesOf(world).values()) evaluate(world, record);
  return [...fired(world).values()].sort((one, other) => other.firedAt - one.firedAt);
}

/** Says that somebody has looked at an alert. @throws ArmError 400 for a state that there is none of */
export function changeState(world: AzureWorld, alert: FiredAlert, state: string): void {
  const found = (["New", "Acknowledged", "Closed"] as const).find((one) => one.toLowerCase() === state.toLowerCase());
  if (found === undefined)
    throw invalidRequest("BadRequest", `newState must be one of New, Acknowledged, Closed, and is '${state}'.`);
  alert.state = found;
  alert.modifiedAt = world.clock.now();
  fired(world).changed();
}

/** The series of a rule whose alert is fired. */
export function firedSeries(world: AzureWorld, record: RuleRecord): FiredAlert[] {
  evaluate(world, record);
  const rule = record.name.toLowerCase();
  return [...fired(world).values()].filter((one) => one.rule === rule && one.resolvedAt === undefined);
}

function evaluate(world: AzureWorld, record: RuleRecord): void {
  const now = world.clock.now();
  let rule: AlertRule;
  try {
    rule = readRule(world, record.properties);
  } catch {
    return; // What it watches has been deleted.
  }
  const from = Math.max(record.evaluatedTo, now - LOOKED_BACK);
  for (let tick = (Math.floor(from / rule.frequency) + 1) * rule.frequency; tick <= now; tick += rule.frequency) {
    if (rule.enabled) check(world, record, rule, tick);
    record.evaluatedTo = tick;
  }
  alertRulesOf(world).changed();
}

function check(world: AzureWorld, record: RuleRecord, rule: AlertRule, tick: number): void {
  const met = metSeries(world, rule, tick);
  const own = record.name.toLowerCase();
  for (const [series, { dimensions, value, condition }] of met) {
    record.healthy[series] = 0;
    const open = [...fired(world).values()].some(
      (one) => one.rule === own && one.series === series && one.resolvedAt === undefined,
    );
    if (open) continue;
    const name = guidOf(`${own} ${series} ${tick}`);
    const { severity, targetId } = rule;
    fired(world).set(name, {
      ...{ name, rule: own, series, dimensions, severity, targetId, firedAt: tick, value, condition },
      ...{ state: "New", modifiedAt: tick },
    });
  }
  if (!rule.autoMitigate) return;
  for (const alert of fired(world).values()) {
    if (alert.rule !== own || alert.resolvedAt !== undefined || met.has(alert.series)) continue;
    const count = (record.healthy[alert.series] ?? 0) + 1;
    record.healthy[alert.series] = count;
    if (count < HEALTHY_CHECKS) continue;
    alert.resolvedAt = tick;
    alert.modifiedAt = tick;
  }
}

/** Where one criterion stands alone, each series that meets it; several must be met together, whichever series meets each. */
function metSeries(
  world: AzureWorld,
  { target, criteria, window }: AlertRule,
  end: number,
): Map<string, WindowValue & { readonly condition: string }> {
  const found = criteria.map((one) => {
    const { metric, filter, aggregation, operator, threshold } = one;
    const condition = `${aggregation} of ${metric.name} ${operator} ${threshold}`;
    return windowValues(world, target, metric, filter, { end, length: window, aggregation })
      .filter(({ value }) => operators[operator]?.(value, threshold) === true)
      .map((value) => ({ ...value, condition }));
  });
  const [first = [], ...others] = found;
  if (others.length === 0)
    return new Map(first.map((one) => [one.dimensions.map((pair) => pair.join("=")).join(","), one]));
  const [one] = first;
  return one === undefined || others.some((each) => each.length === 0)
    ? new Map()
    : new Map([["", { ...one, dimensions: [] }]]);
}
