// An endpoint's traffic over time: the shares that the steps of a rollout set, from its beginning to what the last step left.
import type { RunRecord } from "../../lib/record/index.ts";

interface TrafficCurve {
  /** Name of the deployment. */
  readonly name: string;
  /** Percent at each of the times. */
  readonly shares: readonly number[];
}

export interface TrafficHistory {
  /** Seconds since 1970, rising. */
  readonly times: readonly number[];
  readonly curves: readonly TrafficCurve[];
}

/** Undefined where fewer than two moments are known: there is nothing to draw. */
export function trafficHistory(record: RunRecord): TrafficHistory | undefined {
  const { deployment, started, finished } = record;
  if (!deployment || deployment.strategy === "shadow") return undefined;
  const { name, trafficBefore = {}, traffic = {}, steps = [] } = deployment;
  const moments: { time: number; shares: Readonly<Record<string, number>> }[] = [];
  const put = (iso: string | undefined, shares: Readonly<Record<string, number>>) => {
    const time = Date.parse(iso ?? "") / 1000;
    if (Number.isFinite(time) && time >= (moments.at(-1)?.time ?? 0)) moments.push({ time, shares });
  };
  put(started, trafficBefore);
  const others = Object.fromEntries(Object.entries(trafficBefore).filter(([other]) => other !== name));
  const sum = Object.values(others).reduce((all, one) => all + one, 0);
  for (const { share, since } of steps) {
    // What the new deployment takes, the others give by their shares.
    const rest = Object.fromEntries(
      Object.entries(others).map(([other, percent]) => [other, sum === 0 ? 0 : (percent * (100 - share)) / sum]),
    );
    put(since, { ...rest, [name]: share });
  }
  const last = steps.at(-1);
  put(last?.until ?? last?.since ?? finished, traffic);
  put(finished, traffic);
  if (moments.length < 2) return undefined;
  const names = [...new Set(moments.flatMap(({ shares }) => Object.keys(shares)))];
  return {
    times: moments.map(({ time }) => time),
    curves: names.map((one) => ({ name: one, shares: moments.map(({ shares }) => shares[one] ?? 0) })),
  };
}
