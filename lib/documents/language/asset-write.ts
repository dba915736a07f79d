// The api-versions at which Azure ML's resources are written, read where they are to be written again, and the write of a version of any
// versioned asset. A kind takes its version from here, so that a resource goes out at one version whether a YAML holds it or another
// document brings it along.
// Tests: test/lib/documents/language/upload-folders.test.ts
import { segment } from "../../segment.ts";
import type { Write } from "./document.ts";
import type { AssetKind } from "./resolver.ts";

/** Those of the official client (docs/facts/azureml-services.md#4.1), but for online endpoints and deployments. */
export const API_VERSIONS = {
  data: "2023-04-01-preview",
  models: "2023-08-01-preview",
  environments: "2023-04-01-preview",
  components: "2024-01-01-preview",
  /** The client writes at 2022-02-01-preview, which the published types no longer have; this one has the same fields. */
  onlineEndpoints: "2025-12-01",
  /** The client writes at 2023-04-01-preview, which has no startup probe; this one has all that it has, and that. */
  onlineDeployments: "2025-12-01",
  batchEndpoints: "2023-10-01",
} as const;

/** The name of a kind for people, in the singular. */
const SINGULAR: Readonly<Record<AssetKind, string>> = {
  data: "data asset",
  models: "model",
  environments: "environment",
  components: "component",
};

/** The write of a versioned asset. */
export interface AssetWrite extends Write {
  readonly name: string;
  readonly version: string;
}

/** The write of one version. @throws TaskError kind `input` where name or version is no part of an address */
export function assetWrite(kind: AssetKind, name: string, version: string, body: object): AssetWrite {
  const asset = segment(name, `the name of the ${SINGULAR[kind]}`);
  const number = segment(version, `the version of the ${SINGULAR[kind]} ${name}`);
  return {
    method: "PUT",
    path: `${kind}/${asset}/versions/${number}`,
    apiVersion: API_VERSIONS[kind],
    name,
    version,
    body: body as Record<string, unknown>,
  };
}
