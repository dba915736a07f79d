// The preflight of a deployment: round trips, what is judged before and what with the plan, in-place changes, Kubernetes, limits in numbers.
import assert from "node:assert/strict";
import type { OnlineDeploymentDocument } from "../../../../lib/documents/index.ts";
import type { Deployment } from "../../../../lib/ml/endpoints/deployments.ts";
import { preflightOfDeployment } from "../../../../lib/ml/rollout/preflight-of-deployment.ts";
import { freshEndpoint, release } from "../rollouts.ts";
import { Rounds } from "../rounds.ts";
import { answered, type Opening, openLocal } from "../world.ts";

const row = (value: string, currentValue: number, limit: number, type: string) => ({
  type: `Microsoft.MachineLearningServices/${type}/usages`,
  name: { value },
  currentValue,
  limit,
});
const document = (more: Partial<OnlineDeploymentDocument> = {}) =>
  ({
    ...{ name: "blue", endpoint_name: "ep", instance_type: "Standard_F4s_v2", instance_count: 1 },
    ...more,
  }) as OnlineDeploymentDocument;
const deployment = (name: string, instanceType: string, capacity: number): Deployment => ({
  name,
  sku: { capacity },
  properties: { instanceType },
});

/** Sixteen vCPUs of the family, all of them in use. */
async function judged(wanted: OnlineDeploymentDocument, there: readonly Deployment[]) {
  const workspace = await openLocal({
    between: async (request, send) =>
      request.url.includes("/usages")
        ? answered(request, 200, { value: [row("standardFSv2Family", 16, 16, "vmFamily/dedicatedCores")] })
        : send(),
  });
  const known = Promise.resolve([undefined, there] as const);
  return { workspace, judge: preflightOfDeployment(workspace, { document: wanted, trafficPercent: 100 }, known) };
}
const full = /quota \S+: The deployment \S+ wants .* standardFSv2Family: 16 of 16 vCPUs in use/;

describe("the preflight of a deployment", () => {
  it("adds three requests and no sequential round trip", async () => {
    const roundsOf = async (preflight: string) => {
      const rounds = new Rounds();
      let isOpen = false;
      const between: Opening["between"] = (request, send) => {
        // The workspace itself is read before.
        isOpen ||= /onlineEndpoints/.test(request.url);
        return isOpen ? rounds.between(request, send) : send();
      };
      const endpoint = freshEndpoint();
      await release(endpoint, { call: false, opening: { between, dryRun: true }, options: { preflight } });
      return rounds.rounds;
    };
    await roundsOf("off");
    const without = await roundsOf("off");
    const withIt = await roundsOf("on");
    const message = JSON.stringify({ without, withIt }, null, 1);
    assert.equal(withIt.flat().length - without.flat().length, 3, message);
    // The promise is two; a slow machine may show one too many.
    assert.ok(withIt.length <= without.length + 1, message);
  });

  it("fails before anything is uploaded where nothing there could be it", async () => {
    const { judge } = await judged(document(), [deployment("green", "Standard_DS2_v2", 1)]);
    await assert.rejects(judge, full);
  });

  it("waits for the plan where a deployment could turn out to be it: kept, it needs nothing; beside it, all", async () => {
    const { judge } = await judged(document(), [deployment("blue", "Standard_F4s_v2", 1)]);
    const plan = await judge;
    plan({ name: "blue", action: "keep" });
    plan({ name: "blue", action: "wait" });
    assert.throws(() => plan({ name: "blue-2", action: "create" }), full);
  });

  it("counts an in-place change by what it adds", async () => {
    const there = [deployment("blue", "Standard_F4s_v2", 3)];
    const planned = async (more: Partial<OnlineDeploymentDocument>) => {
      const plan = await (await judged(document(more), there)).judge;
      return () => plan({ name: "blue", action: "change" });
    };
    (await planned({ instance_count: 3 }))();
    (await planned({ instance_type: "Standard_F2s_v2", instance_count: 6 }))();
    assert.throws(await planned({ instance_count: 4 }), full);
  });

  it("asks for the right to write the endpoint where a canary or a mirror will, whatever share blue/green would get", async () => {
    for (const strategy of ["canary", "shadow"]) {
      const workspace = await openLocal({
        between: async (request, send) =>
          request.url.includes("/permissions")
            ? answered(request, 200, {
                value: [
                  {
                    actions: ["Microsoft.MachineLearningServices/workspaces/*"],
                    notActions: ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write"],
                    dataActions: [],
                    notDataActions: [],
                  },
                ],
              })
            : send(),
      });
      const options = { document: document(), trafficPercent: 0, strategy: { kind: strategy } };
      const known = Promise.resolve([undefined, []] as const);
      const outcome = await preflightOfDeployment(workspace, options as never, known).then(
        () => "passed",
        (error: Error) => error.message,
      );
      assert.match(outcome, /onlineEndpoints\/write/, strategy);
    }
  });

  it("looks at no quota of Kubernetes", async () => {
    const { judge } = await judged(document({ type: "kubernetes" }), []);
    (await judge)({ name: "blue", action: "create" });
  });

  it("warns of more than the service's limits in numbers", async () => {
    const many = Array.from({ length: 20 }, (_, index) => deployment(`d${index}`, "Standard_DS2_v2", 1));
    const { workspace, judge } = await judged(document({ type: "kubernetes", instance_count: 51 }), many);
    await judge;
    assert.match(
      workspace.log.text(),
      /\[warning\] Preflight, instances blue: .* 51 instances; Microsoft's limit is 50/,
    );
    assert.match(workspace.log.text(), /\[warning\] Preflight, deployments: .* 20 deployments, .* limit is 20/);
  });
});
