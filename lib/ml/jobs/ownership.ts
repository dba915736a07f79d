// Ownership of jobs: tests whether this step submitted a job. Names can be guessed, specifications copied, and a PUT on a taken name
// answers with the job that has it (docs/facts/recorded-operations.md#4.1). A step joins only a job that it submitted itself.
// Tests: test/lib/ml/jobs/joining.test.ts

import { createHmac } from "node:crypto";
import { segment } from "../../azure/index.ts";
import { poll } from "../../poll.ts";
import { sha256 } from "../../sha256.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { cancelJob, findJob, type Job } from "./jobs.ts";

/** Properties of a job, which cannot be changed later: which step of which run it is of, and which process submitted it. */
const STEP = "azureDevOps.step";
const CLAIM = "azureDevOps.claim";
/** Between a job's name and its claim; no name has a space. */
const UNSEEN = " unseen:";

export interface Step {
  /** The same for every attempt of this step in this run, and for no other step. */
  readonly stepIdentity: string;
  /** Kept with the agent's job, and known to nobody else: the same where the agent runs the step again in place. */
  readonly nonce?: string | undefined;
}

/** Why a job is not joined, as the end of a sentence about it; undefined where it is one's own. */
export type Stranger = string | undefined;

export class Ownership {
  readonly #workspace: Workspace;
  readonly #step: Step;

  constructor(workspace: Workspace, step: Step) {
    this.#workspace = workspace;
    this.#step = step;
  }

  /** The note for the post-job stage on a job whose answer has not been read yet: another job may have the name. */
  unseen(name: string): string {
    return `${name}${UNSEEN}${this.#claim(name) ?? ""}`;
  }

  /** The marks of the job of this name, by which it is recognised. */
  properties(name: string): Record<string, string> {
    const claim = this.#claim(name);
    return { [STEP]: sha256(this.#step.stepIdentity), ...(claim === undefined ? {} : { [CLAIM]: claim }) };
  }

  /**
   * Of a job that was there before: it is one's own on a later attempt where the own identity created it, and in a step
   * that the agent runs again in place where its claim is right. At most two round trips.
   */
  async ofFound(job: Job, name: string): Promise<Stranger> {
    const properties = job.properties?.properties ?? {};
    if (properties[STEP] !== sha256(this.#step.stepIdentity)) return "it is not of this step of this run";
    const claim = this.#claim(name);
    if (claim !== undefined && properties[CLAIM] === claim) return undefined;
    if (this.#workspace.provenance.attempt <= 1) return "it is not of this step, which has not submitted a job yet";
    return ofCreator(this.#workspace, name);
  }

  /**
   * Of a job that the service answered a PUT with. One that was made by it is one's own; of one that was there, what the
   * service may have added of our properties says nothing, and who created it does.
   */
  async ofAnswer(job: Job, name: string, created: boolean): Promise<Stranger> {
    if (created || this.#workspace.provenance.kind === "none") return undefined;
    return ofClaim(this.#workspace, job, name, this.#claim(name));
  }

  /** A claim is valid for one name: copied to another job it proves nothing. */
  #claim(name: string): string | undefined {
    const { nonce } = this.#step;
    return nonce === undefined ? undefined : createHmac("sha256", nonce).update(name).digest("hex");
  }
}

/**
 * Asks the job to cancel that a stopped step left, as `onLeft` told it. While the step had not seen whose the job is, that is seen now:
 * one that is not provably its own is left alone. Up to three round trips before the cancel.
 */
export async function cancelLeft(workspace: Workspace, mark: string): Promise<void> {
  const [name = "", claim] = mark.split(UNSEEN);
  if (claim !== undefined) {
    const job = await findJob(workspace, name);
    if (job === undefined) return workspace.log.info(`This step was stopped before it had submitted the job ${name}.`);
    const stranger = await ofClaim(workspace, job, name, claim === "" ? undefined : claim);
    if (stranger !== undefined)
      return workspace.log.warn(
        `The job ${name} has the name of this step's job, and is left alone: ${stranger}. If it is this step's, cancel it in studio or with: az ml job cancel --name ${name}`,
      );
  }
  workspace.log.info(`Cancelling the job ${name}, which this step left when it was stopped.`);
  await cancelJob(workspace, name);
}

/** Our properties on an existing job prove nothing, because the service may have added them to it; its creator does. */
async function ofClaim(workspace: Workspace, job: Job, name: string, claim: string | undefined): Promise<Stranger> {
  if (claim !== undefined && job.properties?.properties?.[CLAIM] !== claim) return "it is not of this step of this run";
  return ofCreator(workspace, name);
}

/** Who created the job, by run history; the own identity is no stranger. Up to two round trips, side by side. */
export async function ofCreator(workspace: Workspace, name: string): Promise<Stranger> {
  const [creator, own] = await Promise.all([creatorOf(workspace, name), ownIdentity(workspace)]);
  if (creator === undefined) return "run history does not say who created it";
  return creator === own ? undefined : "another identity than this service connection's created it";
}

/** Object id of who created a run (docs/facts/azureml-wire.md#11); the resource manager has a display name in its place (docs/facts/azureml-wire.md#1.3). */
async function creatorOf(workspace: Workspace, name: string): Promise<string | undefined> {
  const { azure, signal } = workspace;
  const at = `${await workspace.serviceUrl("history")}/runs/${segment(name, "the job's name")}`;
  // History may be a moment behind the resource manager.
  const deadline = 10_000;
  return poll(
    async () => {
      const answer = await azure.request<{ createdBy?: { userObjectId?: unknown } | null }>("GET", at, {
        doing: `see who created the job ${name}`,
        expect: [404],
        signal,
      });
      if (answer.status === 404) return { done: false as const };
      const id = answer.body?.createdBy?.userObjectId;
      return { done: true as const, value: typeof id === "string" && id !== "" ? id.toLowerCase() : undefined };
    },
    { what: `run history to know the job ${name}`, deadline, signal },
  ).catch((error: unknown) => {
    if ((error as { kind?: unknown }).kind === "timeout") return undefined;
    throw error;
  });
}

/** Object id of the service connection's identity, as its token says. */
async function ownIdentity({ azure, signal }: Workspace): Promise<string | undefined> {
  const token = await azure.token(azure.cloud.managementScope, signal);
  try {
    const { oid } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      oid?: unknown;
    };
    return typeof oid === "string" ? oid.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
