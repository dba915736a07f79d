// The verdict on a monitor: breached, healthy, or no evidence where nobody knows. No evidence is never healthy
// (docs/facts/operations.md#F.4). Pure.
// Tests: test/lib/ml/model-monitors/monitor-verdict.test.ts
import { breaks, MOST_METRICS, type SignalMetric, sayMetric, takesGoodForBad } from "./signal-metrics.ts";

export type MonitorOutcome = "healthy" | "breached" | "noEvidence";

/** A signal as the newest run of its monitor left it. */
export interface SignalResult {
  readonly name: string;
  /** DataDrift, PredictionDrift, DataQuality …, as the monitor has it. */
  readonly type?: string;
  readonly metrics: readonly SignalMetric[];
  readonly rows?: { readonly reference?: number; readonly production?: number };
  /** Whether the service tagged the step that evaluates the thresholds. */
  readonly isTagged: boolean;
  /** The tag's message names other metrics than those of which the service takes more for worse, or was cut and may have named some. */
  readonly saysMore?: boolean;
  /** There are more metrics, which were not read. */
  readonly isCut?: boolean;
  /** Why there are no metrics, as a sentence. */
  readonly unread?: string;
}

export interface SignalVerdict extends SignalResult {
  readonly outcome: MonitorOutcome;
  /** The metrics that broke their thresholds. */
  readonly broken: readonly SignalMetric[];
  readonly sentence: string;
}

const MOST_SAID = 5;

/** Judges a signal: by the service's own tag, and by its numbers. */
export function judgeSignal(result: SignalResult): SignalVerdict {
  const { name, metrics, rows, isTagged, saysMore = false, isCut = false, unread } = result;
  const broken = metrics.filter((one) => breaks(one) === true);
  const judged = metrics.filter((one) => breaks(one) !== undefined);
  const verdict = (outcome: MonitorOutcome, sentence: string): SignalVerdict => ({
    ...result,
    outcome,
    broken,
    sentence,
  });
  if (broken.length > 0) {
    const more = broken.length > MOST_SAID ? `, and ${broken.length - MOST_SAID} more` : "";
    const untold = isTagged ? "" : " The service did not tag the run for it.";
    return verdict("breached", `${name}: ${broken.slice(0, MOST_SAID).map(sayMetric).join("; ")}${more}.${untold}`);
  }
  const unknown = metrics.find(({ value, threshold }) => value === undefined && threshold !== undefined);
  const misread = saysMore ? undefined : metrics.find(takesGoodForBad);
  if (isTagged && (misread === undefined || unknown !== undefined)) {
    const seen =
      judged.length === 0
        ? (unread ?? "its metrics could not be read.")
        : "its metrics as they are read do not say which.";
    return verdict("breached", `${name}: the service tagged the run for a broken threshold; ${seen}`);
  }
  if (rows?.production === 0) return verdict("noEvidence", `${name}: no row of production data was compared.`);
  if (metrics.length === 0) return verdict("noEvidence", `${name}: ${unread ?? "the run left no metrics."}`);
  if (judged.length === 0) return verdict("noEvidence", `${name}: none of its metrics has a value and a threshold.`);
  if (unknown !== undefined)
    return verdict(
      "noEvidence",
      `${name}: ${sayMetric(unknown)}, so that nobody knows whether it is within its threshold.`,
    );
  if (isCut)
    return verdict(
      "noEvidence",
      `${name}: it has more metrics than the ${MOST_METRICS.toLocaleString("en-US")} that are read, so that nobody knows whether all are within their thresholds.`,
    );
  const tag =
    isTagged && misread ? ` The service tagged the run for ${sayMetric(misread)}, of which more is better.` : "";
  const count = `${judged.length} ${judged.length === 1 ? "metric is" : "metrics are"} within ${judged.length === 1 ? "its threshold" : "their thresholds"}`;
  return verdict(
    "healthy",
    `${name}: ${count}${rows?.production === undefined ? "" : `, over ${rows.production} rows`}.${tag}`,
  );
}

/** The monitor as a whole: one breach is a breach, and one signal that nobody knows of keeps it from being healthy. */
export function judgeMonitor(signals: readonly SignalVerdict[]): MonitorOutcome {
  if (signals.some(({ outcome }) => outcome === "breached")) return "breached";
  return signals.length > 0 && signals.every(({ outcome }) => outcome === "healthy") ? "healthy" : "noEvidence";
}

/** Milliseconds that a result counts, by how often the monitor runs; undefined where that is not known. */
export const freshFor = (every: number | undefined): number | undefined =>
  every === undefined ? undefined : 2 * every;
