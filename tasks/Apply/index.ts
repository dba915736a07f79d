// Apply: the workspace becomes what the YAML files say; said before it is done, and done once.
import { applyDocuments, openWorkspace, readDocuments } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, openWorkspace, async ({ inputs, workspace, log, run }) => {
  const root = run.workingDirectory;
  const read = readDocuments(inputs.file, root);
  for (const { secrets } of read.documents) for (const secret of secrets) run.hide(secret);
  const resources = await applyDocuments(workspace, read, { root, planOnly: inputs.plan });
  const changed = resources.some(({ action }) => action !== "unchanged");
  if (inputs.plan) log.info("Nothing was changed: the input plan is true.");
  else if (!changed) log.info("Everything is as the files say already.");
  // Names of variables hold dots, not slashes.
  const keyOf = ({ collection, name }: { collection: string; name: string }) =>
    `${collection.replaceAll("/", ".")}.${name}`;
  return {
    changed,
    ids: Object.fromEntries(resources.map((one) => [keyOf(one), one.id])),
    versions: Object.fromEntries(resources.flatMap((one) => (one.version ? [[keyOf(one), one.version]] : []))),
  };
});
