// Made from tasks/Apply/task.json by `npm run generate`: change tasks/Apply/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "allowedFolders" | "plan"> & {
  /** Path of a YAML file (CLI v2), or of a folder whose YAML files are applied in the order in which they refer to each other. Files of a folder that hold jobs or something else are left out. */
  file: string;
  /** What to do when several files of a folder describe one resource in different ways: refuse the folder and name all such pairs, or let the last file count, in the order of their paths, with a warning that names both. */
  duplicates: "fail" | "last";
} & ConnectionType;

export interface Outputs {
  /** `true` when anything was created or updated, or with `plan` would be. */
  changed: boolean;
  /** ARM ids by collection and name as JSON; each is also a variable of its own, as in `ids.environments.sklearn`. */
  ids: Readonly<Record<string, string | number>>;
  /** Versions of assets by collection and name as JSON; each is also a variable of its own, as in `versions.environments.sklearn`. */
  versions: Readonly<Record<string, string | number>>;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "87c9080a-fc1e-4aa4-86b4-7a398db1741d", name: "AzureMLApply", friendlyName: "Azure ML: Apply", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "file", type: "filePath", required: true },
    { name: "duplicates", type: "pickList", default: "fail", options: ["fail", "last"] },
    shared.allowedFolders,
    shared.plan,
  ],
  outputs: [
    { name: "changed", type: "boolean" },
    { name: "ids", type: "json" },
    { name: "versions", type: "json" },
  ],
});
