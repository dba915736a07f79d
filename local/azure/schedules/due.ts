// When a schedule is due: cron expressions and recurrences, minute by minute, in the time zone that they name.

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

/** What the clock of a time zone shows: `2023-05-01T18:01:45`. @param milliseconds since the epoch */
export function wallText(milliseconds: number, timeZone: string | null | undefined): string {
  const zone = zones[timeZone ?? "UTC"] ?? "UTC";
  return formatOf(zone).format(milliseconds).replace(" ", "T");
}

/** Whether an expression has five fields that can be read. */
export function isCron(expression: string): boolean {
  const fields = expression.trim().split(/\s+/);
  return fields.length === 5 && fields.every((field) => /^[\d*/,\-a-z]+$/i.test(field));
}

function fitsCron(expression: string, wall: Wall): boolean {
  const [minute = "*", hour = "*", day = "*", month = "*", weekday = "*"] = expression.trim().split(/\s+/);
  const [dayFits, weekdayFits] = [fits(day, wall.day), fits(weekday, wall.weekday, weekdays)];
  // As cron has it: where both days are given, either will do.
  const anyDay = day === "*" || weekday === "*" ? dayFits && weekdayFits : dayFits || weekdayFits;
  return fits(minute, wall.minute) && fits(hour, wall.hour) && fits(month, wall.month) && anyDay;
}

function fits(field: string, value: number, names: readonly string[] = []): boolean {
  const numberOf = (text: string) => {
    const named = names.findIndex((name) => name.startsWith(text.toLowerCase()) && text.length >= 3);
    // Sunday is 0 and 7.
    return named >= 0 ? named : names.length > 0 ? Number(text) % 7 : Number(text);
  };
  return field.split(",").some((part) => {
    const [range = "*", step = "1"] = part.split("/");
    if (range === "*") return value % Number(step) === 0;
    const [from = "", to] = range.split("-");
    const [low, high] = [numberOf(from), to === undefined ? (part.includes("/") ? 59 : numberOf(from)) : numberOf(to)];
    return value >= low && value <= high && (value - low) % Number(step) === 0;
  });
}

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
