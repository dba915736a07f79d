// Due times of schedules: cron expressions and recurrences, minute by minute, in the time zone that they name.
import { Cron } from "croner";

/** `trigger` of a schedule, as sent. */
export interface Trigger {
  readonly triggerType: string;
  readonly expression?: string | null;
  readonly frequency?: string | null;
  readonly interval?: number | null;
  readonly schedule?: {
    readonly hours?: readonly number[] | null;
    readonly minutes?: readonly number[] | null;
    readonly weekDays?: readonly string[] | null;
    readonly monthDays?: readonly number[] | null;
  } | null;
  /** `2022-03-10 10:15:00`, in the time zone. */
  readonly startTime?: string | null;
  readonly endTime?: string | null;
  /** A Windows name, as Azure wants it. */
  readonly timeZone?: string | null;
}

/** A moment as a wall clock shows it. */
interface Wall {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  /** 1 to 12 */
  readonly month: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Whole minutes since 1970-01-01 00:00 of the same clock. */
  readonly count: number;
}

/** Windows names of common zones; others are read as UTC. */
const zones: Record<string, string> = {
  UTC: "UTC",
  "Pacific Standard Time": "America/Los_Angeles",
  "Mountain Standard Time": "America/Denver",
  "Central Standard Time": "America/Chicago",
  "Eastern Standard Time": "America/New_York",
  "GMT Standard Time": "Europe/London",
  "W. Europe Standard Time": "Europe/Berlin",
  "Romance Standard Time": "Europe/Paris",
  "Central European Standard Time": "Europe/Warsaw",
  "India Standard Time": "Asia/Kolkata",
  "China Standard Time": "Asia/Shanghai",
  "Tokyo Standard Time": "Asia/Tokyo",
  "AUS Eastern Standard Time": "Australia/Sydney",
};

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** Whether the trigger is due in the minute that begins at `minute` (ms). @param created ms: where a recurrence begins that has no start */
export function isDue(trigger: Trigger, minute: number, created: number): boolean {
  const wall = wallOf(minute, trigger.timeZone);
  const start = trigger.startTime ? countOf(trigger.startTime) : wallOf(created, trigger.timeZone).count;
  if (wall.count < start) return false;
  if (trigger.endTime && wall.count > countOf(trigger.endTime)) return false;
  return /^cron$/i.test(trigger.triggerType)
    ? fitsCron(trigger.expression ?? "", wall)
    : fitsRecurrence(trigger, wall, start);
}

/** Whether a recurrence's pattern names no time and no day. */
export function isEmptyPattern(pattern: NonNullable<Trigger["schedule"]>): boolean {
  return ![pattern.hours, pattern.minutes, pattern.weekDays, pattern.monthDays].some((one) => (one?.length ?? 0) > 0);
}

/** The local time in a time zone: `2023-05-01T18:01:45`. @param milliseconds since the epoch */
export function wallText(milliseconds: number, timeZone: string | null | undefined): string {
  const zone = zones[timeZone ?? "UTC"] ?? "UTC";
  return formatOf(zone).format(milliseconds).replace(" ", "T");
}

/** Whether a cron expression has five fields that can be read. */
export function isCron(expression: string): boolean {
  try {
    return cronOf(expression) !== undefined;
  } catch {
    return false;
  }
}

/** The five fields by their expression. */
const crons = new Map<string, Cron>();

/**
 * Azure ML reads expressions as NCrontab does: `5/15` is every 15 minutes from 5 on, names may be written out, and there is no
 * `?`, `L` or `@daily`. Where day of the month and day of the week are both given, either will do.
 * @throws Error for what is no such expression
 */
function cronOf(expression: string): Cron {
  const known = crons.get(expression);
  if (known !== undefined) return known;
  if (!/^(?:[\d*/,\s-]|[a-z]{3,})+$/i.test(expression)) throw new Error(`'${expression}' is no cron expression.`);
  const shortened = expression.trim().replace(/[a-z]{4,}/gi, (name) => name.slice(0, 3));
  const cron = new Cron(shortened, { mode: "5-part", sloppyRanges: true, timezone: "UTC" });
  crons.set(expression, cron);
  return cron;
}

/** A wall clock is compared as if it were UTC: what it shows is what the fields speak of. */
const fitsCron = (expression: string, wall: Wall) => cronOf(expression).match(new Date(wall.count * 60_000));

function fitsRecurrence(trigger: Trigger, wall: Wall, start: number): boolean {
  const every = Math.max(1, trigger.interval ?? 1);
  const since = wall.count - start;
  const pattern = trigger.schedule ?? {};
  const first = ofCount(start);
  const timeFits =
    (pattern.hours?.length ? pattern.hours : [first.hour]).includes(wall.hour) &&
    (pattern.minutes?.length ? pattern.minutes : [first.minute]).includes(wall.minute);
  const days = Math.floor(wall.count / 1440) - Math.floor(start / 1440);
  switch ((trigger.frequency ?? "").toLowerCase()) {
    case "minute":
      return since % every === 0;
    case "hour":
      return since % (60 * every) === 0;
    case "day":
      return timeFits && days % every === 0;
    case "week": {
      const wanted = pattern.weekDays?.length
        ? pattern.weekDays.map((name) => weekdays.indexOf(name.toLowerCase()))
        : [first.weekday];
      const weeks = Math.floor((days + first.weekday) / 7);
      return timeFits && wanted.includes(wall.weekday) && weeks % every === 0;
    }
    case "month":
      return timeFits && (pattern.monthDays?.length ? pattern.monthDays : [first.day]).includes(wall.day);
    default:
      return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function wallOf(milliseconds: number, timeZone: string | null | undefined): Wall {
  const zone = zones[timeZone ?? "UTC"] ?? "UTC";
  if (zone === "UTC") return ofCount(Math.floor(milliseconds / 60_000));
  return ofCount(countOf(formatOf(zone).format(milliseconds)));
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  formats.set(zone, format);
  return format;
}

/** Minutes since 1970 of a wall clock that shows `2022-03-10 10:15:00` (a `T` or a zone in it does not matter). */
function countOf(text: string): number {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0] = text.split(/[^\d]+/).map(Number);
  return Math.floor(Date.UTC(year, month - 1, day, hour, minute) / 60_000);
}

function ofCount(count: number): Wall {
  const date = new Date(count * 60_000);
  return {
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    weekday: date.getUTCDay(),
    count,
  };
}
