// Results of a monitor's run that a check has read, kept as tags of that run beside its verdict: a later check shows them among the earlier results
// and asks nothing for them, where reading them anew takes about 13 requests a run. They decide nothing: the newest run is always read.
// Tests: test/lib/ml/model-monitors/kept-results.test.ts, test/tasks/CheckMonitor.test.ts
import { isObject } from "../../plain-objects.ts";
import type { Job } from "../jobs/jobs.ts";
import type { SignalResult } from "./monitor-verdict.ts";
import type { Monitor } from "./newest-run.ts";
import type { SignalMetric } from "./signal-metrics.ts";

/**
 * The tags are called so, with a number from 1. The first begins with their count, since those of an earlier, longer result stay behind, and with
 * the length of the whole.
 */
const RESULTS = "monitorResults";
/** A run has at most 50 tags, of which other writers need some, with values of 1,000 characters (docs/facts/azureml-services.md#5.8). */
const MOST_TAGS = 40;
const MOST_PARTS = 12;
/** With room for the count and the length that stand before the first. */
const PARTS = /.{1,980}/gs;

/** Metrics of one name and one threshold: what they are of, and their values. */
type Group = [metric: string, threshold: number | null, values: [of: string | null, value: number | null][]];
interface Kept {
  readonly name: string;
  readonly metrics: readonly Group[];
  readonly tagged?: true;
  readonly more?: true;
  readonly cut?: true;
  readonly rows?: readonly [reference: number | null, production: number | null];
}

/**
 * The tags that keep the results; none where one could not be read, or they do not fit into the tags of a run.
 * @param job the run, with the tags that it has
 */
export function keptTags(job: Job, signals: readonly SignalResult[]): Record<string, string> {
  // A part must not end inside of a letter that takes two places.
  const text = JSON.stringify(signals.map(keptOf)).replace(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const parts = text.match(PARTS) ?? [];
  const others = Object.keys(job.properties?.tags ?? {}).filter((name) => !name.startsWith(RESULTS)).length;
  // What could not be read may be read by a later check.
  if (signals.some(({ unread }) => unread !== undefined)) return {};
  if (signals.length === 0 || parts.length > MOST_PARTS || others + parts.length > MOST_TAGS) return {};
  return Object.fromEntries(
    parts.map((part, index) => [
      `${RESULTS}${index + 1}`,
      index === 0 ? `${parts.length}/${text.length}|${part}` : part,
    ]),
  );
}

/** The results that a run has kept of the signals; undefined where they are not all there, or are no such results. */
export function keptResults(job: Job, wanted: Monitor["signals"]): SignalResult[] | undefined {
  const tags = job.properties?.tags ?? {};
  const [, count = "", length = "", first = ""] = /^(\d{1,2})\/(\d{1,5})\|(.*)$/s.exec(tags[`${RESULTS}1`] ?? "") ?? [];
  const rest = Array.from({ length: Math.max(0, Number(count) - 1) }, (_, index) => tags[`${RESULTS}${index + 2}`]);
  const text = [first, ...rest].join("");
  if (text === "" || text.length !== Number(length)) return undefined;
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(kept)) return undefined;
  const results = wanted.map((signal) => {
    const one: unknown = kept.find((each) => isObject(each) && each["name"] === signal.name);
    return isObject(one) ? resultOf(signal, one) : undefined;
  });
  const whole = results.filter((one) => one !== undefined);
  return whole.length === wanted.length && whole.length > 0 ? whole : undefined;
}

function keptOf({ name, metrics, rows, isTagged, saysMore, isCut }: SignalResult): Kept {
  const groups = new Map<string, Group>();
  for (const { metric, of, value, threshold } of metrics) {
    const key = JSON.stringify([metric, threshold]);
    const group: Group = groups.get(key) ?? [metric, threshold ?? null, []];
    group[2].push([of ?? null, value ?? null]);
    groups.set(key, group);
  }
  return {
    ...{ name, metrics: [...groups.values()] },
    ...(isTagged ? { tagged: true } : {}),
    ...(saysMore ? { more: true } : {}),
    ...(isCut ? { cut: true } : {}),
    ...(rows === undefined ? {} : { rows: [rows.reference ?? null, rows.production ?? null] }),
  };
}

/** Whoever may write tags may have written these: what is no result is none. */
function resultOf(
  signal: Monitor["signals"][number],
  one: Readonly<Record<string, unknown>>,
): SignalResult | undefined {
  const { metrics: groups, rows } = one;
  if (!Array.isArray(groups)) return undefined;
  const metrics: SignalMetric[] = [];
  for (const group of groups as unknown[]) {
    const [metric, threshold, values]: unknown[] = Array.isArray(group) ? group : [];
    if (typeof metric !== "string" || !Array.isArray(values)) return undefined;
    for (const pair of values as unknown[]) {
      const [of, value]: unknown[] = Array.isArray(pair) ? pair : [];
      metrics.push({
        metric,
        ...(typeof of === "string" ? { of } : {}),
        ...(typeof value === "number" ? { value } : {}),
        ...(typeof threshold === "number" ? { threshold } : {}),
      });
    }
  }
  const [reference, production]: unknown[] = Array.isArray(rows) ? rows : [];
  const counted = {
    ...(typeof reference === "number" ? { reference } : {}),
    ...(typeof production === "number" ? { production } : {}),
  };
  return {
    ...signal,
    ...{ metrics, isTagged: one["tagged"] === true },
    ...(one["more"] === true ? { saysMore: true } : {}),
    ...(one["cut"] === true ? { isCut: true } : {}),
    ...(Object.keys(counted).length === 0 ? {} : { rows: counted }),
  };
}
