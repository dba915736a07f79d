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

/** The longest time between two runs; undefined where the trigger cannot be read. A pattern of several days a week counts as its week. */
export function longestPause(trigger: AnsweredTrigger | undefined): number | undefined {
  if (/^recurrence$/i.test(trigger?.triggerType ?? "")) {
    const unit = UNITS[(trigger?.frequency ?? "").toLowerCase()];
    return unit === undefined ? undefined : unit * Math.max(1, trigger?.interval ?? 1);
  }
  return trigger?.expression ? pauseOfCron(trigger.expression) : undefined;
}

/**
 * The pause of a cron expression by its largest field that is not every: one month where it names a day of the month, one week for
 * days of the week, one day for hours, one hour for minutes. Steps such as `*\/15` are their width. It errs on the long side for
 * expressions that name several, and never by more than the next larger unit.
 */
function pauseOfCron(expression: string): number | undefined {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const isAny = (field: string) => field === "*" || field === "?";
  const step = (field: string) => Number(/^\*\/(\d+)$/.exec(field)?.[1] ?? 0);
  if (!isAny(month)) return 366 * 24 * HOUR;
  if (!isAny(day)) return step(day) > 0 ? step(day) * UNITS["day"]! : UNITS["month"];
  if (!isAny(weekday)) return UNITS["week"];
  if (!isAny(hour)) return step(hour) > 0 ? step(hour) * HOUR : UNITS["day"];
  if (!isAny(minute)) return step(minute) > 0 ? step(minute) * 60_000 : HOUR;
  return 60_000;
}
