// Data imports: a data asset that is filled from a database or a file system outside Azure ML, once or by a schedule.
// Tests: test/lib/documents/schedules/schedule.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { sha256 } from "../../sha256.ts";
import { withoutEvidence } from "../assets/evidence-names.ts";
import { uriText } from "../assets/io.ts";
import { canonical } from "../language/canonical.ts";
import { defineKind, type WriteOptions } from "../language/define-kind.ts";
import { tags } from "../language/document.ts";
import { includedFile } from "../language/included-file.ts";
import { map, object, optional, readOnly, required } from "../language/object.ts";
import { computeId, datastore } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, looseText, nameText, text, version } from "../language/scalar.ts";
import type { Infer, Reading, Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { PIPELINE_API_VERSION } from "../pipelines/pipeline.ts";
import { builtInTransfer, externalData } from "../pipelines/transfer-step.ts";

/** The datastore that Azure ML manages; it chooses the paths in it. */
const MANAGED = "azureml://datastores/workspacemanageddatastore";

const dataImport = object(
  "a data import",
  {
    name: required(nameText()),
    version: optional(version),
    type: optional(enumeration(["mltable", "uri_folder"])),
    path: required(uriText),
    source: required(externalData),
    description: optional(text()),
    tags: optional(withoutEvidence(tags)),
    properties: optional(map(looseText)),
    datastore: optional(datastore),
    id: readOnly(),
    creation_context: readOnly(),
  },
  { check: checkPath },
);
export type DataImportDocument = Infer<typeof dataImport>;

function checkPath(value: { path: string }, node: MapNode, at: Reading): void {
  const place = node.entries.get("path") ?? node;
  const below = at.step("path");
  if (!value.path.startsWith("azureml://datastores/"))
    below.fault(place, `${below.name} is ${JSON.stringify(value.path)}; a place in a datastore is needed.`, {
      hint: "Write azureml://datastores/<datastore>/paths/<folder>/${{name}}.",
    });
  else if (value.path.startsWith(`${MANAGED}/`) && value.path.replace(/\/+$/, "") !== MANAGED)
    below.fault(place, "Azure ML chooses the paths in its managed datastore.", { hint: `Write ${MANAGED}.` });
}

/** A data import that another document names or holds. */
export const dataImportUse: Shape<DataImportDocument> = {
  expects: "a path to the YAML of a data import, or a mapping",
  below: dataImport.below,
  read(node, at) {
    if (node.kind !== "scalar") return dataImport.read(node, at);
    const included = includedFile(node, at, "a data import");
    return included && dataImport.read(included.node, included.at);
  },
  write: async (value) => dataImportDefinition(value),
};

/** `dataImportDefinition` of a schedule. */
function dataImportDefinition(value: DataImportDocument): Record<string, unknown> {
  const { type, ...source } = value.source;
  return present({
    description: value.description,
    tags: value.tags ?? {},
    properties: value.properties ?? {},
    isAnonymous: false,
    isArchived: false,
    assetName: value.name,
    // Azure's client says so of tables, too.
    dataType: "uri_folder",
    dataUri: value.path,
    source: { sourceType: type ?? "file_system", ...source },
  });
}

/** The same import has the same name, so that it is found again. */
function nameOf(document: DataImportDocument): string {
  return `import-${document.name}-${sha256(canonical(document)).slice(0, 10)}`;
}

/** The job that imports the data: a pipeline of one step. Not verified against live Azure. */
async function write(document: DataImportDocument, resolver: Resolver, options: WriteOptions) {
  const title = `data_import_${document.name}`;
  const isTable = document.source.type === "database";
  const folder = document.path.replace(/\/+$/, "");
  const uri = document.path.includes("${{name}}")
    ? document.path
    : `${folder === MANAGED ? `${folder}/paths` : folder}/\${{name}}`;
  const sink = {
    job_output_type: isTable ? "mltable" : "uri_folder",
    uri,
    name: document.name,
    version: document.version,
  };
  const step = {
    type: "data_transfer",
    task: "import_data",
    display_name: title,
    computeId: computeId("serverless", resolver),
    source: { ...document.source, type: document.source.type ?? "file_system" },
    outputs: { sink: present(sink) },
    componentId: builtInTransfer("import", document.source),
    _source: "BUILTIN",
  };
  const { name = nameOf(document) } = options;
  return {
    path: `jobs/${segment(typeof name === "string" ? name : name(), "the name")}`,
    body: {
      properties: {
        jobType: "Pipeline",
        displayName: title,
        experimentName: title,
        description: document.description ?? title,
        isArchived: false,
        tags: document.tags ?? {},
        properties: { ...document.properties, "azureml.materializationAssetName": document.name },
        inputs: {},
        outputs: {},
        settings: { force_rerun: true, _source: "CLASS" },
        jobs: { [title]: step },
      },
    },
  };
}

export const dataImportKind = defineKind({
  name: "data import",
  order: 140,
  schemas: ["dataimport"],
  marks: [
    { has: ["source", "path"], type: ["", "mltable", "uri_folder"], lacks: ["trigger", "endpoint_name", "auth_mode"] },
  ],
  advice: "AzureMLApply creates and updates data imports.",
  shape: dataImport,
  apiVersion: PIPELINE_API_VERSION,
  runsOnce: true,
  write,
});
