// Machines that have to fit into a quota: the reserve of managed deployments, jobs that wait, sizes that fit; and properties of the arithmetic.
import assert from "node:assert/strict";
import fc from "fast-check";
import { fittingSizes, judgeQuota, type MachineNeed, withReserve } from "../../../../lib/ml/preflight/quota.ts";
import type { MachineSize, Usage } from "../../../../lib/ml/workspace/region.ts";

const anywhere = ["AmlCompute", "ComputeInstance", "MIR"];
const size = (name: string, family: string, vCPUs: number, more: Partial<MachineSize> = {}): MachineSize => ({
  ...{ name, family, vCPUs, gpus: 0, supportedComputeTypes: anywhere },
  ...more,
});
const sizes = [
  size("Standard_F2s_v2", "standardFSv2Family", 2),
  size("Standard_F4s_v2", "standardFSv2Family", 4),
  size("Standard_DS3_v2", "standardDSv2Family", 4),
  size("Standard_A1_v2", "standardAv2Family", 1, { supportedComputeTypes: ["AmlCompute"] }),
  size("Standard_NC6s_v3", "standardNCSv3Family", 6, { gpus: 1 }),
  size("Standard_NC24ads_A100_v4", "StandardNCADSA100v4Family", 24, { gpus: 1 }),
];
const ML = "Microsoft.MachineLearningServices";
const row = (value: string, currentValue: number, limit: number, kind = "vmFamily/dedicatedCores"): Usage => ({
  type: `${ML}/${kind}/usages`,
  name: { value },
  currentValue,
  limit,
});
const room = (used: number, limit: number, total = 1_000): Usage[] => [
  row("TotalDedicatedCores", 0, total, "totalDedicatedCores"),
  row("standardFSv2Family", used, limit),
  row("standardFSv2Family", 0, -1, "vmFamily/lowPriorityCores"),
  row("standardDSv2Family", 0, 100),
  row("standardNCSv3Family", 0, 6),
  row("StandardNCADSA100v4Family", 0, 24),
];
const need = (more: Partial<MachineNeed> = {}): MachineNeed => ({
  ...{
    what: "the deployment blue",
    name: "blue",
    size: "Standard_F4s_v2",
    instances: 1,
    tier: "dedicated",
    use: "MIR",
  },
  ...more,
});
const judge = (wanted: MachineNeed, usages: Usage[]) => judgeQuota(wanted, { location: "eastus2", sizes, usages });

describe("the quota of a managed deployment", () => {
  it("includes a fifth for upgrades, in whole instances, as a user's failure reported it", () => {
    // Standard_F4s_v2 x 1 with a limit of 6: "Current usage/limit: 0/6. Additional needed: 8".
    const { outcome, answered } = judge(need(), room(0, 6));
    assert.equal(outcome, "failed");
    assert.equal(
      answered,
      "The deployment blue wants 1 x Standard_F4s_v2 of 4 vCPUs each: 4, and with the fifth that Azure reserves for upgrades ceil(1.2 x 1) x 4 = 8; standardFSv2Family: 0 of 6 vCPUs in use; TotalDedicatedCores: 0 of 1000 vCPUs in use. Sizes with room for 1 now: Standard_DS3_v2, Standard_F2s_v2.",
    );
    assert.equal(judge(need(), room(0, 8)).outcome, "passed");
    assert.equal(judge(need({ instances: 3 }), room(0, 16)).outcome, "passed", "as it was recorded");
    assert.equal(judge(need({ instances: 3 }), room(1, 16)).outcome, "failed");
  });

  it("counts against the region as a whole, too", () => {
    const { outcome, answered } = judge(need(), room(0, 100, 4));
    assert.equal(outcome, "failed");
    assert.match(answered, /TotalDedicatedCores: 0 of 4 vCPUs in use/);
    assert.match(answered, /Sizes with room for 1 now: Standard_F2s_v2\./);
  });

  it("has no reserve for the sizes that Microsoft's list names, and warns where a GPU's reserve is not sure", () => {
    const listed = judge(need({ size: "standard_nc24ads_a100_v4" }), room(0, 6));
    assert.equal(listed.outcome, "passed", listed.answered);
    const others = judge(need({ size: "Standard_NC6s_v3" }), room(0, 6));
    assert.equal(others.outcome, "warned", "6 vCPUs fit, 12 would not");
    assert.equal(judge(need({ size: "Standard_NC6s_v3", instances: 2 }), room(0, 6)).outcome, "failed");
  });

  it("counts what the deployment holds already only once", () => {
    const changed = (instances: number, size = "Standard_F4s_v2") =>
      judge(need({ instances, replaces: { size, instances: 3 } }), room(16, 16, 16)).outcome;
    assert.deepEqual(
      [1, 3, 4].map((count) => changed(count)),
      ["passed", "passed", "failed"],
    );
    assert.equal(changed(4, "Standard_F2s_v2"), "failed", "a smaller one frees less");
    assert.equal(changed(1, "Standard_DS3_v2"), "failed", "one of another family frees nothing of this one");
  });
});

describe("the quota of a job", () => {
  const job = (more: Partial<MachineNeed> = {}) => need({ what: "the job", name: "job", use: "AmlCompute", ...more });

  it("fails only what can never begin, and warns of what waits", () => {
    const never = judge(job({ instances: 5 }), room(0, 16));
    assert.deepEqual([never.outcome, never.id], ["failed", "quota job"]);
    assert.match(never.answered, /^The job wants 5 x Standard_F4s_v2 of 4 vCPUs each: 20; .*0 of 16/);
    const waits = judge(job({ instances: 4 }), room(8, 16));
    assert.equal(waits.outcome, "warned");
    assert.match(waits.answered, /8 of 16 vCPUs in use.* waits in the queue/);
    assert.equal(judge(job({ instances: 4 }), room(0, 16)).outcome, "passed");
    assert.equal(judge(job({ instances: 4, held: 4 }), room(16, 16)).outcome, "passed", "its cluster has the nodes");
  });

  it("of low priority counts against no family whose limit is -1", () => {
    assert.equal(judge(job({ instances: 50, tier: "lowPriority" }), room(16, 16)).outcome, "passed");
  });
});

describe("a size of machines", () => {
  it("that the region does not have fails, with sizes that it has", () => {
    const { outcome, answered } = judge(need({ size: "Standard_F4" }), room(0, 100));
    assert.equal(outcome, "failed");
    assert.match(answered, /^eastus2 has no machines of the size Standard_F4, .*room for 1 now: Standard_F2s_v2/);
  });

  it("that is not named for deployments is a warning: what the list says of it is deduced", () => {
    const { outcome, answered } = judge(need({ size: "Standard_A1_v2" }), room(0, 100));
    assert.equal(outcome, "warned");
    assert.match(answered, /for AmlCompute, and not for managed online deployments \(MIR\)/);
  });

  it("whose quota no list names is not checked", () => {
    assert.equal(judge(need(), []).outcome, "notAsked");
    assert.equal(judgeQuota(need(), { location: "eastus2", sizes: [], usages: [] }).outcome, "notAsked");
  });
});

describe("the arithmetic of quotas", () => {
  it("reserves a fifth in whole instances, without an error of rounding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (instances) => {
        const reserved = withReserve(instances);
        assert.ok(reserved * 10 >= instances * 12 && (reserved - 1) * 10 < instances * 12);
      }),
    );
    assert.deepEqual([1, 5, 10, 25].map(withReserve), [2, 6, 12, 30]);
  });

  it("names only sizes that pass themselves, and never fails less where more is in use", () => {
    const worse = { passed: 0, notAsked: 0, warned: 1, failed: 2 };
    fc.assert(
      fc.property(
        fc.record({
          instances: fc.integer({ min: 1, max: 30 }),
          used: fc.integer({ min: 0, max: 120 }),
          limit: fc.integer({ min: 0, max: 120 }),
          total: fc.integer({ min: 0, max: 300 }),
          use: fc.constantFrom("MIR" as const, "AmlCompute" as const),
        }),
        ({ instances, used, limit, total, use }) => {
          const wanted = need({ instances, use });
          const lists = { location: "eastus2", sizes, usages: room(used, limit, total) };
          for (const name of fittingSizes(wanted, lists))
            assert.equal(judgeQuota({ ...wanted, size: name }, lists).outcome, "passed", name);
          const more = { ...lists, usages: room(used + 7, limit, total) };
          assert.ok(worse[judgeQuota(wanted, more).outcome] >= worse[judgeQuota(wanted, lists).outcome]);
        },
      ),
    );
  });
});
