// The home of versioned assets, a workspace or a registry: what both have in common, and the addresses of assets in them.
// Tests: test/tasks/registry.test.ts
import { type AzureMl, type RequestOptions, segment } from "../../azure/index.ts";
import { API_VERSIONS, type AssetKind } from "../../documents/index.ts";
import type { Log } from "../../log.ts";
import type { Provenance } from "../../provenance.ts";
import type { Once } from "../workspace/once.ts";

/** A store of versioned assets: a workspace, or a registry. */
export interface AssetHome {
  readonly azure: AzureMl;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly provenance: Provenance;
  readonly name: string;
  /** The prefix of its assets' addresses: a workspace's ARM id, or an address of the registry's region. */
  readonly id: string;
  /** Only a registry has one, that of its data plane. */
  readonly apiVersion?: string;
  readonly once: Once;
}

/** A container's or version's answer; whatever else the service says stays in it. */
export interface AssetBody {
  readonly id?: string;
  readonly name?: string;
  readonly systemData?: { readonly createdAt?: string; readonly lastModifiedAt?: string } | null;
  readonly properties?: AssetProperties;
}
interface AssetProperties {
  readonly [key: string]: unknown;
  readonly tags?: Record<string, string> | null;
  readonly properties?: Record<string, string> | null;
  readonly description?: string | null;
  readonly isArchived?: boolean;
  readonly latestVersion?: string | null;
  readonly nextVersion?: string | null;
}

/** The name of a kind for people, in the singular. */
export const SINGULAR: Record<AssetKind, string> = {
  data: "data asset",
  models: "model",
  environments: "environment",
  components: "component",
};

/** The store's name for people. */
export const wordFor = (home: AssetHome) => (home.apiVersion === undefined ? "workspace" : "registry");

/** Options of every request about assets of a kind: reads in a workspace use the api-version of the kind's writes. */
export const requestFor = ({ signal, apiVersion }: AssetHome, kind: AssetKind): RequestOptions => ({
  signal,
  apiVersion: apiVersion ?? API_VERSIONS[kind],
});

/** The address of a container or a version. @throws TaskError kind `input` where name or version is no part of one */
export function pathOf(home: AssetHome, kind: AssetKind, name: string, version?: string): string {
  const container = `${home.id}/${kind}/${segment(name, `the name of the ${SINGULAR[kind]}`)}`;
  return version === undefined
    ? container
    : `${container}/versions/${segment(version, `the version of the ${SINGULAR[kind]} ${name}`)}`;
}
