// Made from tasks/CheckData/task.json by `npm run generate`: change tasks/CheckData/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Source: Where the asset comes from; each choice has inputs of its own. */
export type Source =
  | {
      source: "version";
      /** Version to check, or a label after `@`. Left empty, the latest. */
      dataVersion: string | undefined;
      dataPath: undefined;
    }
  | {
      source: "files";
      dataVersion: undefined;
      /** A file or folder of the repository, relative to the working directory: to check data before anything is uploaded. */
      dataPath: string;
    };

export type Inputs = Pick<SharedInputs, "registry" | "baseline" | "expectationsFile" | "dataRules" | "onFail" | "allowedFolders"> & {
  /** Name of the asset in the workspace: letters, digits, `.`, `_` and `-`, starting with a letter or a digit. */
  name: string | undefined;
} & ConnectionType & Source;

export interface Outputs {
  /** `true` when every check held, else `false`. */
  passed: boolean;
  /** Names of the checks that failed, one a line. */
  failed: string;
  /** Number of rows. */
  rows: string;
  /** What the data were compared with, as `<name>:<version>`; empty where there was nothing. */
  baseline: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "14829ec3-a47b-414e-9dd2-01495f32bef0", name: "AzureMLCheckData", friendlyName: "Azure ML: Check data", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    { name: "source", type: "pickList", required: true, default: "version", options: ["version", "files"] },
    { name: "name", type: "string" },
    { name: "dataVersion", type: "string", visible: [[["source", "=", "version"]]] },
    { name: "dataPath", type: "string", required: true, visible: [[["source", "=", "files"]]] },
    shared.baseline,
    shared.expectationsFile,
    shared.dataRules,
    shared.onFail,
    shared.allowedFolders,
  ],
  outputs: [
    { name: "passed", type: "boolean" },
    { name: "failed", type: "string" },
    { name: "rows", type: "string" },
    { name: "baseline", type: "string" },
  ],
});
