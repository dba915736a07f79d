// Register data: the same content is the same version, and the task says which.

import { dataKind, readSource, type UploadRoot } from "../../lib/documents/index.ts";
import { dataOf, openAssetStore, registerDataIn } from "../../lib/ml/index.ts";
import { checkFirst } from "../../lib/ml/register/check-first.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { contract, type Inputs } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, log, record, run }) => {
  const place = await open(openAssetStore);
  const root = run.folders(inputs.allowedFolders);
  const document = readData(inputs, root);
  await checkFirst(place, document, inputs, root, (report) => {
    record.dataCheck = report;
  });
  const data = await registerDataIn(place, document, root);
  log.info(`Data asset ${data.name}:${data.version} (${data.created ? "new" : "there already"}): ${data.path}`);
  record.data = data;
  return { name: data.name, version: data.version, assetId: data.id, created: data.created };
});

/** The YAML file or the inputs in its place; version, description, tags and datastore count before those of the file. */
function readData(inputs: Inputs, root: UploadRoot) {
  const document =
    inputs.source === "file" ? dataKind.parse(readSource(inputs.dataFile, { root })) : dataOf(inputs, root);
  const { version, description, datastore } = inputs;
  return {
    ...document,
    tags: { ...document.tags, ...readPairs(inputs.tags, "tags") },
    ...(version === undefined ? {} : { version }),
    ...(description === undefined ? {} : { description }),
    ...(datastore === undefined ? {} : { datastore }),
  };
}
