// Autoscale settings of a managed online deployment, in a file of their own: a body of Azure Monitor's autoscaleSettings, or its properties
// alone, without the ids of what they scale (docs/facts/operations.md#A.9).
// Tests: test/lib/documents/endpoints/autoscale.test.ts
import { isOffCalendar } from "../language/calendar.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { boolean, enumeration, looseText, number, text } from "../language/scalar.ts";
import { type Infer, Reading, type Shape } from "../language/shape.ts";
import type { MapNode, SourceFile } from "../language/source.ts";
import { resourceTags } from "../language/tag-limits.ts";

const isoDuration = text({
  pattern: /^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/,
  rule: "a duration such as PT5M is needed",
});
/** In whatever form Azure Monitor takes: only a day that there is not is refused. */
const moment: Shape<string> = {
  ...looseText,
  read(node, at) {
    const value = looseText.read(node, at);
    if (value === undefined || isOffCalendar(value, node, at, "a time such as 2024-01-31T00:00:00Z")) return undefined;
    return value;
  },
};
/** Azure Monitor has whole numbers of instances as texts. */
const count = { ...looseText, expects: "a whole number" };

const capacity = object(
  "a capacity",
  { minimum: required(count), maximum: required(count), default: required(count) },
  {
    check(value, node, at) {
      const [least, usual, most] = [value.minimum, value.default, value.maximum].map((one) =>
        /^\d{1,4}$/.test(one) ? Number(one) : Number.NaN,
      );
      if (
        least !== undefined &&
        usual !== undefined &&
        most !== undefined &&
        least >= 1 &&
        least <= usual &&
        usual <= most
      )
        return;
      at.fault(
        node,
        `${at.name} is ${value.minimum} to ${value.maximum}, and ${value.default} by default; whole numbers with 1 <= minimum <= default <= maximum are needed.`,
      );
    },
  },
);

const metricTrigger = object("a metric trigger", {
  metricName: required(text()),
  metricNamespace: optional(text()),
  /** `deployment`, `endpoint`, or the id of another resource; absent: the deployment. */
  metricResourceUri: optional(text()),
  metricResourceLocation: optional(text()),
  timeGrain: required(isoDuration),
  statistic: required(enumeration(["Average", "Min", "Max", "Sum", "Count"], { fold: "exact" })),
  timeWindow: required(isoDuration),
  timeAggregation: required(
    enumeration(["Average", "Minimum", "Maximum", "Total", "Count", "Last"], { fold: "exact" }),
  ),
  operator: required(
    enumeration(["Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"], {
      fold: "exact",
    }),
  ),
  threshold: required(number),
  dimensions: optional(
    list(
      object("a dimension", {
        DimensionName: required(text()),
        Operator: required(text()),
        Values: required(list(text())),
      }),
    ),
  ),
  dividePerInstance: optional(boolean),
});

const scaleAction = object("a scale action", {
  direction: required(enumeration(["Increase", "Decrease", "None"], { fold: "exact" })),
  type: required(
    enumeration(["ChangeCount", "PercentChangeCount", "ExactCount", "ServiceAllowedNextValue"], { fold: "exact" }),
  ),
  value: optional(count),
  cooldown: required(isoDuration),
});

const profile = object("a profile", {
  name: required(text()),
  capacity: required(capacity),
  rules: optional(
    list(object("a rule", { metricTrigger: required(metricTrigger), scaleAction: required(scaleAction) })),
  ),
  fixedDate: optional(
    object("a fixed date", { timeZone: optional(text()), start: required(moment), end: required(moment) }),
  ),
  recurrence: optional(
    object("a recurrence", {
      frequency: required(enumeration(["Week"], { fold: "exact" })),
      schedule: required(
        object("a schedule", {
          timeZone: required(text()),
          days: required(list(text())),
          hours: required(list(number)),
          minutes: required(list(number)),
        }),
      ),
    }),
  ),
});

export const autoscaleSettings = object("autoscale settings", {
  enabled: optional(boolean),
  name: optional(text()),
  targetResourceUri: optional(text()),
  targetResourceLocation: optional(text()),
  profiles: required(list(profile)),
  notifications: optional(
    list(
      object("a notification", {
        operation: required(text()),
        email: optional(
          object("an e-mail", {
            sendToSubscriptionAdministrator: optional(boolean),
            sendToSubscriptionCoAdministrators: optional(boolean),
            customEmails: optional(list(text())),
          }),
        ),
        webhooks: optional(
          list(object("a webhook", { serviceUri: required(text()), properties: optional(map(text())) })),
        ),
      }),
    ),
  ),
  predictiveAutoscalePolicy: optional(
    object("a predictive policy", { scaleMode: required(text()), scaleLookAheadTime: optional(text()) }),
  ),
});
const whole = object("autoscale settings", {
  location: optional(text()),
  tags: optional(resourceTags),
  name: optional(text()),
  type: optional(text()),
  id: optional(text()),
  properties: required(autoscaleSettings),
});

/** The settings of a file, whichever form it has. */
export interface AutoscaleDocument {
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Infer<typeof autoscaleSettings>;
}

/** @throws all faults of the file at once, each with its line */
export function readAutoscale(file: SourceFile): AutoscaleDocument {
  const at = new Reading(file);
  const isWhole = file.node.entries.has("properties");
  const value = isWhole ? whole.read(file.node, at) : undefined;
  const properties = isWhole ? value?.properties : autoscaleSettings.read(file.node, at);
  if (properties?.profiles.length === 0)
    at.fault(profilesOf(file.node) ?? file.node, "autoscale settings need a profile.", {
      hint: "Add one under `profiles`.",
    });
  at.faults.throwIfAny();
  if (properties === undefined) throw new Error(`${file.name} was not read, and no fault says why.`);
  return { tags: value?.tags ?? {}, properties };
}

function profilesOf(node: MapNode) {
  const inner = node.entries.get("properties");
  return (inner?.kind === "map" ? inner : node).entries.get("profiles");
}

/** Ids of the deployment that is scaled and of its endpoint. */
export interface ScaledIds {
  readonly deployment: string;
  readonly endpoint: string;
}

/**
 * The body of the PUT. The target is the deployment, whatever the file names: a file that was exported names an older one. A metric is that
 * of the deployment or, by the word `endpoint` or the id of an endpoint, of its endpoint; the id of anything else stays.
 */
export function autoscaleBody({ tags: own, properties }: AutoscaleDocument, ids: ScaledIds, location: string) {
  const { name: _name, targetResourceLocation: _location, ...rest } = properties;
  return {
    location,
    tags: own,
    properties: {
      ...rest,
      enabled: properties.enabled ?? true,
      targetResourceUri: ids.deployment,
      profiles: properties.profiles.map((one) => ({
        ...one,
        rules: (one.rules ?? []).map((rule) => ({
          ...rule,
          metricTrigger: {
            ...rule.metricTrigger,
            metricResourceUri: watched(rule.metricTrigger.metricResourceUri, ids),
          },
        })),
      })),
    },
  };
}

function watched(uri: string | undefined, { deployment, endpoint }: ScaledIds): string {
  if (uri === undefined || uri === "deployment" || /\/onlineEndpoints\/[^/]+\/deployments\/[^/]+$/i.test(uri))
    return deployment;
  return uri === "endpoint" || /\/onlineEndpoints\/[^/]+$/i.test(uri) ? endpoint : uri;
}
