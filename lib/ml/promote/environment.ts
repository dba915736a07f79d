// Brings the environments of a model's job along (idempotent): image, conda file and inference settings, under the same name and version.
// Tests: test/tasks/PromoteModel.test.ts

import { parseArmId } from "../../azure/index.ts";
import { assetWrite } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { type AssetBody, wordFor } from "../assets/asset-home.ts";
import { putNewVersion } from "../assets/asset-writes.ts";
import { findVersion } from "../assets/assets.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { findJob, type Job } from "../jobs/jobs.ts";
import { PROMOTED_FROM } from "../workspace/lineage.ts";
import { untilFree } from "../workspace/lost-race.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { jobsNamed } from "./job-files.ts";
import { type Named, publishVersion } from "./publish.ts";

/** The parts of an environment that count: two with the same are the same. */
const DEFINITION = ["image", "condaFile", "inferenceConfig", "osType"] as const;

/**
 * Two round trips to find the job and its environment, one to look in the target, and one to make it there.
 * @param modelName names an environment that has no name of its own
 * @param byService whether the service itself can copy to the registry
 * @returns ids of the target's environments
 * @throws TaskError `conflict` where the target has another environment under that name and version
 */
export async function bringEnvironments(
  workspace: Workspace,
  target: Workspace | Registry,
  model: AssetBody,
  modelName: string,
  byService: boolean,
): Promise<string[]> {
  const ids: string[] = [];
  for (const named of await environmentsOf(workspace, model)) {
    const id = await bringEnvironment(workspace, target, named, modelName, byService);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

/** One of them. @returns its id in the target; undefined where it does not go along, which the log says */
export async function bringEnvironment(
  workspace: Workspace,
  target: Workspace | Registry,
  { name, version }: Named,
  modelName: string,
  byService: boolean,
): Promise<string | undefined> {
  const called = `${name}:${version}`;
  const there = await findVersion(workspace, "environments", name, version);
  const { environmentType, build, isAnonymous, image } = there?.properties ?? {};
  const left =
    there === undefined
      ? `the workspace ${workspace.name} does not have it any more`
      : /^curated$/i.test(String(environmentType))
        ? "it is one of Azure's own, which every workspace has"
        : build || !image
          ? "it is built from a folder, which is not brought along"
          : undefined;
  if (there === undefined || left !== undefined) {
    target.log.warn(`The environment ${called} does not go along: ${left}.`);
    return undefined;
  }
  const to = { name: isAnonymous === true ? `${modelName}-environment` : name, version };
  return bringOne(workspace, target, there, { from: { name, version }, to }, byService);
}

async function bringOne(
  workspace: Workspace,
  target: Workspace | Registry,
  source: AssetBody,
  { from, to }: { from: Named; to: Named },
  byService: boolean,
): Promise<string> {
  const called = `${to.name}:${to.version}`;
  const attempt = async () => {
    const there = await findVersion(target, "environments", to.name, to.version);
    if (there !== undefined) {
      if (isSame(source, there)) return there;
      throw new TaskError(
        "conflict",
        `The ${wordFor(target)} ${target.name} has another environment under the name ${called} already.`,
        {
          errorCode: "AML1708",
          hint: "A version never changes: set includeEnvironment to false, or register the environment under another version.",
        },
      );
    }
    if (byService && isRegistry(target)) {
      const made = await publishVersion(workspace, target, "environments", from, to);
      return made ?? {};
    }
    const has = source.properties ?? {};
    const kept = DEFINITION.flatMap((name) => (has[name] ? [[name, has[name]]] : []));
    const properties = {
      ...Object.fromEntries(kept),
      ...(has.description ? { description: has.description } : {}),
      tags: { ...has.tags, ...(source.id === undefined ? {} : { [PROMOTED_FROM]: source.id }) },
      properties: has.properties ?? {},
    };
    return (
      await putNewVersion(target, "environments", assetWrite("environments", to.name, to.version, { properties }))
    ).body;
  };
  const { id } = await untilFree(`the environment ${called}`, attempt, target);
  target.log.info(`The environment ${called} is in the ${wordFor(target)} ${target.name}.`);
  return id ?? called;
}

/** The job that a model names in this workspace; undefined where it does not have it. Read once in a run. */
export async function jobOfModel(workspace: Workspace, model: AssetBody): Promise<Job | undefined> {
  for (const name of jobsNamed(model, workspace)) {
    const job = await workspace.once(`job ${name} of a model`, () => findJob(workspace, name));
    if (job !== undefined) return job;
  }
  workspace.log.warn(
    `Nothing of the model's job goes along: the workspace ${workspace.name} does not have the job that made the model.`,
  );
  return undefined;
}

/** Environments that the job of a model names, those of a pipeline's steps among them. */
async function environmentsOf(workspace: Workspace, model: AssetBody): Promise<Named[]> {
  const job = await jobOfModel(workspace, model);
  if (job === undefined) return [];
  const { environmentId, jobs } = (job.properties ?? {}) as { environmentId?: unknown; jobs?: unknown };
  const steps = isObject(jobs)
    ? Object.values(jobs).map((step) => (isObject(step) ? step["environmentId"] : undefined))
    : [];
  const found = new Map<string, Named>();
  for (const id of [environmentId, ...steps]) {
    const [kind, name, word, version] = parseArmId(String(id ?? ""))?.segments ?? [];
    if (kind === "environments" && name && word === "versions" && version)
      found.set(`${name}:${version}`, { name, version });
  }
  if (found.size === 0)
    workspace.log.info(`The job ${job.name} names no environment of the workspace ${workspace.name}.`);
  return [...found.values()];
}

/** The service answers a conda file as JSON, whatever it was sent as. */
function isSame(one: AssetBody, other: AssetBody): boolean {
  return DEFINITION.every((name) => plain(one.properties?.[name]) === plain(other.properties?.[name]));
}

function plain(value: unknown): string {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    return JSON.stringify(JSON.parse(value));
  } catch {
    return value.trim().toLowerCase();
  }
}
