// Durations as people write them: `90s`, `1h30m`, `6h`, `2d`, `500ms`; or as ISO 8601 has them.
import { durationMilliseconds } from "../records/durations.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration that the schema has let pass. */
export function milliseconds(text: string): number {
  const iso = durationMilliseconds(text);
  if (iso !== undefined) return iso;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ""] ?? 0), 0);
}
