// The longest pause between two runs of a schedule, in milliseconds: a result's age is held against it. Pure.
// Tests: test/lib/ml/model-monitors/frequency.test.ts

/** `trigger` of a schedule as the service answers it. */
export interface AnsweredTrigger {
  readonly triggerType?: string;
  readonly frequency?: string | null;
  readonly interval?: number | null;
  readonly expression?: string | null;
  readonly schedule?: {
    readonly weekDays?: readonly string[] | null;
    readonly monthDays?: readonly number[] | null;
    readonly hours?: readonly number[] | null;
    readonly minutes?: readonly number[] | null;
  } | null;
}

const HOUR = 3_600_000;
const UNITS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: HOUR,
  day: 24 * HOUR,
  week: 7 * 24 * HOUR,
  month: 31 * 24 * HOUR,
};

/** The longest time between two runs; undefined where the trigger cannot be read. */
export function longestPause(trigger: AnsweredTrigger | undefined): number | undefined {
  if (/^recurrence$/i.test(trigger?.triggerType ?? "")) {
    const unit = UNITS[(trigger?.frequency ?? "").toLowerCase()];
    const interval = Math.max(1, trigger?.interval ?? 1);
    if (unit === undefined) return undefined;
    return (interval === 1 ? pauseOfPattern(trigger) : undefined) ?? unit * interval;
  }
  return trigger?.expression ? pauseOfCron(trigger.expression) : undefined;
}

/** The pause within a recurrence's pattern, as that of the cron expression that says the same; undefined where it has none. */
function pauseOfPattern({ frequency, schedule }: AnsweredTrigger = {}): number | undefined {
  const list = (values: readonly (number | string)[] | null | undefined, without: string) =>
    values?.length ? values.map((value) => String(value).slice(0, 3)).join(",") : without;
  const time = `${list(schedule?.minutes, "0")} ${list(schedule?.hours, "0")}`;
  if (/^day$/i.test(frequency ?? "") && schedule?.hours?.length) return pauseOfCron(`${time} * * *`);
  if (/^week$/i.test(frequency ?? "") && schedule?.weekDays?.length)
    return pauseOfCron(`${time} * * ${list(schedule.weekDays, "*")}`);
  return undefined;
}

const DAY_MINUTES = 24 * 60;
/** Years in which a day that is there at all comes at least three times, 29 February too. */
const [FIRST_DAY, LAST_DAY] = [Date.UTC(2000, 0, 1), Date.UTC(2013, 0, 1)];
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/**
 * The longest time between two runs of a cron expression in the format of NCronTab, whose fields all have to match. Undefined for an
 * expression that is none, or never comes.
 */
function pauseOfCron(expression: string): number | undefined {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minutes, hours, days, months, weekdays] = [
    valuesOf(fields[0], 0, 59),
    valuesOf(fields[1], 0, 23),
    valuesOf(fields[2], 1, 31),
    valuesOf(fields[3], 1, 12, MONTHS),
    valuesOf(fields[4], 0, 7, WEEKDAYS),
  ];
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  const times = [...hours].flatMap((hour) => [...minutes].map((minute) => hour * 60 + minute));
  times.sort((one, other) => one - other);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const within = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  let longest = Math.max(0, ...within);
  let before: number | undefined;
  for (let at = FIRST_DAY; at < LAST_DAY; at += UNITS["day"]!) {
    const date = new Date(at);
    const isDay = days.has(date.getUTCDate()) && months.has(date.getUTCMonth() + 1);
    // Sunday is 0, and 7 as well.
    if (!isDay || !(weekdays.has(date.getUTCDay()) || (date.getUTCDay() === 0 && weekdays.has(7)))) continue;
    const day = Math.round((at - FIRST_DAY) / UNITS["day"]!);
    if (before !== undefined) longest = Math.max(longest, (day - before) * DAY_MINUTES - last + first);
    before = day;
  }
  return before === undefined ? undefined : longest * 60_000;
}

/** The values of a field: a list of numbers, names and ranges, each with a step or without. Undefined for a text that is none. */
function valuesOf(field = "", least: number, most: number, names: readonly string[] = []): Set<number> | undefined {
  const values = new Set<number>();
  const numberOf = (text: string): number => {
    const name = names.indexOf(text.toUpperCase());
    if (name >= 0) return name + least;
    return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  };
  for (const part of field.split(",")) {
    const [, range = "", step = "1"] = /^([^/]+)(?:\/([1-9]\d?))?$/.exec(part) ?? [];
    const isAny = range === "*" || range === "?";
    const [from = "", to] = isAny ? [String(least), String(most)] : range.split("-");
    const [begin, end] = [numberOf(from), to === undefined ? numberOf(from) : numberOf(to)];
    if (!(begin >= least && end <= most && begin <= end)) return undefined;
    // `5/15` begins there and goes on to the end.
    const last = to === undefined && part.includes("/") ? most : end;
    for (let value = begin; value <= last; value += Number(step)) values.add(value);
  }
  return values;
}
