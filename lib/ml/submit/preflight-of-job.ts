// The preflight of a job: its computes, the machines that its parts take, and what submitting it needs.
// Tests: test/lib/ml/preflight/preflight.test.ts, test/bundle/preflight.test.ts
import type { JobDocument } from "../../documents/index.ts";
import { type JobPart, partsOf } from "../jobs/job-parts.ts";
import type { Job } from "../jobs/jobs.ts";
import { judgeCompute, needOfCompute, needOfPart, type UsedCompute } from "../preflight/compute-checks.ts";
import { type PreflightRequest, preflight } from "../preflight/preflight.ts";
import type { MachineNeed } from "../preflight/quota.ts";
import { operationsFor } from "../preflight/workspace-checks.ts";
import { SUBMIT_JOB } from "../setup/own-operations.ts";
import { computeName, findCompute } from "../workspace/computes.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** A job in another state is joined, or is another job's name; a new one begins beside it only where it was submitted for something else. */
const ENDED_BADLY = /^(Failed|Canceled|CancelRequested|NotResponding)$/;

export type PreflightOptions = Pick<PreflightRequest, "onFindings">;

/**
 * Looks at everything side by side with the caller's own reads. The job of an earlier attempt that goes on or has completed needs
 * nothing any more, and nothing is judged then.
 * @param known rejects where something that the document names is not there; gives the earlier job
 * @throws TaskErrors that name each thing that is sure to fail
 */
export async function preflightOfJob(
  workspace: Workspace,
  document: JobDocument,
  known: Promise<readonly [unknown, Job | undefined]>,
  { onFindings }: PreflightOptions,
): Promise<void> {
  const parts = partsOf(document);
  const computes = usedComputes(workspace, parts);
  await preflight(workspace, {
    what: "The job",
    operations: operationsFor(SUBMIT_JOB, ["jobs/write"]),
    onFindings,
    known: (async () => {
      const [[, earlier], used] = await Promise.all([known, computes]);
      if (earlier !== undefined && !ENDED_BADLY.test(earlier.properties?.status ?? "")) return undefined;
      const needs = [...used.map(needOfCompute), ...parts.map(needOfPart)].flatMap((need) => need ?? []);
      return { findings: used.map(judgeCompute), needs: distinct(needs) };
    })(),
  });
}

/** Each compute of this workspace once, with the parts that run on it. It was read to see whether it is there. */
async function usedComputes(workspace: Workspace, parts: readonly JobPart[]): Promise<UsedCompute[]> {
  const used = new Map<string, JobPart[]>();
  for (const part of parts) {
    if (part.compute === undefined) continue;
    const name = computeName(
      workspace,
      part.compute.startsWith("/") ? part.compute : `${workspace.id}/computes/${part.compute}`,
    );
    if (name !== undefined) used.set(name, [...(used.get(name) ?? []), part]);
  }
  return Promise.all(
    [...used].map(async ([name, of]) => ({
      name,
      parts: of,
      body: await findCompute(workspace, name).catch(() => undefined),
    })),
  );
}

/** A pipeline may ask for the same machines in three hundred steps: one line says it. */
function distinct(needs: readonly MachineNeed[]): MachineNeed[] {
  const first = new Map<string, MachineNeed>();
  for (const need of needs) {
    // A cluster's own nodes are counted as used already, and each tier has a quota of its own.
    const key = `${need.size.toLowerCase()} ${need.instances} ${need.tier} ${need.held ?? 0}`;
    if (!first.has(key)) first.set(key, need);
  }
  return [...first.values()];
}
