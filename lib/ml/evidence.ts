// The evidence that a model was judged: tags of the job, and of the models made of it. CheckModel asks for them.
import { segment } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { EVIDENCE, isJudgement } from "../spec/evidence-names.ts";
import { getJob, JOB_READ_API_VERSION, type Job } from "./jobs.ts";
import type { Workspace } from "./workspace.ts";

export { EVIDENCE, isEvidence, refuseEvidence } from "../spec/evidence-names.ts";

/**
 * Writes to a job what came of its evaluation, in place of what an earlier one wrote. Two round trips: the job as it is,
 * and the same job with other tags, as the official client changes tags (facts/04 9.3). Whoever may only read is told
 * in a warning; CheckModel will then not pass.
 */
export async function recordEvaluation(workspace: Workspace, jobName: string, passed: boolean): Promise<void> {
  const { provenance, azure, log, signal } = workspace;
  const job = await getJob(workspace, jobName);
  const evidence = {
    [EVIDENCE.result]: passed ? "passed" : "failed",
    [EVIDENCE.pipeline]: provenance.kind === "none" ? "" : provenance.definition,
    [EVIDENCE.run]: provenance.kind === "none" ? "" : provenance.runUri,
    [EVIDENCE.time]: new Date().toISOString(),
  };
  const tags = {
    ...Object.fromEntries(Object.entries(job.properties?.tags ?? {}).filter(([name]) => !isJudgement(name))),
    ...Object.fromEntries(Object.entries(evidence).filter(([, value]) => value !== "")),
  };
  const properties = { ...sentBack(job), tags };
  try {
    await azure.request("PUT", `${workspace.id}/jobs/${segment(jobName, "the name of the job")}`, {
      doing: `write the evaluation of the job ${jobName}`,
      body: { properties },
      // The one that it was read with: nothing is lost on the way back.
      apiVersion: JOB_READ_API_VERSION,
      signal,
    });
  } catch (error) {
    const isRefused = error instanceof TaskError && (error.status === 401 || error.status === 403);
    // What an earlier evaluation wrote must not stand where this one says otherwise.
    const stale = !passed && job.properties?.tags?.[EVIDENCE.result] === "passed";
    if (!isRefused || stale) throw error;
    log.warn(
      `The evaluation could not be written to the job ${jobName}, so that CheckModel will not pass a model made of it: ${error.message}`,
    );
  }
}

/** A job as it is sent to have its tags changed: what the service alone says is left out. */
function sentBack(job: Job): Record<string, unknown> {
  const { status: _status, parameters: _parameters, services, ...rest } = job.properties ?? {};
  const kept = Object.entries(services ?? {}).flatMap(([name, service]) => {
    const { jobServiceType, endpoint } = (service ?? {}) as { jobServiceType?: string; endpoint?: string | null };
    return service ? [[name, { jobServiceType, endpoint }] as const] : [];
  });
  const given = Object.entries({ ...rest, services: Object.fromEntries(kept) });
  return Object.fromEntries(given.filter(([, value]) => value !== null));
}

/** The evidence that a job carries; empty where nobody judged it. */
export function evidenceOf(job: Job): Record<string, string> {
  return evidenceIn(job.properties?.tags);
}

/** The evidence among tags. */
export function evidenceIn(tags: Readonly<Record<string, string>> | null | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(tags ?? {}).filter(([name]) => isJudgement(name)));
}
