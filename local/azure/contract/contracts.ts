// The contracts that bodies are held to: those in the repository, and one from elsewhere where a folder is named.
import path from "node:path";
import type { Contract } from "./contract.ts";
import { insightsContract, publishedContract } from "./published.ts";
import { contractIn } from "./resource-types.ts";

/** @param folder of resource types, `<api-version>.json` each; the environment's AZURE_ML_CONTRACT where absent */
export function contracts(folder = process.env["AZURE_ML_CONTRACT"]): readonly Contract[] {
  return folder === undefined || folder === ""
    ? [publishedContract(), insightsContract()]
    : [publishedContract(), insightsContract(), contractIn(path.resolve(folder))];
}
