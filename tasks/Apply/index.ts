// Apply: the workspace becomes what the YAML files say; said before it is done, and done once.
import { applyDocuments, openWorkspace, readDocuments } from "../../lib/ml/index.ts";
import { defineTask, type Story } from "../../lib/task/index.ts";
import { contract, type Inputs, type Outputs } from "./contract.gen.ts";

const story: Story<Inputs, Outputs> = async ({ inputs, open, log, record, run }) => {
  const workspace = await open(openWorkspace);
  const root = run.folders(inputs.allowedFolders);
  const read = readDocuments(inputs.file, root, { duplicates: inputs.duplicates, isPlan: inputs.plan });
  const resources = await applyDocuments(workspace, read, {
    root,
    onProgress: (section) => {
      record.applied = section;
    },
  });
  const changed = resources.some(({ action }) => action !== "unchanged");
  if (!changed) log.info("Everything is as the files say already.");
  // Names of variables hold dots, not slashes.
  const keyOf = ({ collection, name }: { collection: string; name: string }) =>
    `${collection.replaceAll("/", ".")}.${name}`;
  return {
    changed,
    ids: Object.fromEntries(resources.map((one) => [keyOf(one), one.id])),
    versions: Object.fromEntries(resources.flatMap((one) => (one.version ? [[keyOf(one), one.version]] : []))),
  };
};

// The ids and versions that there will be are known before they are there.
export default defineTask(contract, story, { outputsOfDryRun: true });
