// Inputs of a job, copied to its temporary folder: code, data, models. Mounted and downloaded inputs alike are copies here.
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { JobBody } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { type Location, locate } from "../../workspace/locate.ts";
import type { AzureWorld } from "../../world/world.ts";

const modelTypes = /^(custom_model|mlflow_model|triton_model)$/;

/**
 * Brings every input to `directory` and answers what `${{inputs.x}}` stands for: the literal, a file's path, a folder's path,
 * or with mode Direct the URI itself.
 * @throws JobError when an input is not there
 */
export async function bringInputs(world: AzureWorld, body: JobBody, directory: string): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const [name, input] of Object.entries(body.inputs ?? {})) {
    if (input.jobInputType === "literal") {
      values.set(name, input.value ?? "");
      continue;
    }
    const uri = input.uri ?? "";
    if (input.mode === "Direct") {
      values.set(name, uri);
      continue;
    }
    const wanted = modelTypes.test(input.jobInputType) ? "any" : input.jobInputType === "uri_file" ? "file" : "folder";
    try {
      const location = locate(world, uri, modelTypes.test(input.jobInputType) ? "models" : "data");
      values.set(name, await bring(world, location, join(directory, name), wanted));
    } catch (error) {
      if (error instanceof JobError) throw new JobError(`Input '${name}': ${error.message}`, error.code);
      throw error;
    }
  }
  return values;
}

/** Brings the code's folder to `directory`, which exists afterwards even if there is no code. */
export async function bringCode(
  world: AzureWorld,
  codeId: string | null | undefined,
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  if (codeId === undefined || codeId === null) return;
  await bring(world, locate(world, codeId, "codes"), directory, "folder");
}

/**
 * Copies a location below `directory`.
 * @param wanted what the input's type says that it is; `any`: whichever it is
 * @returns the path of the file, or `directory` for a folder
 */
export async function bring(
  world: AzureWorld,
  location: Location,
  directory: string,
  wanted: "file" | "folder" | "any",
): Promise<string> {
  await mkdir(directory, { recursive: true });
  if (location.kind === "url") return fetchFile(location.url, directory);
  const { container, path } = location;
  if (path !== "" && wanted !== "folder" && (await world.blobs.exists(container, path))) {
    const file = join(directory, basename(path));
    await world.blobs.getFile(container, path, file);
    return file;
  }
  const prefix = path === "" ? "" : `${path}/`;
  const found = wanted === "file" ? [] : await world.blobs.list(container, prefix);
  if (found.length === 0) {
    if (wanted === "folder" && path !== "" && (await world.blobs.exists(container, path))) {
      await world.blobs.getFile(container, path, join(directory, basename(path)));
      return directory;
    }
    throw new JobError(
      `There is no ${wanted === "any" ? "file or folder" : wanted} '${path}' in container '${container}'.`,
    );
  }
  for (const entry of found) {
    const relative = entry.name.slice(prefix.length);
    if (relative === "" || relative.endsWith("/")) continue;
    await world.blobs.getFile(container, entry.name, await placeBelow(directory, relative));
  }
  return directory;
}

/** The path of `relative` below `directory`, its folder made. @throws JobError when a blob's name would lead outside */
async function placeBelow(directory: string, relative: string): Promise<string> {
  const file = resolve(directory, relative);
  if (!file.startsWith(resolve(directory) + sep)) throw new JobError(`The name '${relative}' leads out of its folder.`);
  await mkdir(dirname(file), { recursive: true });
  return file;
}

async function fetchFile(url: string, directory: string): Promise<string> {
  const file = join(directory, basename(new URL(url).pathname) || "data");
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`);
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file));
    return file;
  } catch (error) {
    throw new JobError(`'${url}' could not be read: ${(error as Error).message}.`);
  }
}
