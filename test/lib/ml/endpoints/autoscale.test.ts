// Autoscale with a rollout, on the local cloud: written once the deployment is ready, the instance count left alone from then on, and deleted
// with its deployment.
import assert from "node:assert/strict";
import path from "node:path";
import { readAutoscale, readSource } from "../../../../lib/documents/index.ts";
import { AUTOSCALE_TAG, autoscaleName } from "../../../../lib/ml/endpoints/autoscale.ts";
import { autoscaleSettingsOf } from "../../../../local/azure/monitor/autoscale.ts";
import { deploymentKey, deploymentsOf } from "../../../../local/azure/records/online-endpoint.ts";
import { project } from "../projects.ts";
import { begin, failureOf, freshEndpoint, release, served, type Wish } from "../rollouts.ts";
import { answered, theCloud } from "../world.ts";

function autoscale(maximum = 4) {
  const folder = project({
    "autoscale.yml": JSON.stringify({
      profiles: [
        {
          name: "usual",
          capacity: { minimum: 1, maximum, default: 1 },
          rules: [
            {
              metricTrigger: {
                metricName: "CpuUtilizationPercentage",
                timeGrain: "PT1M",
                statistic: "Average",
                timeWindow: "PT5M",
                timeAggregation: "Average",
                operator: "GreaterThan",
                threshold: 70,
              },
              scaleAction: { direction: "Increase", type: "ChangeCount", value: 1, cooldown: "PT5M" },
            },
          ],
        },
      ],
    }),
  });
  return readAutoscale(readSource(path.join(folder, "autoscale.yml"), { root: folder }));
}
const withSettings = (more: Wish = {}, maximum?: number): Wish => ({
  ...more,
  options: { ...more.options, autoscale: autoscale(maximum) },
});
const settings = async (endpoint: string, deployment: string) =>
  autoscaleSettingsOf((await theCloud()).azure).get(autoscaleName(endpoint, deployment).toLowerCase());
/** Keeps a specification as the step does, in a file of its own. */
const keep = (text: string) => path.join(project({ "previous.json": text }), "previous.json");
const record = async (endpoint: string, deployment: string) =>
  deploymentsOf((await theCloud()).azure).get(deploymentKey(endpoint, deployment));

describe("autoscale with a rollout", () => {
  it("is written for the deployment, and the count that it has set stays, also where no file is given any more", async () => {
    const name = freshEndpoint();
    await release(name, withSettings());
    const made = await settings(name, "blue");
    assert.match(
      String(made?.properties["targetResourceUri"]),
      new RegExp(`/onlineEndpoints/${name}/deployments/blue$`),
    );
    const blue = (await record(name, "blue"))!;
    assert.equal(blue.tags[AUTOSCALE_TAG], autoscaleName(name, "blue"));
    // What autoscale does when there is load.
    blue.sku = { ...blue.sku, capacity: 3 };

    for (const wish of [withSettings(), {}]) {
      const again = await begin(name, wish);
      await again.done;
      assert.match(again.log.text(), /keep the deployment blue, which is the same already/);
      assert.deepEqual((await served(name)).deployments, ["blue"]);
      assert.equal((await record(name, "blue"))?.sku.capacity, 3);
    }
  });

  it("keeps the count of a deployment that is changed in place", async () => {
    const name = freshEndpoint();
    await release(name, withSettings());
    const blue = (await record(name, "blue"))!;
    blue.sku = { ...blue.sku, capacity: 3 };
    await release(name, { how: "a", options: { strategy: { kind: "inPlace" }, keep } });
    assert.deepEqual((await served(name)).deployments, ["blue:a"]);
    assert.equal((await record(name, "blue"))?.sku.capacity, 3);
  });

  it("is written again only where it has changed", async () => {
    const name = freshEndpoint();
    await release(name, withSettings());
    const puts: string[] = [];
    const onRequest = (method: string, url: string) => {
      if (method === "PUT" && url.includes("/autoscalesettings/")) puts.push(url);
    };
    await release(name, withSettings({ opening: { onRequest } }));
    assert.equal(puts.length, 0);
    await release(name, withSettings({ opening: { onRequest } }, 9));
    assert.equal(puts.length, 1);
  });

  it("goes with its deployment, of a rollout that fails and of an old one that is deleted", async () => {
    const name = freshEndpoint();
    await release(name, withSettings());
    await failureOf(await begin(name, withSettings({ deployment: "green", how: "wrong" })));
    assert.deepEqual((await served(name)).deployments, ["blue"]);
    assert.equal(await settings(name, "green"), undefined);
    assert.ok(await settings(name, "blue"));
    await release(name, { deployment: "green", how: "a", remove: true });
    assert.deepEqual((await served(name)).deployments, ["green:a"]);
    assert.equal(await settings(name, "blue"), undefined);
  });

  it("deletes no settings of another target, whatever the tag says", async () => {
    const name = freshEndpoint();
    await release(name, withSettings());
    const other = freshEndpoint();
    await release(other);
    (await record(other, "blue"))!.tags[AUTOSCALE_TAG] = autoscaleName(name, "blue");
    await release(other, { deployment: "green", how: "a", remove: true });
    assert.ok(await settings(name, "blue"));
  });

  it("takes no settings away from another deployment whose name with its endpoint's is the same", async () => {
    const name = freshEndpoint();
    const other = `${name}-a`;
    await release(other, withSettings({ deployment: "green" }));
    const before = (await settings(other, "green"))?.properties["targetResourceUri"];
    const rollout = await begin(name, withSettings({ deployment: "a-green" }));
    const outcome = await rollout.done.then(
      () => "succeeded",
      (error: Error) => error.message,
    );
    assert.equal((await settings(other, "green"))?.properties["targetResourceUri"], before);
    assert.match(outcome, /autoscale settings .* are those of .*\/onlineEndpoints\/.*-a\/deployments\/green/);
  });

  it("fails the rollout before any traffic moves where the identity may not write it, and says which role may", async () => {
    const name = freshEndpoint();
    await release(name);
    const error = await failureOf(
      await begin(
        name,
        withSettings({
          deployment: "green",
          how: "a",
          opening: {
            between: async (request, send) =>
              request.method === "PUT" && request.url.includes("/autoscalesettings/")
                ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "No." } })
                : send(),
          },
        }),
      ),
    );
    assert.match(error.message, /may not write the autoscale settings .*deployment green was deleted/);
    assert.match(error.hint ?? "", /Microsoft\.Insights\/autoscaleSettings.*Contributor/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });
});
