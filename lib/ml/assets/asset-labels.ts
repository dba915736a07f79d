// Labels of versioned assets: `latest` and others, resolved once in a run.
// Tests: test/tasks/registry.test.ts
import { segment } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { type AssetBody, type AssetHome, pathOf, requestFor, SINGULAR } from "./asset-home.ts";
import { findContainer, noSuchAsset, versionIn, versionsOf } from "./assets.ts";

/**
 * The version that a label means, asked once in a run and said in the log, so that all of a run speaks of the same.
 * `latest` is the most recently created one, as the service orders them (docs/facts/azureml-documents.md#2.3).
 * @throws TaskError `notFound` that names the asset and what there is
 */
export function versionOfLabel(home: AssetHome, kind: AssetKind, name: string, label: string): Promise<string> {
  return home.once(`label ${kind} ${name}@${label}`, async () => {
    const version = label === "latest" ? await latest(home, kind, name) : await labelled(home, kind, name, label);
    if (version === undefined) throw await sayNoSuchLabel(home, kind, name, label);
    home.log.info(`${name}@${label} is version ${version}.`);
    return version;
  });
}

async function latest(home: AssetHome, kind: AssetKind, name: string): Promise<string | undefined> {
  if (kind === "data") return (await findContainer(home, kind, name))?.properties?.latestVersion || undefined;
  for await (const one of versionsOf(home, kind, name, { $orderBy: "createdtime desc", $top: 1 }))
    return versionIn(one);
  return undefined;
}

async function labelled(home: AssetHome, kind: AssetKind, name: string, label: string): Promise<string | undefined> {
  // Clients turn `latest` into a version themselves; no route for any other label of a registry is known.
  if (home.apiVersion !== undefined) return undefined;
  const at = `${pathOf(home, kind, name)}/labels/${segment(label, `the label of ${name}`)}`;
  const answer = await home.azure.request<AssetBody>("GET", at, {
    doing: `read ${name}@${label}`,
    promises: (body) => versionIn(body as AssetBody) !== undefined,
    expect: [404],
    ...requestFor(home, kind),
  });
  return answer.status === 404 ? undefined : versionIn(answer.body);
}

async function sayNoSuchLabel(home: AssetHome, kind: AssetKind, name: string, label: string): Promise<TaskError> {
  const versions: string[] = [];
  for await (const one of versionsOf(home, kind, name)) {
    const version = versionIn(one);
    if (version) versions.push(version);
    if (versions.length === 10) break;
  }
  if (versions.length === 0) return await noSuchAsset(home, kind, name);
  return new TaskError(
    "notFound",
    `The ${SINGULAR[kind]} ${name} has no label "${label}"; it has ${versions.length === 1 ? "the version" : "the versions"} ${versions.join(", ")}.`,
    { errorCode: "AML1210" },
  );
}
