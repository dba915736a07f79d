// Reads a time span as run history writes it: `00:01:08.7371020`, with days in front where there are any, `1.02:03:04` (.NET).
// Source: docs/facts/operations.md#B.4. Pure.
// Tests: test/lib/ml/costs/time-span.test.ts

const TIME_SPAN = /^(?:(\d{1,8})\.)?(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/;

/** Milliseconds; undefined for what is no time span, also a negative one. */
export function readTimeSpan(text: unknown): number | undefined {
  const [, days = "0", hours = "", minutes = "", seconds = "", fraction = ""] = TIME_SPAN.exec(String(text)) ?? [];
  if (hours === "" || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const whole = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return whole * 1000 + Number(fraction.padEnd(7, "0")) / 10_000;
}
