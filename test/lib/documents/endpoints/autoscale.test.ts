// Autoscale settings in a file of their own: both forms, the ids that are filled in, and faults with their lines.
import assert from "node:assert/strict";
import { autoscaleBody, readAutoscale } from "../../../../lib/documents/index.ts";
import { faultsOf, type Project, project } from "../project.ts";

const trigger = (more = "") => `
        metricName: CpuUtilizationPercentage
        timeGrain: PT1M
        statistic: Average
        timeWindow: PT5M
        timeAggregation: Average
        operator: GreaterThan
        threshold: 70${more}`;
const PROPERTIES = `profiles:
  - name: usual
    capacity: {minimum: 1, maximum: "5", default: 2}
    rules:
    - metricTrigger:${trigger()}
      scaleAction: {direction: Increase, type: ChangeCount, value: 1, cooldown: PT5M}
    - metricTrigger:${trigger("\n        metricResourceUri: endpoint")}
      scaleAction: {direction: Decrease, type: ChangeCount, value: "1", cooldown: PT10M}
`;
const ids = { deployment: "/w/onlineEndpoints/ep/deployments/green", endpoint: "/w/onlineEndpoints/ep" };

describe("autoscale settings", () => {
  let files: Project;
  beforeEach(() => {
    files = project({});
  });
  afterEach(() => files.remove());
  const body = (yaml: string) => autoscaleBody(readAutoscale(files.yaml(yaml)), ids, "eastus2");

  it("become the body of Azure Monitor: whole numbers as texts, thresholds as numbers, the ids filled in", () => {
    const { location, properties } = body(PROPERTIES);
    assert.deepEqual([location, properties.enabled, properties.targetResourceUri], ["eastus2", true, ids.deployment]);
    const [profile] = properties.profiles;
    assert.deepEqual(profile?.capacity, { minimum: "1", maximum: "5", default: "2" });
    const [up, down] = profile!.rules;
    assert.deepEqual([up?.metricTrigger.metricResourceUri, up?.metricTrigger.threshold], [ids.deployment, 70]);
    assert.deepEqual([down?.metricTrigger.metricResourceUri, down?.scaleAction.value], [ids.endpoint, "1"]);
    assert.equal(up?.scaleAction.value, "1");
  });

  it("may be a whole body that was exported for another deployment, with ids of others kept", () => {
    const exported = `location: westeurope
tags: {team: a}
id: /subscriptions/s/resourceGroups/rg/providers/microsoft.insights/autoscalesettings/old
properties:
  name: old
  enabled: false
  targetResourceUri: /x/onlineEndpoints/ep/deployments/blue
  ${PROPERTIES.replaceAll("\n", "\n  ").replace("threshold: 70", "threshold: 70\n          metricResourceUri: /x/onlineEndpoints/ep/deployments/blue").replace("metricResourceUri: endpoint", "metricResourceUri: /subscriptions/s/queues/q")}`;
    const { properties, tags, location } = body(exported);
    assert.deepEqual(
      [tags, location, properties.enabled, properties.targetResourceUri],
      [{ team: "a" }, "eastus2", false, ids.deployment],
    );
    assert.deepEqual(
      properties.profiles[0]?.rules.map(({ metricTrigger }) => metricTrigger.metricResourceUri),
      [ids.deployment, "/subscriptions/s/queues/q"],
    );
    assert.ok(!("name" in properties));
  });

  const refused: Readonly<Record<string, readonly [yaml: string, says: RegExp]>> = {
    "a maximum below the minimum": [
      PROPERTIES.replace("minimum: 1", "minimum: 7"),
      /capacity.* is 7 to 5, and 2 by default/,
    ],
    "no whole number": [PROPERTIES.replace("minimum: 1", "minimum: one"), /whole numbers/],
    "an unknown metric operator": [PROPERTIES.replace("operator: GreaterThan", "operator: Above"), /operator.*Above/],
    "a duration in words": [
      PROPERTIES.replace("cooldown: PT5M", "cooldown: 5 minutes"),
      /a duration such as PT5M is needed/,
    ],
    "a threshold as text": [PROPERTIES.replace("threshold: 70", "threshold: high"), /threshold.* is .*high/],
    "a misspelt field": [PROPERTIES.replace("capacity:", "capacities:"), /capacities/],
    "no profiles": ["enabled: true\n", /profiles/],
    "an empty list of profiles": ["profiles: []\n", /need a profile/],
  };
  for (const [what, [yaml, says]] of Object.entries(refused)) {
    it(`refuse ${what}, with its line`, () => {
      const faults = faultsOf(() => readAutoscale(files.yaml(yaml)));
      assert.match(faults.map(({ message }) => message).join("\n"), says);
      assert.ok(faults.every(({ where }) => where?.line !== undefined));
    });
  }
});
