// Submits a job: checks what it refers to, uploads what it needs, and submits it once for this step of this run (idempotent).
// Tests: test/lib/ml/jobs/jobs.test.ts, test/lib/ml/jobs/job-kinds.test.ts

import { randomBytes } from "node:crypto";
import { type JobDocument, overRunLimits, translateJob, type UploadRoot } from "../../documents/index.ts";
import { CONNECTION_INFORMATION } from "../../documents/jobs/distillation.ts";
import { canonical } from "../../documents/language/canonical.ts";
import { TaskError } from "../../errors.ts";
import type { Provenance } from "../../provenance.ts";
import { sha256 } from "../../sha256.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createResolver, type WorkspaceResolver } from "../assets/resolve.ts";
import { withTimeout } from "../costs/limits.ts";
import { refuseEvidence } from "../gate/evidence.ts";
import { inputsOf } from "../jobs/job-inputs.ts";
import { findJob, type Job, outputUris, putJob, studioUrl } from "../jobs/jobs.ts";
import type { JobCost, Meter } from "../jobs/meter.ts";
import { Ownership } from "../jobs/ownership.ts";
import { concurrencyTag, supersede } from "../jobs/supersede.ts";
import { type Beginning, beginning } from "../workspace/callbacks.ts";
import { lineageProperties, lineageTags, SPECIFICATION_HASH } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { renamed } from "../workspace/write.ts";
import { experimentFault, experimentOf } from "./experiment-name.ts";
import { type PreflightOptions, preflightOfJob } from "./preflight-of-job.ts";
import { planSpending, type SpendingOptions } from "./spending.ts";

export interface SubmitOptions extends Beginning {
  /** The same for every attempt of this step in this run, and for no other step. */
  readonly stepIdentity: string;
  /** Known to this step of this agent's job alone, and the same where the agent runs it again in place. */
  readonly nonce?: string | undefined;
  readonly experimentName?: string | undefined;
  readonly displayName?: string | undefined;
  readonly environmentVariables?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Jobs of older runs of the pipeline that have the same key are cancelled; to one of a newer run this one gives way. */
  readonly concurrencyKey?: string | undefined;
  /** The repository's folder, which uploads may not leave by a link. */
  readonly root?: UploadRoot | undefined;
  /** Whether quota, computes, roles and network are looked at before anything is uploaded. */
  readonly preflight?: boolean;
  readonly onFindings?: PreflightOptions["onFindings"];
  /** Whether the job is priced, and what it may take. */
  readonly costs?: SpendingOptions | undefined;
}

export interface SubmittedJob {
  readonly name: string;
  readonly id: string;
  readonly status: string;
  readonly studioUrl: string;
  /** Data and models that it reads, by the names of its inputs. */
  readonly inputs: Readonly<Record<string, string>>;
  /** True: an earlier attempt's job, which still runs or has completed. */
  readonly joined: boolean;
  readonly displayName: string;
  readonly experiment: string;
  /** URI by output name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The estimate, where the job was priced; the meter measures the job while it runs. */
  readonly cost?: JobCost;
  readonly meter?: Meter;
}

/**
 * Submits a job, or joins the one that an earlier attempt of this step submitted. `onLeft` is told of the job before it is
 * submitted, and once it is known to be one's own: what `cancelLeft` takes.
 * @throws TaskError before anything is created, where the job names a compute, an environment or data that is not there
 */
export async function submitJob(
  workspace: Workspace,
  document: JobDocument,
  options: SubmitOptions,
): Promise<SubmittedJob> {
  return beginning(workspace, options, () => submit(workspace, document, options));
}

/**
 * Sequential round trips with code and
 * environment known: side by side the checks, the earlier job, the code's hash; the environment; the job. New code: three more.
 */
async function submit(workspace: Workspace, given: JobDocument, options: SubmitOptions): Promise<SubmittedJob> {
  const { provenance, log } = workspace;
  const document = withOptions(given, options);
  const fault = experimentFault(document.experiment_name);
  if (fault !== undefined) log.warn(fault);
  refuseEvidence({ ...document.tags, ...options.tags }, "The job sets the tag");
  const tag = options.concurrencyKey === undefined ? undefined : concurrencyTag(options.concurrencyKey, provenance);
  const set = { ...(tag ? { [tag]: provenance.runId || "local" } : {}), ...options.tags };
  const excess = overRunLimits({ ...document.tags, ...set });
  if (excess !== undefined)
    throw new TaskError("input", excess, {
      errorCode: "AML1313",
      hint: `Remove or shorten tags of the file or of the input.${tag ? " The input concurrencyKey adds one more." : ""}`,
    });
  const base = document.name ?? jobName(provenance, options.stepIdentity);
  const earlierJob = findJob(workspace, base);
  const named = requireNamed(workspace, document);
  const known = Promise.all([named, earlierJob]);
  const checks = options.preflight ? preflightOfJob(workspace, document, known, options) : known;
  const priced = options.costs && planSpending(workspace, document, options.costs);
  const resolver = createResolver(workspace, {
    mayCreate: Promise.all([checks, priced]),
    ...(options.root === undefined ? {} : { root: options.root }),
  });
  const translation = translateJob(document, resolver, {
    name: base,
    experimentName: experimentOf(provenance.definition),
    displayName: options.displayName,
    tags: { ...lineageTags(provenance, { ...document.tags, ...set }), ...set },
    properties: lineageProperties(provenance),
  });
  // `checks` rejects with the error users need; ignore the rejection that follows from it.
  translation.catch(() => {});
  const [earlier, , spending] = await Promise.all([earlierJob, checks, priced]);
  const write = await translation;
  const written = write.body["properties"] as Record<string, unknown> & { properties: Record<string, string> };
  const properties = spending?.timeout === undefined ? written : withTimeout(written, spending.timeout);
  // Without a limit of cost: it follows from prices, which may change from one attempt to the next.
  const hash = specificationHash(written, resolver);

  const ownership = new Ownership(workspace, options);
  /** Its job, read again, so that a newer run's changes are seen. */
  const report = async (job: Job, joined: boolean): Promise<SubmittedJob> => {
    if (tag) await supersede(workspace, tag, job.name);
    return {
      ...submitted(workspace, job, joined),
      ...(spending && { meter: spending.meter, cost: spending.meter.estimate }),
    };
  };
  const passOver = (name: string, stranger: string) =>
    log.warn(
      `The job ${name} has the name of this step's job, and is left alone: ${stranger}. This step's job gets another name.`,
    );

  for (let attempt = 1, found = earlier; ; attempt++) {
    if (attempt > 100)
      throw new TaskError("conflict", `There are 100 jobs named ${base} already.`, { errorCode: "AML1407" });
    const name = attempt === 1 ? base : `${base}-${attempt}`;
    if (attempt > 1) found = await findJob(workspace, name);
    if (!found) {
      if (tag) await supersede(workspace, tag);
      options.onLeft?.(ownership.unseen(name));
      const own = { ...properties.properties, [SPECIFICATION_HASH]: hash, ...ownership.properties(name) };
      const named = { ...renamed(write, name), name, body: { properties: { ...properties, properties: own } } };
      const { job, created } = await putJob(workspace, named).catch(async (error: unknown) => {
        // The name may have been taken since it was looked for: then Azure has refused to change that job.
        const taken = error instanceof TaskError && [400, 409].includes(error.status ?? 0);
        const there = taken ? await findJob(workspace, name) : undefined;
        if (there === undefined) throw error;
        return { job: there, created: false };
      });
      const stranger = await ownership.ofAnswer(job, name, created);
      if (stranger === undefined) {
        options.onLeft?.(name);
        return report(job, false);
      }
      passOver(name, stranger);
      continue;
    }
    const { status = "Unknown" } = found.properties ?? {};
    const stranger = await ownership.ofFound(found, name);
    if (stranger !== undefined) {
      passOver(name, stranger);
      continue;
    }
    const fate = fateOf(found, hash);
    if (fate === "join") {
      options.onLeft?.(name);
      log.info(`An earlier attempt of this step submitted ${name}, which is ${status}: going on with it.`);
      return report(found, true);
    }
    const why = fate === "other" ? `is ${status} and was submitted for something else` : `is ${status}`;
    log.info(`${name} of an earlier attempt ${why}: submitting it again.`);
  }
}

/** The decision about a job of an earlier attempt: join it, or submit anew because it has ended or is another job. */
function fateOf(job: Job, hash: string): "join" | "ended" | "other" {
  const { status, properties } = job.properties ?? {};
  if (/^(Failed|Canceled|CancelRequested|NotResponding)$/.test(status ?? "")) return "ended";
  return properties?.[SPECIFICATION_HASH] === hash ? "join" : "other";
}

/**
 * `<pipeline>-<run>-<step>-<hash>`: readable in studio, the same for every attempt, and one for each step. Outside of a
 * pipeline there are no attempts, and the name is new each time.
 */
export function jobName(provenance: Provenance, stepIdentity: string): string {
  const unique = provenance.kind === "none" ? randomBytes(5).toString("hex") : sha256(stepIdentity).slice(0, 10);
  const parts = [slug(provenance.definition, 40), slug(provenance.runId, 20), slug(provenance.step, 30), unique];
  const name = parts.filter((part) => part !== "").join("-");
  return /^[a-z0-9]/i.test(name) ? name : `job-${name}`;
}

const slug = (text: string, length: number) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, length)
    .replace(/^-+|-+$/g, "");

/**
 * A hash of a job's work: without its name and lineage, and with code by its content. A distillation says
 * what it does among the job's own properties; the one of them that holds its API key is not looked at.
 */
export function specificationHash(
  properties: Readonly<Record<string, unknown>>,
  resolver: Pick<WorkspaceResolver, "codeHashes">,
): string {
  const { properties: own, tags: _tags, displayName: _name, ...specification } = properties;
  const settings = Object.entries((own ?? {}) as Record<string, string>).filter(
    ([name]) => name.startsWith("azureml.") && !name.startsWith("azureml.git.") && name !== CONNECTION_INFORMATION,
  );
  const distils = settings.some(([name]) => name === "azureml.enable_distillation");
  let text = canonical(distils ? { ...specification, settings: Object.fromEntries(settings) } : specification);
  for (const [id, hash] of resolver.codeHashes) text = text.replaceAll(id, `code ${hash}`);
  return sha256(text);
}

function withOptions(document: JobDocument, options: SubmitOptions): JobDocument {
  const named =
    options.experimentName === undefined ? document : { ...document, experiment_name: options.experimentName };
  const variables = options.environmentVariables ?? {};
  if (Object.keys(variables).length === 0) return named;
  switch (named.kind) {
    case "command":
      return { ...named, environment_variables: { ...named.environment_variables, ...variables } };
    case "sweep": {
      const { trial } = named;
      const all = { ...trial.environment_variables, ...variables };
      return { ...named, trial: { ...trial, environment_variables: all } };
    }
    default:
      throw new TaskError(
        "input",
        `Environment variables can be given to a command job or a sweep job, and this is a ${named.kind} job.`,
        { errorCode: "AML1313", hint: "Write them into the job YAML, where the steps are." },
      );
  }
}

function submitted(workspace: Workspace, job: Job, joined: boolean): SubmittedJob {
  const name = job.name ?? "";
  return {
    name,
    id: job.id ?? `${workspace.id}/jobs/${name}`,
    status: job.properties?.status ?? "Unknown",
    studioUrl: studioUrl(workspace, job),
    inputs: inputsOf(job),
    joined,
    displayName: job.properties?.displayName ?? name,
    experiment: job.properties?.experimentName ?? "",
    outputs: outputUris(job),
  };
}
