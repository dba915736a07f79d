// Amendments to the published types: members that the service takes or answers although our types lack them, with the source of each.
import type { Place } from "./contract.ts";
import type { Fault } from "./shape.ts";

interface Amendment {
  /** Both where absent. */
  readonly side?: "request" | "answer";
  readonly operation: RegExp;
  /** At every version where absent. */
  readonly versions?: readonly string[];
  /** The fault that is none. */
  readonly fault: RegExp;
}

const unknownFields = (...paths: readonly string[]): RegExp =>
  new RegExp(String.raw`^(value\[\d+\]\.)?properties\.(${paths.join("|")}): unknown field$`);

/** Azure's published resource types have these members at these versions; the client's models, which are older, do not. */
const NEWER_THAN_THE_CLIENT: readonly Amendment[] = [
  {
    operation: /workspaces\/\{\}\/(jobs|schedules)/,
    versions: ["2024-07-01-preview", "2024-10-01-preview", "2025-01-01-preview"],
    fault: unknownFields("(.+\\.)?outputs\\.[^.]+\\.(assetName|assetVersion|pathOnCompute)"),
  },
  {
    operation: /onlineendpoints\/\{\}\/deployments/,
    versions: ["2025-01-01-preview"],
    fault: unknownFields("startupProbe"),
  },
  {
    operation: /environments\/\{\}\/versions/,
    versions: ["2025-01-01-preview"],
    fault: unknownFields("inferenceConfig\\.startupRoute"),
  },
  { operation: /workspaces/, versions: ["2023-10-01"], fault: unknownFields("featureStoreSettings") },
  {
    operation: /registries/,
    versions: ["2024-07-01-preview"],
    fault: unknownFields("registryId", "syndicatedRegistries"),
  },
];

const AMENDMENTS: readonly Amendment[] = [
  ...NEWER_THAN_THE_CLIENT,
  {
    // Recorded from August 2022 to August 2024 (docs/local-azure.md, "Held against the published types").
    side: "answer",
    operation: /^get workspaces(\/\{\}(\/computes(\/\{\})?)?)?$/,
    fault: unknownFields(
      ...["softDeleteEnabled", "creationTime", "notebookInfo\\.isPrivateLinkEnabled", "linkedModelInventoryArmId"],
      ...["sdkTelemetryAppInsightsKey", "sasGetterUri", "allowRoleAssignmentOnRG", "ipAllowlist", "networkAcls"],
      ...["EnableSoftwareBillOfMaterials", "provisioningWarnings", "properties\\.enableBatchPrivateLink"],
    ),
  },
  {
    // Recorded in 2022 and 2023, before the types had them.
    side: "answer",
    operation: /^get workspaces(\/\{\})?$/,
    versions: ["2022-05-01", "2022-12-01-preview", "2023-02-01-preview"],
    fault: unknownFields("v1LegacyMode", "enableDataIsolation"),
  },
  {
    // Recorded in 2023: accounts that the service made for a registry show their names.
    side: "answer",
    operation: /^(get|put|patch) registries(\/\{\})?$/,
    fault: unknownFields(
      "regionDetails\\[\\d+\\]\\.(storageAccountDetails|acrDetails)\\[\\d+\\]\\.\\w+\\.(storageAccountName|acrAccountName)",
    ),
  },
  {
    // Azure's own client sends it to a registry's data plane.
    side: "request",
    operation: /^put registries\/\{\}\/models\/\{\}\/versions\/\{\}$/,
    versions: ["2021-10-01-dataplanepreview"],
    fault: unknownFields("system_metadata"),
  },
  {
    // The official client's own tests schedule by `* * * * *`, in which the pattern, a letter or digit anywhere, is not met.
    operation: /workspaces\/\{\}\/schedules/,
    fault: /^(value\[\d+\]\.)?properties\.trigger\.expression: .* does not match the pattern/,
  },
  {
    // Azure's own client deploys pipelines at this version and reads the field from the answer; the types have it from
    // 2023-04-01-preview on.
    operation: /^(get|put) workspaces\/\{\}\/batchendpoints\/\{\}\/deployments(\/\{\})?$/,
    versions: ["2023-02-01-preview"],
    fault: unknownFields("deploymentConfiguration"),
  },
  {
    // Recorded in 2024: the answer begins with the type of the compute (docs/facts/recorded-operations.md#7).
    side: "answer",
    operation: /^post workspaces\/\{\}\/computes\/\{\}\/listnodes$/,
    fault: /^computeType: unknown field$/,
  },
];

/** The faults that remain of those found in a body. */
export function unamended(faults: readonly Fault[], side: "request" | "answer", place: Place): Fault[] {
  const amendments = AMENDMENTS.filter(
    (one) =>
      (one.side ?? side) === side &&
      one.operation.test(place.operation) &&
      (one.versions === undefined || one.versions.includes(place.apiVersion)),
  );
  return faults.filter(({ path, message }) => !amendments.some(({ fault }) => fault.test(`${path}: ${message}`)));
}
