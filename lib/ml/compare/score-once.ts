// Scores once: submits the job of a comparison, or takes the one that has done the same work, whichever run of whichever pipeline it was of.
// Tests: test/tasks/CompareModels.test.ts
import { parseArmId, workspaceId } from "../../azure/index.ts";
import type { JobWrite } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { inputsOf } from "../jobs/job-inputs.ts";
import { findJob, type Job, outputUris, putJob, studioUrl } from "../jobs/jobs.ts";
import { Ownership, ofCreator } from "../jobs/ownership.ts";
import { type Beginning, beginning } from "../workspace/callbacks.ts";
import { differences, isEmpty } from "../workspace/compare.ts";
import { SPECIFICATION_HASH } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { renamed } from "../workspace/write.ts";
import type { ComparisonJob } from "./comparison-job.ts";

export interface ScoreOptions extends Beginning {
  readonly stepIdentity: string;
  readonly nonce: string;
  /** Readable part of the job's name: the two models. */
  readonly called: string;
}

export interface ScoringJob {
  readonly name: string;
  readonly id: string;
  readonly status: string;
  readonly studioUrl: string;
  /** True: an earlier attempt of this step has submitted it. */
  readonly joined: boolean;
  readonly displayName: string;
  readonly experiment: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** A job, and whether this step has submitted it, in this attempt or an earlier one. Another step's job is not for this one to cancel. */
export interface Scoring {
  /** The record's section on it. */
  readonly job: ScoringJob;
  readonly isOwn: boolean;
  /** True: it was there already. */
  readonly isReused: boolean;
}

/** Jobs of one content: each further one follows a failed one, or stands beside a stranger's. */
const MOST = 20;
const ENDED_BADLY = /^(Failed|Canceled|CancelRequested|NotResponding)$/;

/**
 * The job with the scores, which may still run. Round trips: one to look for it, two side by side to see who created one that is there, one to submit.
 * A failed one is passed over, and its successor looked for.
 */
export function scoreOnce(workspace: Workspace, job: ComparisonJob, options: ScoreOptions): Promise<Scoring> {
  return beginning(workspace, options, () => score(workspace, job, options));
}

async function score(workspace: Workspace, { write, hash }: ComparisonJob, options: ScoreOptions): Promise<Scoring> {
  const { log } = workspace;
  const base = `compare-${slug(options.called)}-${hash.slice(0, 12)}`;
  const ownership = new Ownership(workspace, options);
  for (let attempt = 1; attempt <= MOST; attempt++) {
    const name = attempt === 1 ? base : `${base}-${attempt}`;
    let found = await findJob(workspace, name);
    if (found === undefined) {
      options.onLeft?.(ownership.unseen(name));
      const own = marked(write, name, hash, ownership.properties(name));
      const { job, created } = await putJob(workspace, own).catch(async (error: unknown) => {
        // Another run may have submitted it since it was looked for: then Azure has refused to change that job.
        const taken = error instanceof TaskError && [400, 409].includes(error.status ?? 0);
        const there = taken ? await findJob(workspace, name) : undefined;
        if (there === undefined) throw error;
        return { job: there, created: false };
      });
      if (created || workspace.azure.dryRun) {
        options.onLeft?.(name);
        return { job: scoringJob(workspace, job, false), isOwn: true, isReused: false };
      }
      // Another run has submitted the same job in between.
      options.onLeft?.();
      found = job;
    }
    const { status = "Unknown" } = found.properties ?? {};
    const stranger = await strangerOf(workspace, found, name, write, hash);
    if (stranger !== undefined) {
      log.warn(`The job ${name} has the name of this comparison's job, and is left alone: ${stranger}.`);
      continue;
    }
    if (ENDED_BADLY.test(status)) {
      log.info(`The job ${name} for the same comparison is ${status}: scoring again.`);
      continue;
    }
    log.info(`The job ${name} for the same models on the same data is ${status}: its scores are used.`);
    const isOwn = (await ownership.ofFound(found, name)) === undefined;
    if (isOwn) options.onLeft?.(name);
    return { job: scoringJob(workspace, found, isOwn), isOwn, isReused: true };
  }
  throw new TaskError("conflict", `There are ${MOST} jobs named ${base} already, and none of them can be used.`, {
    errorCode: "AML1407",
    hint: "See in studio why they failed, and delete them.",
  });
}

function marked(write: JobWrite, name: string, hash: string, own: Readonly<Record<string, string>>): JobWrite {
  const properties = write.body["properties"] as Record<string, unknown> & { properties?: Record<string, string> };
  const marks = { ...properties.properties, [SPECIFICATION_HASH]: hash, ...own };
  return { ...renamed(write, name), name, body: { properties: { ...properties, properties: marks } } };
}

/**
 * Names can be computed and properties copied: a job counts where it did this work, by its command, inputs, code, environment, variables and outputs
 * as the service has them, and the own identity created it.
 */
async function strangerOf(
  workspace: Workspace,
  found: Job,
  name: string,
  write: JobWrite,
  hash: string,
): Promise<string | undefined> {
  const { properties } = found;
  if (properties?.properties?.[SPECIFICATION_HASH] !== hash) return "it was submitted for something else";
  const wanted = write.body as { properties: Readonly<Record<string, unknown>> };
  const isSame =
    properties["command"] === wanted.properties["command"] &&
    JSON.stringify(entriesOf(found)) === JSON.stringify(entriesOf(wanted)) &&
    placesOf(found) === placesOf(wanted);
  if (!isSame) return "its command or its inputs are others";
  return otherPart(wanted.properties, properties, name) ?? ofCreator(workspace, name);
}

const entriesOf = (job: Job) => Object.entries(inputsOf(job)).sort(([one], [other]) => (one < other ? -1 : 1));

/** The workspaces that inputs are of, where their addresses say so: each may have its own version of one name. */
function placesOf(job: Job): string {
  const inputs = Object.entries(isObject(job.properties?.["inputs"]) ? job.properties["inputs"] : {});
  const places = inputs.flatMap(([input, value]) => {
    const id = parseArmId(String(isObject(value) ? value["uri"] : ""));
    return id === undefined ? [] : [`${input} ${workspaceId(id.subscriptionId, id.resourceGroup, id.workspace)}`];
  });
  return places.sort().join("\n").toLowerCase();
}

/** They can set variables and replace the program. */
const dockerArguments = ({ resources }: Readonly<Record<string, unknown>>) =>
  isObject(resources) ? resources["dockerArgs"] : undefined;

const PARTS: readonly (readonly [part: string, called: string])[] = [
  ["codeId", "its code is another"],
  ["environmentId", "its environment is another"],
  ["environmentVariables", "its environment variables are others"],
  ["outputs", "its outputs are others"],
  ["distribution", "it runs in several processes"],
];

/** The part of a job that decides about the scores, too, and is other than wanted. The service adds an output `default` (docs/facts/azureml-wire.md#9.1), and no variables. */
function otherPart(
  wanted: Readonly<Record<string, unknown>>,
  there: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const other = PARTS.find(
    ([part]) =>
      differences(wanted[part], there[part], part).length > 0 ||
      (part !== "outputs" && isEmpty(wanted[part]) && !isEmpty(there[part])),
  );
  if (other !== undefined) return other[1];
  if ((dockerArguments(wanted) ?? "") !== (dockerArguments(there) ?? ""))
    return "its container is started in another way";
  const names = (one: unknown) => Object.keys(isObject(one) ? one : {});
  if (names(there["environmentVariables"]).length > names(wanted["environmentVariables"]).length)
    return "its environment variables are others";
  const outputs = Object.entries(isObject(there["outputs"]) ? there["outputs"] : {});
  // The folder of a job has its name; an address that somebody gave may hold what other jobs wrote.
  const elsewhere = outputs.some(([output, value]) => {
    const { uri } = isObject(value) ? value : {};
    return output !== "default" && typeof uri === "string" && !uri.split("/").includes(name);
  });
  return elsewhere ? "its outputs are others" : undefined;
}

function scoringJob(workspace: Workspace, job: Job, joined: boolean): ScoringJob {
  const name = job.name ?? "";
  return {
    name,
    id: job.id ?? `${workspace.id}/jobs/${name}`,
    status: job.properties?.status ?? "Unknown",
    studioUrl: studioUrl(workspace, job),
    joined,
    displayName: job.properties?.displayName ?? name,
    experiment: job.properties?.experimentName ?? "",
    inputs: inputsOf(job),
    outputs: outputUris(job),
  };
}

const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 60)
    .replace(/^-+|-+$/g, "");
