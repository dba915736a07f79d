// A metric alert rule as it is sent: what of it is read, and what is refused (docs/facts/operations.md#A.9). Bodies are those of
// azure-mgmt-monitor 7.0.0; only rules with static thresholds on one online endpoint or deployment are built.
import { ArmError, invalidRequest, notImplemented } from "../arm/errors.ts";
import { durationMilliseconds } from "../records/durations.ts";
import type { AzureWorld } from "../world/world.ts";
import type { Filter } from "./filter.ts";
import type { Aggregation, MetricKind } from "./metrics.ts";
import { namespaces } from "./metrics.ts";
import { type Target, targetOf } from "./target.ts";
import { metricNamed, operators } from "./thresholds.ts";

type Json = Readonly<Record<string, unknown>>;

interface Criterion {
  readonly metric: MetricKind;
  readonly filter: Filter;
  readonly operator: string;
  readonly threshold: number;
  readonly aggregation: Exclude<Aggregation, "Count">;
}

export interface AlertRule {
  readonly target: Target;
  readonly targetId: string;
  readonly severity: number;
  readonly enabled: boolean;
  readonly frequency: number;
  readonly window: number;
  readonly autoMitigate: boolean;
  readonly criteria: readonly Criterion[];
}

const FREQUENCIES = ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"];
const WINDOWS = [...FREQUENCIES, "PT6H", "PT12H", "P1D"];

/** @throws ArmError 400 for what is no rule, 501 for one of a kind that is not built */
export function readRule(world: AzureWorld, properties: Json): AlertRule {
  const { severity, enabled, scopes, criteria } = properties;
  if (!Number.isInteger(severity) || Number(severity) < 0 || Number(severity) > 4)
    throw wrong("properties.severity must be a whole number between 0 and 4", "severity");
  if (typeof enabled !== "boolean") throw wrong("properties.enabled must be true or false", "enabled");
  if (!Array.isArray(scopes) || typeof scopes[0] !== "string") throw wrong("properties.scopes is required", "scopes");
  if (scopes.length > 1) throw notImplemented("metric alerts with several scopes");
  const [targetId] = scopes as [string];
  const target = targetOf(world, targetId);
  if (target === undefined)
    throw new ArmError(400, "ResourceNotFound", `The scope '${targetId}' was not found.`, [], {}, "arm");
  const frequency = lengthOf(properties, "evaluationFrequency", FREQUENCIES);
  const window = lengthOf(properties, "windowSize", WINDOWS);
  if (window < frequency)
    throw wrong("properties.windowSize must not be shorter than evaluationFrequency", "windowSize");
  return {
    ...{ target, targetId, severity: Number(severity), enabled, frequency, window },
    autoMitigate: properties["autoMitigate"] !== false,
    criteria: criteriaOf(target, criteria as Json | undefined),
  };
}

const wrong = (message: string, target: string): ArmError => invalidRequest("BadRequest", `${message}.`, target);

function lengthOf(properties: Json, key: string, allowed: readonly string[]): number {
  const value = properties[key];
  const found = typeof value === "string" && allowed.includes(value) ? durationMilliseconds(value) : undefined;
  if (found === undefined) throw wrong(`properties.${key} must be one of ${allowed.join(", ")}`, key);
  return found;
}

function criteriaOf(target: Target, criteria: Json | undefined): Criterion[] {
  const type = criteria?.["odata.type"];
  if (typeof type !== "string") throw wrong("properties.criteria needs its odata.type", "criteria");
  if (type !== "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria")
    throw notImplemented(`criteria of type ${type}`);
  const all = criteria?.["allOf"];
  if (!Array.isArray(all) || all.length === 0)
    throw wrong("properties.criteria.allOf must have a criterion", "criteria");
  return (all as Json[]).map((one, index) => criterionOf(target, one, `criteria.allOf[${index}]`));
}

function criterionOf(target: Target, one: Json, place: string): Criterion {
  if (one["criterionType"] === "DynamicThresholdCriterion")
    throw notImplemented("metric alerts with dynamic thresholds");
  const namespace = one["metricNamespace"];
  const { name: known } = namespaces[target.scope];
  if (typeof namespace === "string" && namespace.toLowerCase() !== known.toLowerCase())
    throw wrong(
      `Detect invalid value: ${namespace} for query parameter: 'metricnamespace', the value must be: ${known}`,
      place,
    );
  const metric = metricNamed(target, String(one["metricName"]));
  if (metric === undefined)
    throw wrong(`The metric '${String(one["metricName"])}' is not one of ${known}`, `${place}.metricName`);
  const aggregation = metric.aggregations.find((each) => each === one["timeAggregation"]);
  // Quoted in public reports.
  if (aggregation === undefined || aggregation === "Count")
    throw wrong(`Time aggregation must be one of [${metric.aggregations.join(", ")}]`, `${place}.timeAggregation`);
  const operator = String(one["operator"]);
  if (operators[operator] === undefined || operator === "NotEquals")
    throw wrong(`The operator '${operator}' is unknown`, `${place}.operator`);
  if (typeof one["threshold"] !== "number") throw wrong("The threshold must be a number", `${place}.threshold`);
  return {
    metric,
    aggregation,
    operator,
    threshold: one["threshold"],
    filter: filterOf(metric, one["dimensions"], place),
  };
}

function filterOf(metric: MetricKind, dimensions: unknown, place: string): Filter {
  const list = Array.isArray(dimensions) ? (dimensions as Json[]) : [];
  return new Map(
    list.map(({ name, operator, values }) => {
      const key = String(name).toLowerCase();
      if (!metric.dimensions.some((one) => one.toLowerCase() === key))
        throw wrong(
          `Metric: ${metric.name} does not support requested dimension combination: ${key}, supported ones are: ${metric.dimensions.join(",")}`,
          `${place}.dimensions`,
        );
      const told = Array.isArray(values) ? values.map((value) => String(value).toLowerCase()) : [];
      if (told.length === 0 || (operator !== "Include" && operator !== "Exclude"))
        throw wrong(
          `The dimension '${String(name)}' needs the operator Include or Exclude, and values`,
          `${place}.dimensions`,
        );
      const condition =
        operator === "Include" ? { among: told, except: [], beginnings: [] } : { except: told, beginnings: [] };
      return [key, condition] as const;
    }),
  );
}
