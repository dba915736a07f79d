// What a job of any kind names and what must be there before it is submitted: computes, environments, components, data, models.
import { parseArmId, parseAssetReference, sameId, workspaceId } from "../azure/index.ts";
import { type AssetKind, type JobDocument, type Reference, resolveReference } from "../spec/index.ts";
import { findVersion, noSuchAsset } from "./assets.ts";
import { requireCompute } from "./computes.ts";
import { createResolver, type WorkspaceResolver } from "./resolve.ts";
import type { Workspace } from "./workspace.ts";

/** Everything that a document names, each once. */
export interface Named {
  readonly computes: ReadonlySet<string>;
  readonly assets: readonly { readonly kind: AssetKind; readonly reference: Reference }[];
}

/** Below these are the user's own words, whatever they look like. */
const FREE = new Set([
  "tags",
  "properties",
  "environment_variables",
  "conf",
  "hyperparameters",
  "search_space",
  "metadata",
  "training_parameters",
]);

/**
 * What the document names, its steps and what their components bring included. A pipeline may name one cluster three
 * hundred times: it is one thing to look for.
 */
export function namedIn(document: object): Named {
  const computes = new Set<string>();
  const assets = new Map<string, { kind: AssetKind; reference: Reference }>();
  const add = (kind: AssetKind, reference: Reference) =>
    assets.set(`${kind} ${JSON.stringify(reference)}`, { kind, reference });
  const visit = (value: unknown, key: string): void => {
    if (typeof value === "string") {
      if (/^(default_)?compute$/.test(key) && !value.includes("${{")) computes.add(value.replace(/^azureml:/, ""));
      return;
    }
    if (typeof value !== "object" || value === null) return;
    const { kind, reference, location } = value as { kind?: string; reference?: Reference; location?: Naming };
    if (kind === "registered" && reference)
      return void add(key === "environment" ? "environments" : "components", reference);
    if (kind === "asset" && location) {
      if (location.kind === "data" || location.kind === "models") add(location.kind, location.reference);
      return;
    }
    for (const [name, inner] of Object.entries(value)) if (!FREE.has(name)) visit(inner, name);
  };
  visit(document, "");
  return { computes, assets: [...assets.values()] };
}

type Naming = { readonly kind: "data" | "models"; readonly reference: Reference } | { readonly kind: "local" | "uri" };

/**
 * Everything that the job names is looked for side by side: one round trip, another where something is not there.
 * @throws TaskError `notFound` that names what there is instead
 */
export async function requireAll(workspace: Workspace, document: JobDocument): Promise<void> {
  const resolver = createResolver(workspace);
  const { computes, assets } = namedIn(document);
  await Promise.all([
    ...[...computes].map((compute) =>
      requireCompute(workspace, compute.startsWith("/") ? compute : `${workspace.id}/computes/${compute}`),
    ),
    ...assets.map(({ kind, reference }) => requireAsset(workspace, resolver, kind, reference)),
  ]);
}

/** An asset by name and version must be there; a label is resolved, which finds out; ids elsewhere are Azure's to know. */
export async function requireAsset(
  workspace: Workspace,
  resolver: WorkspaceResolver,
  kind: AssetKind,
  reference: Reference,
): Promise<void> {
  if (reference.kind === "label") {
    await resolveReference(reference, kind, resolver);
    return;
  }
  const named = reference.kind === "id" ? inWorkspace(workspace, reference.id) : reference;
  if (!named?.version) return;
  const { name, version } = named;
  if (await findVersion(workspace, kind, name, version)) return;
  throw await noSuchAsset(workspace, kind, name, version);
}

/** What an id says, where it is one of this workspace; registries and other workspaces are Azure's to know. */
function inWorkspace(workspace: Workspace, id: string) {
  const parsed = parseArmId(id);
  if (!parsed) return undefined;
  const home = workspaceId(parsed.subscriptionId, parsed.resourceGroup, parsed.workspace);
  return sameId(home, workspace.id) ? parseAssetReference(id) : undefined;
}
