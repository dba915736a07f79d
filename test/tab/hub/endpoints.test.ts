// Endpoints as records tell of them: shares, models, since when, by which run, with which evidence.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { RunRecord } from "../../../lib/record/index.ts";
import { endpointsOf, modelKeyOf } from "../../../tab/hub/endpoints.ts";
import { at, deployed, modelId, promoted, rolledBack, run, trained, WORKSPACE } from "./projects.ts";

const PROD = { ...WORKSPACE, name: "prod" };
const line = (runs: Parameters<typeof endpointsOf>[0]) =>
  endpointsOf(runs).map(({ name, deployments }) => [
    name,
    deployments.map(({ name: one, share, model, since, isOlder, run: by }) =>
      [one, share, model ?? "?", isOlder ? `before ${since}` : since, by.id].join(" "),
    ),
  ]);

describe("endpoints of a project", () => {
  it("have the traffic that the last step left, each deployment since it got its own", () => {
    const first = run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 } })]);
    const steps = [
      { share: 10, since: at(20), until: at(30), outcome: "pass" as const },
      { share: 50, since: at(30) },
    ];
    const canary = run(2, [
      deployed(40, {
        ...{ name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 50, green: 50 } },
        more: { strategy: "canary", steps },
      }),
    ]);
    assert.deepEqual(line([canary, first]), [
      ["fraud", [`blue 50 fraud:1 ${at(1)} 1`, `green 50 fraud:2 ${at(20)} 2`]],
    ]);
    const whole = run(3, [
      deployed(60, { name: "green", model: "fraud:2", before: { blue: 50, green: 50 }, traffic: { green: 100 } }),
    ]);
    assert.deepEqual(line([canary, first, whole]), [["fraud", [`green 100 fraud:2 ${at(20)} 2`]]]);
  });

  it("begin again where a deployment gets another model, and not where a rerun finds all as it should be", () => {
    const first = run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 } })]);
    const rerun = run(2, [
      deployed(9, { name: "blue", model: "fraud:1", before: { blue: 100 }, traffic: { blue: 100 } }),
    ]);
    assert.deepEqual(line([first, rerun]), [["fraud", [`blue 100 fraud:1 ${at(1)} 1`]]]);
    assert.deepEqual(line([rerun]), [["fraud", [`blue 100 fraud:1 before ${at(10)} 2`]]]);
    const other = run(3, [
      deployed(20, {
        name: "blue",
        model: "fraud:2",
        before: { blue: 100 },
        traffic: { blue: 100 },
        more: { strategy: "inPlace" },
      }),
    ]);
    assert.deepEqual(line([first, other]), [["fraud", [`blue 100 fraud:2 ${at(21)} 3`]]]);
  });

  it("keep the model that a deployment had where a change in place failed", () => {
    const first = run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 } })]);
    const broken = run(2, [
      deployed(20, {
        ...{ name: "blue", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 100 }, result: "failed" },
        more: { strategy: "inPlace" },
      }),
    ]);
    assert.deepEqual(line([first, broken]), [["fraud", [`blue 100 fraud:1 ${at(1)} 1`]]]);
    assert.equal(endpointsOf([first, broken])[0]?.changes[0]?.result, "failed");
  });

  it("go back with a rollback, and say of what was there before the first run only since before when", () => {
    const green = run(1, [
      deployed(0, { name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 90, green: 10 } }),
    ]);
    assert.deepEqual(line([green]), [["fraud", [`blue 90 ? before ${at(1)} 1`, `green 10 fraud:2 ${at(1)} 1`]]]);
    const back = run(2, [rolledBack(30, "blue", { blue: 90, green: 10 })]);
    assert.deepEqual(line([back, green]), [["fraud", [`blue 100 ? before ${at(1)} 1`]]]);
    const [endpoint] = endpointsOf([back, green]);
    assert.deepEqual(
      endpoint?.changes.map(({ what, deployment }) => [what, deployment]),
      [
        ["rolledBack", "blue"],
        ["deployed", "green"],
      ],
    );
  });

  it("of a shadow have no share for its copies", () => {
    const shadow = deployed(10, {
      ...{ name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 100 } },
      more: { strategy: "shadow", steps: [{ share: 20, since: at(10) }] },
    });
    assert.deepEqual(line([run(1, [shadow])]), [["fraud", [`blue 100 ? before ${at(11)} 1`]]]);
  });

  it("of one name in two workspaces are two, and the last that changed comes first", () => {
    const both = [
      run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 }, workspace: PROD })]),
      run(2, [deployed(5, { name: "blue", model: "fraud:3", traffic: { blue: 100 } })]),
    ];
    assert.deepEqual(
      endpointsOf(both).map(({ workspace }) => workspace?.name),
      ["ws1", "prod"],
    );
  });
});

describe("evidence of a live model", () => {
  it("is that of the run that registered it: gate of its job, approval, signature", () => {
    const [endpoint] = endpointsOf([
      run(1, [...trained("fraud:2", 0), ...trained("other:7", 1, false)], "train"),
      run(2, [deployed(9, { name: "green", model: "fraud:2", traffic: { green: 100 } })]),
    ]);
    assert.deepEqual(endpoint?.deployments[0]?.evidence, {
      run: { id: 1, number: "20261127.1", pipeline: "train" },
      gate: { passed: true, rules: 1, champion: "fraud:1" },
      approvedBy: "Rosa Reviewer",
      signedBy: "contoso-signing",
    });
  });

  it("is not the signature of another model, nor one that did not verify", () => {
    const [judged, registered] = trained("fraud:2", 0);
    const { proof: _proof, ...unsigned } = registered!;
    const live = run(2, [deployed(9, { name: "green", model: "fraud:2", traffic: { green: 100 } })]);
    const signerBeside = (...others: RunRecord[]) =>
      endpointsOf([run(1, [judged!, unsigned, ...others], "train"), live])[0]?.deployments[0]?.evidence?.signedBy;
    assert.equal(signerBeside(...trained("other:7", 1)), undefined);
    const { model: _model, ...elsewhere } = registered!;
    const proof = { documents: [], signer: "contoso-signing", model: "fraud:2" };
    assert.equal(signerBeside({ ...elsewhere, proof }), "contoso-signing");
    assert.equal(signerBeside({ ...elsewhere, proof: { ...proof, model: "other:7" } }), undefined);
    assert.equal(signerBeside({ ...elsewhere, proof: { ...proof, outcome: "failed" } }), undefined);
  });

  it("is not the gate of another model beside which this one was verified or promoted", () => {
    const [otherGate] = trained("other:7", 3);
    const target = "azureml://registries/shared/models/fraud/versions/4";
    const { gate: _gate, ...bare } = otherGate!;
    const verified: RunRecord = {
      ...bare,
      task: { name: "AzureMLVerifyModel", friendlyName: "Azure ML: Verify model", version: "1.4.0" },
      model: { name: "fraud", version: "2", id: modelId("fraud:2") },
      proof: { documents: [], signer: "other-signer", model: "fraud:2", outcome: "passed" },
    };
    const gateOf = (model: string, ...others: RunRecord[]) =>
      endpointsOf([
        run(1, trained("fraud:2", 0, false), "train"),
        run(2, [otherGate!, ...others]),
        run(3, [deployed(9, { name: "green", model, traffic: { green: 100 } })]),
      ])[0]?.deployments[0]?.evidence;
    assert.deepEqual([gateOf("fraud:2", verified)?.gate?.passed, gateOf("fraud:2", verified)?.run.id], [false, 1]);
    assert.equal(gateOf("fraud:2", verified)?.signedBy, "other-signer");
    assert.equal(gateOf(target, promoted(5, modelId("fraud:2"), target))?.gate?.passed, false);
    assert.equal(gateOf(target, promoted(5, modelId("fraud:1"), target))?.gate, undefined);
  });

  it("is not taken from a version of the same name in another workspace", () => {
    const [endpoint] = endpointsOf([
      run(1, trained("fraud:2", 0), "train"),
      run(2, [deployed(9, { name: "green", model: "fraud:2", traffic: { green: 100 }, workspace: PROD })]),
    ]);
    assert.equal(endpoint?.deployments[0]?.evidence, undefined);
  });

  it("of a promoted version names what it is a copy of", () => {
    const target = "azureml://registries/shared/models/fraud/versions/4";
    const [endpoint] = endpointsOf([
      run(1, [promoted(5, modelId("fraud:2"), target)], "promote"),
      run(2, [deployed(9, { name: "green", model: target, traffic: { green: 100 }, workspace: PROD })]),
    ]);
    const [live] = endpoint?.deployments ?? [];
    assert.equal(live?.model, "shared/fraud:4");
    assert.deepEqual(live?.evidence, {
      run: { id: 1, number: "20261127.1", pipeline: "promote" },
      ...{ approvedBy: "Rosa Reviewer", promotedFrom: "fraud:2" },
    });
  });

  it("knows a model by its id, its reference and any spelling of its letters", () => {
    const id = modelKeyOf(modelId("fraud:2"), undefined);
    assert.equal(modelKeyOf(modelId("Fraud:2").toUpperCase(), undefined), id);
    assert.equal(modelKeyOf("azureml:fraud:2", WORKSPACE), id);
    assert.equal(modelKeyOf("fraud:2", WORKSPACE), id);
    assert.notEqual(modelKeyOf("fraud:2", PROD), id);
    const registry = modelKeyOf("azureml://registries/r/models/fraud/versions/2", WORKSPACE);
    assert.equal(modelKeyOf("azureml://registries/r/models/fraud/versions/2", PROD), registry);
    assert.notEqual(registry, id);
  });
});

describe("endpoints of any runs", () => {
  it("are the same in whatever order the runs come, and their shares are those of the last", () => {
    const share = fc.dictionary(
      fc.constantFrom("blue", "green", "__proto__", "toString"),
      fc.integer({ min: 0, max: 100 }),
    );
    const step = fc.record({
      name: fc.constantFrom("blue", "green"),
      model: fc.constantFrom("m:1", "m:2"),
      before: share,
      traffic: share,
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const runs = steps.map((one, index) => run(index + 1, [deployed(index * 5, one)]));
        const [endpoint] = endpointsOf(runs);
        assert.deepEqual(endpointsOf([...runs].reverse()), [endpoint]);
        const last = steps.at(-1)!.traffic;
        for (const { name, share: shown, since } of endpoint!.deployments) {
          assert.ok(shown > 0 && Object.hasOwn(last, name) && last[name] === shown, name);
          assert.ok(Date.parse(since) <= Date.parse(endpoint!.changes[0]!.at));
        }
        assert.equal(endpoint!.deployments.length, Object.values(last).filter((one) => one > 0).length);
      }),
    );
  });
});
