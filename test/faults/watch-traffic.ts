// Looks all the time whether what had traffic still has: no moment without a deployment that serves, once one does.
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/scoring/records.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Expect } from "./scenario.ts";

/** Milliseconds between two looks. */
const PAUSE = 10;

/** Looks until the function that it gives back is called, which tells what was seen. */
export function watchTraffic({ azure }: LocalCloud): (expect: Expect) => void {
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
      if (share < before)
        lost.push(`${before} % of the traffic of ${name} was served, then ${share} %: ${JSON.stringify(traffic)}.`);
      served.set(name, share);
    }
  };
  const timer = setInterval(look, PAUSE);
  return (expect) => {
    clearInterval(timer);
    look();
    expect(lost.length === 0, lost[0] ?? "");
  };
}
