// Triggers: cron expressions and recurrences (docs/facts/azureml-documents.md#2.12). Schedules and compute instances have them.
// Tests: test/lib/documents/language/references.test.ts

import { byType } from "./by-type.ts";
import { isOffCalendar } from "./calendar.ts";
import { type Fields, list, object, optional, required } from "./object.ts";
import { enumeration, integer, text } from "./scalar.ts";
import { described, NOTHING_BELOW, type Shape } from "./shape.ts";

/** A moment, as Azure ML has it: "2022-07-10 10:00:00", in the trigger's own time zone. */
const moment: Shape<string> = {
  expects: "a time such as 2022-07-10T10:00:00",
  below: NOTHING_BELOW,
  read(node, at) {
    const written = node.kind === "scalar" ? node.text.trim() : "";
    const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(written);
    if (match === null)
      return at.fault(node, `${at.name} is ${described(node)}; a time such as 2022-07-10T10:00:00 is needed.`);
    if (isOffCalendar(written, node, at, "a time such as 2022-07-10T10:00:00")) return undefined;
    if (match[4] !== undefined && match[4] !== "Z" && !/^[+-]00:?00$/.test(match[4]))
      return at.fault(node, `${at.name} has the offset ${match[4]}; it is a time of the trigger's own time zone.`, {
        hint: "Remove the offset, and name the zone in `time_zone`.",
      });
    return `${match[1]} ${match[2] ?? "00:00"}${match[3] ?? ":00"}`;
  },
  write: (value) => value,
};

/** A single value counts as a list of one. */
function oneOrMore<T>(shape: Shape<T>): Shape<readonly T[]> {
  const several = list(shape);
  return {
    expects: `${shape.expects}, or a list of these`,
    below: several.below,
    read(node, at) {
      if (node.kind === "list") return several.read(node, at);
      const value = shape.read(node, at);
      return value === undefined ? undefined : [value];
    },
    write: (value, to) => several.write(value, to),
  };
}

const WEEK_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const weekFields = {
  hours: required(oneOrMore(integer({ minimum: 0, maximum: 23 }))),
  minutes: required(oneOrMore(integer({ minimum: 0, maximum: 59 }))),
  week_days: optional(oneOrMore(enumeration(WEEK_DAYS))),
};
const weekPattern = object("a recurrence pattern", weekFields);
const pattern = object("a recurrence pattern", {
  ...weekFields,
  month_days: optional(oneOrMore(integer({ minimum: 1, maximum: 31 }))),
});

const common = { start_time: optional(moment), time_zone: optional(text()) };

interface Common {
  readonly start_time?: string;
  readonly end_time?: string;
  readonly time_zone?: string;
}
interface CronTrigger extends Common {
  readonly type: "cron";
  readonly expression: string;
}
interface RecurrenceTrigger extends Common {
  readonly type: "recurrence";
  readonly frequency: "minute" | "hour" | "day" | "week" | "month";
  readonly interval: number;
  readonly schedule?: {
    readonly hours: readonly number[];
    readonly minutes: readonly number[];
    readonly week_days?: readonly string[];
    readonly month_days?: readonly number[];
  };
}
export type Trigger = CronTrigger | RecurrenceTrigger;

/** Five fields: minute, hour, day, month, day of the week. */
const expression = text({
  pattern: /^\s*(\S+\s+){4}\S+\s*$/,
  rule: "a cron expression has five fields: minute, hour, day, month, day of the week",
});

function cronOf<F extends Fields>(common: F) {
  const type = required(enumeration(["cron"], { rest: { cron: "Cron" } }), { as: "trigger_type" });
  return object("a cron trigger", { type, expression: required(expression), ...common }, { finish: inUtc });
}

function recurrenceOf<F extends Fields>(common: F, days: typeof pattern | typeof weekPattern) {
  const type = required(enumeration(["recurrence"], { rest: { recurrence: "Recurrence" } }), { as: "trigger_type" });
  return object(
    "a recurrence trigger",
    {
      type,
      frequency: required(enumeration(["minute", "hour", "day", "week", "month"])),
      interval: required(integer({ minimum: 1 })),
      schedule: optional(days as Shape<unknown>),
      ...common,
    },
    { finish: (body) => inUtc({ ...body, schedule: body["schedule"] ?? { hours: [], minutes: [] } }) },
  );
}

function inUtc(body: Record<string, unknown>): Record<string, unknown> {
  return { ...body, timeZone: body["timeZone"] ?? "UTC" };
}

/** The trigger of a schedule. */
export const trigger = triggerOf({ ...common, end_time: optional(moment) }, pattern);

/** The trigger that starts or stops a compute instance: it has no end and no days of the month. */
export const computeTrigger = triggerOf(common, weekPattern);

function triggerOf(fields: Fields, days: typeof pattern | typeof weekPattern): Shape<Trigger> {
  return byType<Trigger>("a trigger", {
    cron: cronOf(fields) as Shape<Trigger>,
    recurrence: recurrenceOf(fields, days) as Shape<Trigger>,
  });
}
