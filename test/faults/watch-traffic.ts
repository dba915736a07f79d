// Watches continuously whether what had traffic still has: no moment without a deployment that serves, once an earlier run or a step that
// succeeded has made one live. What a cancelled step has just made live, where nothing was, it takes back: that is its own.
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Expect } from "./scenario.ts";

/** Milliseconds between two looks. */
const PAUSE = 10;

export interface TrafficWatch {
  /** A step has succeeded: what it made live stays so. */
  finished(): void;
  /** Ends the watch, and tells what was seen. */
  end(expect: Expect): void;
}

/** Looks until its end. */
export function watchTraffic({ azure }: LocalCloud): TrafficWatch {
  /** Endpoints that a finished release serves. */
  const live = new Set<string>();
  /** Share of the traffic that goes to deployments that serve, by endpoint, as last seen. */
  const served = new Map<string, number>();
  const lost: string[] = [];
  const look = () => {
    for (const { name, traffic } of endpointsOf(azure).values()) {
      const serving = deploymentsOfEndpoint(azure, name).filter(
        ({ provisioningState: state }) => state === "Succeeded",
      );
      const share = serving.reduce((sum, one) => sum + (traffic[one.name] ?? 0), 0);
      const before = served.get(name) ?? 0;
      if (share < before && live.has(name))
        lost.push(`${before} % of the traffic of ${name} was served, then ${share} %: ${JSON.stringify(traffic)}.`);
      served.set(name, share);
    }
  };
  const finished = () => {
    look();
    for (const [name, share] of served) if (share > 0) live.add(name);
  };
  finished();
  const timer = setInterval(look, PAUSE);
  return {
    finished,
    end(expect) {
      clearInterval(timer);
      look();
      expect(lost.length === 0, lost[0] ?? "");
    },
  };
}
