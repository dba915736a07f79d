// A CycloneDX bill of materials of a model, version 1.6 (docs/facts/evidence.md#G.1). Written by hand: the library of CycloneDX drops a model's
// card without a word; its validator holds the result in the tests.
// Tests: test/lib/ml/proof/bill-of-materials.test.ts
import { sha256 } from "../../sha256.ts";
import { type ProofFacts, sourceOf, type UsedEnvironment } from "./proof-facts.ts";

type Json = Readonly<Record<string, unknown>>;

/** The document, as an object of JSON. */
export function billOfMaterials(facts: ProofFacts): Json {
  const { model, manifest, job, tool, time } = facts;
  const data = (job?.data ?? []).map((one) => ({
    type: "data",
    "bom-ref": `data:${one.input}`,
    name: one.name ?? one.input,
    ...(one.version === undefined ? {} : { version: one.version }),
    properties: properties({ "azureml:data:input": one.input, "azureml:data:uri": one.uri }),
  }));
  const environment = job?.environment === undefined ? [] : componentsOf(job.environment);
  const parts = [...data, ...environment];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: serialOf(`${model.id}\n${manifest.digest}\n${time}`),
    version: 1,
    metadata: {
      timestamp: time,
      tools: { components: [{ type: "application", name: tool.name, version: tool.version }] },
      component: modelComponent(facts),
    },
    components: parts,
    dependencies: [
      { ref: "model", ...(parts.length === 0 ? {} : { dependsOn: parts.map((one) => one["bom-ref"]) }) },
      ...parts.map((one) => ({ ref: one["bom-ref"] })),
    ],
  };
}

function modelComponent(facts: ProofFacts): Json {
  const { model, manifest, job, metrics = {}, evidence, approvedBy, provenance } = facts;
  const measured = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  const card = {
    ...(job === undefined || job.data.length === 0
      ? {}
      : { modelParameters: { datasets: job.data.map(({ input }) => ({ ref: `data:${input}` })) } }),
    // The schema has every value as a text.
    ...(measured.length === 0
      ? {}
      : {
          quantitativeAnalysis: {
            performanceMetrics: measured.map(([type, value]) => ({ type, value: String(value) })),
          },
        }),
  };
  const { repository, commit } = sourceOf(facts);
  const references = [
    reference("vcs", repository, commit === "" ? "" : `commit ${commit}`),
    reference("build-meta", provenance.runUri, "the pipeline run that registered the model"),
    reference("evidence", job?.studioUrl ?? "", "the job that made the model"),
    reference("quality-metrics", evidence["evaluationRun"] ?? "", "the pipeline run that judged the model"),
  ].flat();
  return {
    type: "machine-learning-model",
    "bom-ref": "model",
    name: model.name,
    version: model.version,
    ...(model.description ? { description: model.description } : {}),
    ...(references.length === 0 ? {} : { externalReferences: references }),
    properties: properties({
      "azureml:model:id": model.id,
      "azureml:model:type": model.type,
      // Of the list of files below, as the signature has it; no hash of one file.
      "azureml:model:manifestSha256": manifest.digest,
      "azureml:job:name": job?.name,
      "azureml:job:experiment": job?.experiment,
      "azureml:job:compute": job?.compute,
      "azureml:git:commit": commit,
      ...Object.fromEntries(Object.entries(evidence).map(([name, value]) => [`azureml:${name}`, value])),
      "azureml:approvedBy": approvedBy,
    }),
    components: manifest.files.map(({ path, sha256: content }) => ({
      type: "file",
      "bom-ref": `file:${path}`,
      name: path,
      hashes: [{ alg: "SHA-256", content }],
    })),
    ...(Object.keys(card).length === 0 ? {} : { modelCard: card }),
  };
}

/** The environment as the image that it begins with, and the packages that it asks for. */
function componentsOf({
  id,
  name,
  version,
  image,
  imageDigest,
  packages,
}: UsedEnvironment): (Json & { "bom-ref": string })[] {
  const container = {
    type: "container",
    "bom-ref": "environment",
    name: name ?? id,
    ...(version === undefined ? {} : { version }),
    ...(imageDigest === undefined ? {} : { hashes: [{ alg: "SHA-256", content: imageDigest }] }),
    properties: properties({ "azureml:environment:id": id, "azureml:environment:image": image }),
  };
  const seen = new Set<string>();
  const libraries = packages.flatMap((one) => {
    const ref = `${one.from}:${one.name}`;
    if (seen.has(ref)) return [];
    seen.add(ref);
    const type = one.from === "pip" ? "pypi" : "conda";
    return {
      type: "library",
      "bom-ref": ref,
      name: one.name,
      ...(one.version === undefined
        ? {}
        : {
            version: one.version,
            purl: `pkg:${type}/${encodeURIComponent(one.name.toLowerCase())}@${encodeURIComponent(one.version)}`,
          }),
    };
  });
  return [container, ...libraries];
}

const properties = (values: Readonly<Record<string, string | undefined>>) =>
  Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []));

/** One where the address is one; the schema takes no other. */
function reference(type: string, url: string, comment: string): Json[] {
  if (!URL.canParse(url)) return [];
  return [{ type, url: new URL(url).href, ...(comment === "" ? {} : { comment }) }];
}

/** A UUID of these facts, in the form that the schema asks for. */
function serialOf(text: string): string {
  const hex = sha256(text);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join("-")}`;
}
