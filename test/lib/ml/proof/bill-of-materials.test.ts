// The bill of materials and the provenance statement: what is known stands in them, and what is not is absent. Their schema is held by
// `npm run test:conformance`, with the validator of CycloneDX.
import assert from "node:assert/strict";
import { billOfMaterials } from "../../../../lib/ml/proof/bill-of-materials.ts";
import { manifestOf } from "../../../../lib/ml/proof/model-manifest.ts";
import type { ProofFacts } from "../../../../lib/ml/proof/proof-facts.ts";
import { provenanceStatement, readProvenance } from "../../../../lib/ml/proof/provenance-statement.ts";
import type { Provenance } from "../../../../lib/provenance.ts";
import { file } from "./reference-model.ts";

const nothing: Provenance = {
  ...{ kind: "none", organization: "", project: "", definition: "", runId: "", runNumber: "", runUri: "" },
  ...{ stage: "", job: "", step: "", attempt: 1, repositoryUri: "", branch: "", commit: "" },
};
const least: ProofFacts = {
  model: { name: "fraud", version: "7", type: "custom_model", id: "/models/fraud/versions/7" },
  manifest: manifestOf("fraud:7", [file("model.pkl", "m")]),
  time: "2026-11-27T10:00:00.000Z",
  tool: { name: "AzureMLRegisterModel", version: "0.1.0" },
  provenance: nothing,
  evidence: {},
};
const all: ProofFacts = {
  ...least,
  provenance: {
    ...nothing,
    ...{ kind: "build", organization: "https://dev.azure.com/contoso/", project: "ml ops", definitionId: "12" },
    ...{ runUri: "https://dev.azure.com/contoso/ml%20ops/_build/results?buildId=5", attempt: 2 },
  },
  job: {
    name: "amber_fox",
    id: "/jobs/amber_fox",
    studioUrl: "https://ml.azure.com/runs/amber_fox",
    repository: "https://github.com/contoso/fraud",
    commit: "0123456789012345678901234567890123456789",
    branch: "main",
    data: [{ input: "train", uri: "azureml:loans:3", name: "loans", version: "3" }],
    environment: {
      id: "/environments/sklearn/versions/2",
      name: "sklearn",
      version: "2",
      image: `mcr.microsoft.com/base@sha256:${"ab".repeat(32)}`,
      imageDigest: "ab".repeat(32),
      packages: [
        { name: "scikit-learn", version: "1.5.2", from: "pip" },
        { name: "pandas", from: "pip" },
        { name: "pandas", from: "pip" },
      ],
    },
  },
  metrics: { accuracy: 0.861, broken: Number.NaN },
  evidence: { evaluation: "passed", evaluationRun: "https://dev.azure.com/contoso/ml/_build/results?buildId=4" },
  approvedBy: "Ada",
};

describe("A bill of materials", () => {
  it("invents nothing: without facts it has the model and its files alone", () => {
    const bill = billOfMaterials(least) as { metadata: { component: Record<string, unknown> }; components: unknown[] };
    assert.deepEqual(bill.components, []);
    assert.deepEqual(Object.keys(bill.metadata.component), [
      "type",
      "bom-ref",
      "name",
      "version",
      "properties",
      "components",
    ]);
    assert.match(
      JSON.stringify(bill),
      /"serialNumber":"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/,
    );
  });

  it("names data, packages, image, metrics as texts, job, runs and approval", () => {
    const text = JSON.stringify(billOfMaterials(all));
    for (const part of [
      '{"type":"accuracy","value":"0.861"}',
      '"purl":"pkg:pypi/scikit-learn@1.5.2"',
      `{"alg":"SHA-256","content":"${"ab".repeat(32)}"}`,
      '"name":"loans","version":"3"',
      '"comment":"commit 0123456789012345678901234567890123456789"',
      '{"name":"azureml:approvedBy","value":"Ada"}',
      '{"name":"azureml:evaluation","value":"passed"}',
      '"type":"quality-metrics"',
    ])
      assert.ok(text.includes(part), part);
    assert.equal(text.split('"pip:pandas"').length, 4, "one component, one dependency and its own");
    assert.ok(!text.includes("broken"));
  });
});

describe("A provenance statement", () => {
  const bill = { name: "bom.cdx.json", sha256: "cd".repeat(32), mediaType: "application/vnd.cyclonedx+json" };

  it("names builder, run, commit, data and image, and vouches for the bill of materials", () => {
    const statement = provenanceStatement(all, bill);
    const text = JSON.stringify(statement);
    for (const part of [
      '"id":"https://dev.azure.com/contoso/ml%20ops/_build/definition?definitionId=12"',
      '"uri":"git+https://github.com/contoso/fraud@refs/heads/main","digest":{"gitCommit":"0123456789012345678901234567890123456789"}',
      '{"name":"train","uri":"azureml:loans:3"}',
      `"digest":{"sha256":"${"ab".repeat(32)}"}`,
    ])
      assert.ok(text.includes(part), part);
    const read = readProvenance(statement);
    assert.equal(read?.name, "fraud:7");
    assert.equal(read?.digest, all.manifest.digest);
    assert.deepEqual(read?.bills, [{ name: bill.name, digest: { sha256: bill.sha256 }, mediaType: bill.mediaType }]);
    assert.match(read?.invocation ?? "", /buildId=5#attempt-2$/);
  });

  it("has no dependency that nobody named, and is told from what is none", () => {
    assert.ok(JSON.stringify(provenanceStatement(least, bill)).includes('"resolvedDependencies":[]'));
    assert.equal(readProvenance({}), undefined);
    assert.equal(readProvenance(null), undefined);
  });
});
