// Brings the components of a pipeline's steps along to another workspace (idempotent): command components, with their code and their environment. A
// registry does not get them: sharing components with one is not supported (docs/facts/operations.md#C.1).
// Tests: test/tasks/PromoteModel.test.ts
import { createHash } from "node:crypto";
import { CHECKED_RANGE, parseArmId } from "../../azure/index.ts";
import { assetWrite } from "../../documents/index.ts";
import { compareText } from "../../documents/language/walk.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { type AssetBody, requestFor } from "../assets/asset-home.ts";
import { putNewVersion } from "../assets/asset-writes.ts";
import { findVersion } from "../assets/assets.ts";
import { registerContent } from "../assets/code-assets.ts";
import { containerAt } from "../assets/download-model.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { differences } from "../workspace/compare.ts";
import { PROMOTED_FROM } from "../workspace/lineage.ts";
import { untilFree } from "../workspace/lost-race.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { filesTo } from "./bring-content.ts";
import { type Content, contentAt } from "./content.ts";
import { bringEnvironment, jobOfModel } from "./environment.ts";
import type { Named } from "./publish.ts";

/** A specification as the service answers it. */
type Specification = Readonly<Record<string, unknown>>;

/** The ways of a specification that differ from one workspace to another, and those that say nothing of what runs. */
const OWN = new Set(["code", "environment", "name", "version", "$schema", "description", "display_name", "tags"]);

/**
 * Two round trips to find the job; for each component two to compare it and those that read its code, and where it is not there its environment, its code and three to make it.
 * @returns ids of the target's components
 * @throws TaskError `conflict` where the target has another component under that name and version
 */
export async function bringComponents(
  workspace: Workspace,
  target: Workspace | Registry,
  model: AssetBody,
  modelName: string,
): Promise<string[]> {
  const named = await componentsOf(workspace, model);
  if (isRegistry(target)) {
    if (named.length > 0)
      target.log.warn(
        `The components ${named.map(({ name }) => name).join(", ")} do not go along: Azure does not share components with a registry.`,
      );
    return [];
  }
  const ids: string[] = [];
  for (const one of named) {
    const id = await bringComponent(workspace, target, one, modelName);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

async function bringComponent(
  workspace: Workspace,
  target: Workspace,
  { name, version }: Named,
  modelName: string,
): Promise<string | undefined> {
  const called = `${name}:${version}`;
  const source = await findVersion(workspace, "components", name, version);
  const specification = specificationOf(source);
  const { type, environment: environmentId, code: codeId } = specification ?? {};
  if (source === undefined || specification === undefined || type !== "command") {
    const why = specification === undefined ? "it is not there any more" : `it is of type ${String(type)}, not command`;
    target.log.warn(`The component ${called} does not go along: ${why}.`);
    return undefined;
  }
  const code = codeId === undefined ? undefined : await codeOf(workspace, String(codeId));
  const environment = await environmentIn(workspace, target, String(environmentId ?? ""), modelName);
  if (environment === undefined) {
    target.log.warn(`The component ${called} does not go along, because its environment does not.`);
    return undefined;
  }
  const attempt = async () => {
    const there = await findVersion(target, "components", name, version);
    if (there !== undefined) {
      if (await isSame(target, specification, code?.hash, there)) return there;
      throw new TaskError(
        "conflict",
        `The workspace ${target.name} has another component under the name ${called} already.`,
        {
          errorCode: "AML1708",
          hint: "A version never changes: set includeComponents to false, or register the component under another version.",
        },
      );
    }
    const brought = code === undefined ? {} : { code: `azureml:${await bringCode(target, code)}` };
    const properties = {
      componentSpec: { ...specification, ...brought, environment },
      tags: { ...source.properties?.tags, ...(source.id === undefined ? {} : { [PROMOTED_FROM]: source.id }) },
      properties: source.properties?.properties ?? {},
      isAnonymous: false,
    };
    return (await putNewVersion(target, "components", assetWrite("components", name, version, { properties }))).body;
  };
  const { id } = await untilFree(`the component ${called}`, attempt, target);
  target.log.info(`The component ${called} is in the workspace ${target.name}.`);
  return id ?? called;
}

/** Components with names of their own that the steps of the model's job run. */
async function componentsOf(workspace: Workspace, model: AssetBody): Promise<Named[]> {
  const job = await jobOfModel(workspace, model);
  const { jobs } = (job?.properties ?? {}) as { jobs?: unknown };
  const found = new Map<string, Named>();
  for (const step of isObject(jobs) ? Object.values(jobs) : []) {
    const id = isObject(step) ? step["componentId"] : undefined;
    const [kind, name, word, version] = parseArmId(String(id ?? ""))?.segments ?? [];
    const isNamed = kind === "components" && name && word === "versions" && version && name !== "azureml_anonymous";
    if (isNamed) found.set(`${name}:${version}`, { name, version });
  }
  return [...found.values()];
}

function specificationOf(component: AssetBody | undefined): Specification | undefined {
  const specification = component?.properties?.["componentSpec"];
  return isObject(specification) ? specification : undefined;
}

/** The environment's id in the target, as a specification names it. One of a registry stays as it is. */
async function environmentIn(
  workspace: Workspace,
  target: Workspace,
  id: string,
  modelName: string,
): Promise<string | undefined> {
  if (/^(azureml:)?azureml:\/\/registries\//i.test(id)) return id;
  const [kind, name, word, version] = parseArmId(id)?.segments ?? [];
  if (kind !== "environments" || !name || word !== "versions" || !version) return undefined;
  // Azure's own environments are in every workspace.
  const isOwn = /^azureml-/i.test(name);
  const there = isOwn
    ? `${target.id}/environments/${name}/versions/${version}`
    : await bringEnvironment(workspace, target, { name, version }, modelName, false);
  return there === undefined ? undefined : `azureml:${there}`;
}

interface Code {
  readonly content: Content;
  readonly hash: string;
}

interface CodeBody {
  readonly properties?: { readonly codeUri?: string; readonly properties?: Readonly<Record<string, string>> | null };
}

/** The code of the source with the hash of its files. @throws TaskError where they cannot be found */
async function codeOf(workspace: Workspace, id: string): Promise<Code> {
  const { uri } = await saidOf(workspace, id);
  const [, address = "", path = ""] = /^(https:\/\/[^/]+\/[^/]+)\/(.+?)\/*$/i.exec(uri) ?? [];
  const { signal } = workspace;
  const content =
    address === "" ? undefined : await contentAt({ container: await containerAt(workspace, address), path }, signal);
  if (content !== undefined) return { content, hash: await codeHashOf(content, signal) };
  throw new TaskError(
    "notFound",
    `The code of a component has no files: nothing lies at ${uri.replace(/\?.*$/, "")}.`,
    {
      errorCode: "AML1706",
    },
  );
}

/** What a workspace says of a code version of its own. @throws TaskError where it does not say where it lies */
async function saidOf(workspace: Workspace, id: string): Promise<{ readonly uri: string; readonly hash: string }> {
  const [kind, name, word, version] = parseArmId(id)?.segments ?? [];
  const at = `${workspace.id}/codes/${name}/versions/${version}`;
  if (kind === "codes" && name && word === "versions" && version) {
    const { body } = await workspace.azure.request<CodeBody>("GET", at, {
      doing: `read the code ${name}`,
      promises: "resource",
      ...requestFor(workspace, "components"),
    });
    const { codeUri, properties } = body?.properties ?? {};
    const hash = properties?.["hash_sha256"];
    if (codeUri && hash) return { uri: codeUri, hash };
  }
  throw new TaskError("service", `Azure does not say where the code ${id} lies, or which content it has.`, {
    errorCode: "AML1111",
    hint: "Set includeComponents to false, and register the component in the target from its files.",
  });
}

/**
 * The hash by which a workspace finds code (docs/facts/azureml-documents.md#3.3), of the bytes themselves: jobs of the target run what they
 * find by it, and the source could say any.
 */
async function codeHashOf({ place, files, name }: Content, signal: AbortSignal): Promise<string> {
  const named = files.map(({ blob, relative }) => ({ blob, relative: relative || name }));
  named.sort((one, other) => compareText(one.relative.toLowerCase(), other.relative.toLowerCase()));
  const hash = createHash("sha256").update(String(named.length));
  for (const { blob, relative } of named) hash.update(`#${relative}#`).update(String(blob.size));
  for (const { blob } of named)
    for (let offset = 0; offset < blob.size; offset += CHECKED_RANGE)
      hash.update(await place.container.range(blob, offset, Math.min(CHECKED_RANGE, blob.size - offset), signal));
  return hash.digest("hex");
}

/** Copies code to the target, where it is not known by its hash. @returns its id */
async function bringCode(target: Workspace, { content, hash }: Code): Promise<string> {
  const { name, files } = content;
  const toUpload = (folder: string) => filesTo(content, folder, target.signal);
  const { id } = await registerContent(target, { name, shown: name, files, toUpload }, hash);
  return id;
}

/** The same specification, but for ids of the workspace; the code by its hash. */
async function isSame(
  target: Workspace,
  source: Specification,
  hash: string | undefined,
  there: AssetBody,
): Promise<boolean> {
  const other = specificationOf(there) ?? {};
  const wanted = Object.fromEntries(Object.entries(source).filter(([name]) => !OWN.has(name)));
  if (differences(wanted, other).length > 0) return false;
  const theirs = other["code"] === undefined ? undefined : (await saidOf(target, String(other["code"]))).hash;
  const nameOf = (id: unknown) => parseArmId(String(id))?.segments.slice(1).join("/") ?? id;
  return theirs === hash && nameOf(source["environment"]) === nameOf(other["environment"]);
}
