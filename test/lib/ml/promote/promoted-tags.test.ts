// Tags of a promoted version: lineage goes along, evidence only as it was proven, and others' tags stay.
import assert from "node:assert/strict";
import { type Marks, propertiesOfNew, tagsOfKnown, tagsOfNew } from "../../../../lib/ml/promote/promoted-tags.ts";
import { provenance } from "../world.ts";

describe("tags of a promoted version", () => {
  const source = {
    id: "/source",
    properties: {
      jobName: "amber",
      tags: {
        stage: "dev",
        approval: "approved",
        evaluation: "passed",
        evaluationRun: "https://forged/",
        BuildId: "7",
      },
      properties: { "mlflow.source.git.commit": "c0ffee" },
    },
  };
  const marks: Marks = {
    from: "/source",
    isWorkspace: true,
    contentHash: "abc",
    evidence: undefined,
    metrics: { auc: 0.9, broken: Number.NaN },
    approvedBy: undefined,
    tags: { mine: "1" },
    provenance,
  };

  it("carry lineage and what users said, and neither an approval nor evidence that was not proven", () => {
    const tags = tagsOfNew(source, marks);
    assert.deepEqual(tags, {
      jobName: "amber",
      stage: "dev",
      BuildId: "7",
      mine: "1",
      "azureDevOps.promotedFrom": "/source",
      "azureDevOps.promotedBy": provenance.runUri,
      "azureDevOps.promotedContent": "abc",
      "azureDevOps.origin": "/source",
      "azureDevOps.metrics": '{"auc":0.9}',
    });
    const proven = tagsOfNew(source, { ...marks, evidence: { evaluation: "passed", evaluationRun: "https://true/" } });
    assert.equal(proven["evaluationRun"], "https://true/");
  });

  it("leave what a monitor found where the source was live", () => {
    const drift = { "azureDevOps.drift": "inputs", "azureDevOps.driftMonitor": "drift:amber_1", owner: "Ada" };
    const tags = tagsOfNew({ ...source, properties: { tags: drift } }, marks);
    assert.deepEqual([tags["owner"], Object.keys(tags).filter((name) => /drift/i.test(name))], ["Ada", []]);
  });

  it("carry nothing of the source's approval beside the approver of the promotion", () => {
    const approved = {
      approval: "approved",
      "azureDevOps.approvedBy": "Ada",
      "azureDevOps.approvedAt": "2026-11-27T10:00:00Z",
      "azureDevOps.approvalComment": "good enough for dev",
      "azureDevOps.approvalRun": "https://dev.azure.com/contoso/p/_build/results?buildId=7",
      "azureDevOps.validated": "2026-11-27T09:00:00Z",
    };
    const tags = tagsOfNew({ ...source, properties: { tags: approved } }, { ...marks, approvedBy: "Grace" });
    const about = Object.entries(tags).filter(([name]) => /approv|validated/i.test(name));
    assert.deepEqual(about, [["azureDevOps.approvedBy", "Grace"]]);
  });

  it("keep the origin along a chain, and name only the last step of it", () => {
    const middle = { id: "/middle", properties: { ...source.properties, tags: tagsOfNew(source, marks) } };
    const tags = tagsOfNew(middle, { ...marks, from: "/middle", metrics: undefined });
    assert.deepEqual(
      [tags["azureDevOps.origin"], tags["azureDevOps.promotedFrom"], tags["azureDevOps.metrics"]],
      ["/source", "/middle", '{"auc":0.9}'],
    );
  });

  it("of a version that is there stay, but for evidence; those of the run that promoted it first too", () => {
    const first = tagsOfNew(source, marks);
    const there = { properties: { tags: { ...first, approval: "approved", theirs: "2", evaluation: "passed" } } };
    const later = { ...marks, provenance: { ...provenance, runUri: "https://later/" } };
    const same = tagsOfKnown(there, source, later);
    assert.deepEqual(same, there.properties.tags);
    const failed = tagsOfKnown(there, source, { ...later, evidence: { evaluation: "failed" } });
    assert.deepEqual([failed["evaluation"], failed["theirs"], failed["approval"]], ["failed", "2", "approved"]);
  });

  it("hold as many metrics as fit, and properties hold more", () => {
    const metrics = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`metric-${index + 10}`, index]));
    const text = tagsOfNew(source, { ...marks, metrics })["azureDevOps.metrics"] ?? "";
    assert.ok(text.length <= 256 && Object.keys(JSON.parse(text)).length > 5, text);
    const property = propertiesOfNew(source, { ...marks, metrics });
    assert.deepEqual(JSON.parse(property["azureDevOps.metrics"] ?? ""), metrics);
    assert.equal(property["mlflow.source.git.commit"], "c0ffee");
  });
});
