// Fixtures of asset tests: a cloud for the length of a suite, and calls below its workspace.
import type { LocalCloud } from "../../../../../local/cloud.ts";
import { type Answer, type Ask, cloudOfSuite, workspaceAsk } from "../../client.ts";

export interface AssetCalls {
  readonly cloud: LocalCloud;
  readonly token: string;
  /** ARM id of the workspace. */
  readonly workspace: string;
  call(method: string, path: string, o?: Ask & { apiVersion?: string }): Promise<Answer>;
  /** PUT of `{properties}`; at 2022-05-01 unless said otherwise. */
  put(path: string, properties: object, apiVersion?: string): Promise<Answer>;
}

/** Starts a cloud before the suite that calls this, and ends it afterwards. */
export function assetCalls(): AssetCalls {
  const suite = cloudOfSuite();
  const call: AssetCalls["call"] = (method, path, o = {}) =>
    workspaceAsk(suite.cloud, method, path, { token: suite.token, ...o });
  return {
    get cloud() {
      return suite.cloud;
    },
    get token() {
      return suite.token;
    },
    get workspace() {
      return suite.cloud.azure.workspaceId;
    },
    call,
    put: (path, properties, apiVersion = "2022-05-01") => call("PUT", path, { body: { properties }, apiVersion }),
  };
}

export const keys = (value: object): string[] => Object.keys(value);

/** systemData in full, in wire order (docs/facts/azureml-wire.md#1.3). */
export const sixKeys = [
  ...["createdAt", "createdBy", "createdByType"],
  ...["lastModifiedAt", "lastModifiedBy", "lastModifiedByType"],
];

/** The chain of the InnerError item, outermost first. */
export function innerCodes(answer: Answer): string[] {
  const item = answer.body.error.additionalInfo.find((one: { type: string }) => one.type === "InnerError");
  const codes: string[] = [];
  for (let at = item?.info.value; at != null; at = at.innerError) codes.push(at.code);
  return codes;
}
