// The PATH of a job's command: programs of its environment or of this machine, and what the job's logs say of it.
import { join } from "node:path";
import { definitionOf, definitionOfModel, mlflowEnvironment } from "../../environments/definition.ts";
import { makeLayer } from "../../environments/layer.ts";
import { type Image, ImageError, imageOf } from "../../environments/provision.ts";
import { type CommandBody, type JobRecord, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import type { AzureWorld } from "../../world/world.ts";
import { findPython, writePythonShims } from "./environment-variables.ts";
import { LogCarrier } from "./logs.ts";

/** Where the service shows how an image was built; streaming clients show it until the command's own log is there. */
export const imageLog = "azureml-logs/20_image_build_log.txt";

export interface JobPrograms {
  /** Folders to be put first in PATH, in this order. */
  readonly path: readonly string[];
  /** Its description in the first lines of the log. */
  readonly sentences: readonly string[];
}

/** The host of an image's build: it is told when the job has another log file. */
export interface ImageHost {
  readonly world: AzureWorld;
  changed(job: JobRecord): void;
}

/**
 * Prepares the environment of a job.
 * @param folder the job's own, for what belongs to it alone
 * @param stop ends the waiting; the environment is made all the same, for whoever asks next
 * @throws JobError where it cannot be made; what `stop` says where it was stopped
 */
export async function preparePrograms(
  host: ImageHost,
  job: JobRecord<CommandBody>,
  folder: string,
  stop: AbortSignal,
): Promise<JobPrograms> {
  const { environmentId } = job.body;
  const model = environmentId === mlflowEnvironment ? job.body.inputs?.["model"]?.uri : undefined;
  const definition = model ? definitionOfModel(host.world, model) : definitionOf(host.world, environmentId);
  const blob = `${runFolder(job.name)}${imageLog}`;
  const append = (bytes: Buffer | string) => host.world.blobs.append("azureml", blob, bytes);
  let image: Image | undefined;
  try {
    image = await imageOf(host.world, definition);
    if (image !== undefined) {
      job.logFiles.push(imageLog);
      const carrier = new LogCarrier(image.log, append);
      await append("");
      host.changed(job);
      const made = await unlessStopped(image.done, stop).finally(() => carrier.close());
      const layer = await makeLayer(join(folder, "environment"), made, image.python);
      return { path: layer.path, sentences: image.describe(made) };
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    if (image === undefined) {
      job.logFiles.push(imageLog);
      await append(error.text);
      host.changed(job);
    }
    // The first two sentences are the service's (public reports of users); the names after them are ours.
    throw new JobError(`Image build failed. For more details, check log file ${imageLog}. ${error.message}`);
  }
  const python = await findPython();
  const shims = join(folder, "bin");
  await writePythonShims(shims, python);
  const why = host.world.provisioning.kind === "machine" ? "" : `, because nothing says what is in ${definition.base}`;
  const which = python ? `python is this machine's Python ${python.version}` : "this machine has no python3";
  return { path: [shims], sentences: [`environment ${environmentId} is not built${why}; ${which}.`] };
}

/** The result of the work, or the reason of `stop`, whichever is first. */
async function unlessStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  stop.throwIfAborted();
  let onStop = () => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    onStop = () => reject(stop.reason);
    stop.addEventListener("abort", onStop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    stop.removeEventListener("abort", onStop);
  }
}
