// Checks the computes of a job, and works out which machines its parts will take.
// Tests: test/lib/ml/preflight/compute-checks.test.ts, test/bundle/preflight.test.ts

import type { JobPart } from "../jobs/job-parts.ts";
import type { ComputeBody } from "../workspace/computes.ts";
import type { Tier } from "../workspace/region.ts";
import type { Finding } from "./finding.ts";
import type { MachineNeed } from "./quota.ts";

/** A compute that parts of the job run on; `body` is undefined where it could not be read. */
export interface UsedCompute {
  readonly name: string;
  readonly body: ComputeBody | undefined;
  readonly parts: readonly JobPart[];
}

const sayPart = ({ step }: Pick<JobPart, "step">): string => (step === "" ? "the job" : `the step ${step}`);

/** The most nodes that one run of these parts takes, and the part that takes them. */
function largest(parts: readonly JobPart[]): JobPart | undefined {
  return parts.reduce<JobPart | undefined>((most, one) => (one.nodes > (most?.nodes ?? 0) ? one : most), undefined);
}

/** Whether the compute is there, whole, and large enough (docs/facts/recorded-operations.md#7). Pure. */
export function judgeCompute({ name, body, parts }: UsedCompute): Finding {
  const id = `compute ${name}`;
  const {
    computeType = "of an unknown type",
    provisioningState,
    provisioningErrors,
    properties,
  } = body?.properties ?? {};
  const own = properties ?? {};
  if (body === undefined) return { id, outcome: "notAsked", answered: "It could not be read." };
  const errors = [...(provisioningErrors ?? []), ...(own.errors ?? [])].flatMap(({ error }) => error?.message ?? []);
  const because = errors.length > 0 ? `: ${errors.join(" ")}` : "";
  const nodesNow = own.currentNodeCount ?? 0;
  if (provisioningState === "Failed" && nodesNow === 0)
    return {
      id,
      outcome: "failed",
      answered: `Azure could not create it${because}.`,
      remedy: "Delete it, correct the cause, and create it again.",
    };
  const { maxNodeCount } = own.scaleSettings ?? {};
  const part = largest(parts);
  if (maxNodeCount !== undefined && part !== undefined && part.nodes > maxNodeCount)
    return {
      id,
      outcome: "failed",
      answered: `It is a cluster with a maximum of ${maxNodeCount} nodes, and ${sayPart(part)} needs ${part.nodes} at a time: it could never begin.`,
      remedy: "Increase the cluster's maximum number of nodes, or ask for fewer with `resources: {instance_count: …}`.",
    };
  const waits = "Jobs wait in the queue meanwhile.";
  if (provisioningState === "Failed")
    return {
      id,
      outcome: "warned",
      answered: `Its last change failed${because}${because.endsWith(".") ? "" : "."} It has ${nodesNow} nodes.`,
      remedy: "Look at the compute in studio: it may have other settings than were asked for.",
    };
  if (provisioningState !== undefined && provisioningState !== "Succeeded")
    return { id, outcome: "warned", answered: `It is not ready: its state is ${provisioningState}. ${waits}` };
  if (own.state !== undefined && !/^(Job)?Running$/.test(own.state))
    return {
      id,
      outcome: "warned",
      answered: `It is a compute instance that does not run: its state is ${own.state}${because}. ${waits}`,
      remedy: "Start it in studio, give it a schedule, or let the job run on a cluster, which starts by itself.",
    };
  if (errors.length > 0)
    return {
      id,
      outcome: "warned",
      answered: `It reports an error${because}`,
      remedy: "Look at the compute in studio.",
    };
  const size = own.vmSize ? ` of ${own.vmSize}` : "";
  const nodes = maxNodeCount === undefined ? "" : `, up to ${maxNodeCount} nodes`;
  return { id, outcome: "passed", answered: `It is there: ${computeType}${size}${nodes}.` };
}

const tierOf = (body: ComputeBody | undefined): Tier =>
  /^lowpriority$/i.test(body?.properties?.properties?.vmPriority ?? "") ? "lowPriority" : "dedicated";

/** Machines that a run of a compute's parts takes; undefined where it has none of this subscription, or has them already. */
export function needOfCompute({ name, body, parts }: UsedCompute): MachineNeed | undefined {
  const part = largest(parts);
  const own = body?.properties?.properties;
  // A compute instance has its machine, as long as it runs.
  if (!own?.vmSize || part === undefined || own.state !== undefined) return undefined;
  return {
    what: `${sayPart(part)} on ${name}`,
    name,
    size: own.vmSize,
    instances: part.nodes,
    tier: tierOf(body),
    use: "AmlCompute",
    held: own.currentNodeCount ?? 0,
  };
}

/** Machines of a part that runs on serverless compute and says their size. */
export function needOfPart(part: JobPart): MachineNeed | undefined {
  if (part.compute !== undefined || part.size === undefined) return undefined;
  const name = part.step === "" ? "serverless" : part.step;
  return {
    what: sayPart(part),
    name,
    size: part.size,
    instances: part.nodes,
    tier: part.tier ?? "dedicated",
    use: "AmlCompute",
  };
}
