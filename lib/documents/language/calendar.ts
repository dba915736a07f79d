// Days and times that the calendar has. JavaScript reads 2022-02-30 as the second of March, and 24:00 as the day after; Python, which reads these
// files for `az ml`, refuses both. Pure.
// Tests: test/lib/documents/language/calendar.test.ts
import { described, type Reading } from "./shape.ts";
import type { YamlNode } from "./source.ts";

const PARTS = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?/;

/** Whether a text that begins with `2024-01-31`, or with such a day and a time after it, names a day and a time that there are. */
export function isOnCalendar(text: string): boolean {
  const match = PARTS.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const end = new Date(0);
  // The day before the first of the month that follows.
  end.setUTCFullYear(year, month, 0);
  const last = end.getUTCDate();
  const isDay = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= last;
  return isDay && hour <= 23 && minute <= 59 && second <= 59;
}

/** Reports a day or a time that there is not; text that begins with no day is left to others. @returns whether there was a fault */
export function isOffCalendar(text: string, node: YamlNode, at: Reading, rule: string): boolean {
  if (!/^\d{4}-\d\d-\d\d/.test(text) || isOnCalendar(text)) return false;
  at.fault(node, `${at.name} is ${described(node)}, which no calendar has; ${rule} is needed.`);
  return true;
}
