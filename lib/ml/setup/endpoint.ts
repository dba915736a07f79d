// An online endpoint that the pipeline calls or deploys to: its state, its traffic, and whether its address answers.
// Tests: test/lib/ml/setup/page.test.ts
import { checkConnectivity, segment } from "../../azure/index.ts";
import type { Endpoint } from "../endpoints/endpoints.ts";
import { namesIn } from "./computes.ts";
import { type SeenWorkspace, sayBlocked } from "./network.ts";
import type { Check, CheckAnswer, Page } from "./page.ts";

export function checkEndpoint(page: Page, name: string, network: Check<SeenWorkspace>): void {
  page.check(
    { id: `endpoint ${name}`, asked: "Whether it is there, and its address answers.", after: [network] },
    async (seen): Promise<CheckAnswer<true>> => {
      const { azure, signal } = seen.request;
      const { status, body } = await azure.request<Endpoint>(
        "GET",
        `${seen.id}/onlineEndpoints/${segment(name, "the endpoint's name")}`,
        { doing: `read the endpoint ${name}`, promises: "resource", expect: [404], signal },
      );
      if (status === 404)
        return {
          outcome: "failed",
          answered: `The workspace has no online endpoint "${name}"; ${await namesIn(seen, "onlineEndpoints", name)}`,
          remedy: "Correct the input endpoints, or leave this one out if AzureMLDeployEndpoint is to create it.",
        };
      const { provisioningState, scoringUri, traffic, authMode } = body?.properties ?? {};
      if (provisioningState !== "Succeeded")
        return {
          outcome: "failed",
          answered: `It is there, and its state is ${provisioningState ?? "unknown"}.`,
          remedy:
            provisioningState === "Failed"
              ? "Look at the endpoint in studio, and delete it: AzureMLDeployEndpoint creates it again only then."
              : "Wait until its operation has ended, and check again.",
        };
      if (scoringUri) {
        // Without a credential: it answers that it wants one, and that is enough.
        const [blocked] = sayBlocked(
          new URL(scoringUri).host,
          await checkConnectivity(azure.transport, scoringUri, signal),
        );
        if (blocked) return { outcome: "failed", answered: `It is there. ${blocked.said}`, remedy: blocked.remedy };
      }
      const shares = Object.entries(traffic ?? {}).flatMap(([one, share]) => (share > 0 ? `${one} ${share} %` : []));
      return {
        answered: `It is there, signs callers in by ${authMode ?? "Key"}, and its traffic goes to ${shares.join(", ") || "no deployment yet"}.`,
        value: true,
      };
    },
  );
}
