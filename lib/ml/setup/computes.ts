// Computes that the pipeline uses: their state, and the quota of their VM family.
// Tests: test/lib/ml/setup/page.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
import type { ComputeBody } from "../workspace/computes.ts";
import { coreLimits, machineSizes, sayLimit, sizeNamed, usagesOf } from "../workspace/region.ts";
import type { SeenWorkspace } from "./network.ts";
import type { Check, CheckAnswer, Page } from "./page.ts";

interface Machines {
  readonly seen: SeenWorkspace;
  /** Absent where the compute has no machines of ours: Kubernetes, serverless. */
  readonly vmSize?: string;
  readonly isLowPriority: boolean;
  /** A node runs, or is kept running: no quota is needed for the first one. */
  readonly holdsNodes: boolean;
}

export function checkCompute(page: Page, name: string, network: Check<SeenWorkspace>): void {
  const compute = page.check(
    { id: `compute ${name}`, asked: "Whether it is there and takes jobs.", after: [network] },
    (seen) => askCompute(seen, name),
  );
  page.check(
    { id: `quota ${name}`, asked: "The quota of its VM family in the workspace's region.", after: [compute] },
    askQuota,
  );
}

async function askCompute(seen: SeenWorkspace, name: string): Promise<CheckAnswer<Machines>> {
  const { azure, signal } = seen.request;
  const { status, body } = await azure.request<ComputeBody>(
    "GET",
    `${seen.id}/computes/${segment(name, "the name of the compute")}`,
    { doing: `read the compute ${name}`, promises: "resource", expect: [404], emptyNotFound: true, signal },
  );
  if (status === 404) {
    const there = await namesIn(seen, "computes", name);
    return {
      outcome: "failed",
      answered: `The workspace has no compute "${name}"; ${there}`,
      remedy:
        "Correct the input computes, or create the compute: AzureMLApply creates it from its YAML. A job without a compute runs serverless.",
    };
  }
  const {
    computeType = "of an unknown type",
    provisioningState,
    provisioningErrors,
    properties,
  } = body?.properties ?? {};
  const own = properties ?? {};
  const errors = [...(provisioningErrors ?? []), ...(own.errors ?? [])].flatMap(({ error }) => error?.message ?? []);
  const because = errors.length > 0 ? `: ${errors.join(" ")}` : "";
  if (provisioningState === "Failed")
    return {
      outcome: "failed",
      answered: `Azure could not create it${because}.`,
      remedy: "Delete it, correct the cause, and create it again.",
    };
  if (provisioningState !== undefined && provisioningState !== "Succeeded")
    return {
      outcome: "failed",
      answered: `It is not ready: ${provisioningState}.`,
      remedy: "Wait until its operation has ended, and check again.",
    };
  if (own.state !== undefined && own.state !== "Running")
    return {
      outcome: "failed",
      answered: `It is a compute instance that does not run: its state is ${own.state}${because}.`,
      remedy: "Start it in studio, give it a schedule, or let the job run on a cluster, which starts by itself.",
    };
  const { minNodeCount = 0, maxNodeCount } = own.scaleSettings ?? {};
  if (maxNodeCount === 0)
    return {
      outcome: "failed",
      answered: "It is a cluster with a maximum of 0 nodes.",
      remedy: "Increase its maximum number of nodes.",
    };
  if (errors.length > 0)
    return {
      outcome: "failed",
      answered: `It reports an error${because}`,
      remedy: "Look at the compute in studio, and correct the cause.",
    };
  const size = own.vmSize ? ` of ${own.vmSize}` : "";
  const nodes = maxNodeCount === undefined ? "" : `, up to ${maxNodeCount} nodes`;
  const value = {
    seen,
    isLowPriority: /^lowpriority$/i.test(own.vmPriority ?? ""),
    holdsNodes: own.state === "Running" || minNodeCount > 0,
    ...(own.vmSize ? { vmSize: own.vmSize } : {}),
  };
  return { answered: `It is there: ${computeType}${size}${nodes}.`, value };
}

/** The existing names, for the message on a missing one. */
export async function namesIn({ request, id }: SeenWorkspace, collection: string, word: string): Promise<string> {
  const names: string[] = [];
  for await (const one of request.azure.list<{ name?: string }>(`${id}/${collection}`, { signal: request.signal })) {
    if (one.name) names.push(one.name);
    if (names.length === 200) break;
  }
  return whatItHas(word, names.sort());
}

/** One node at the least must start; both answers are of the subscription, which a narrow role may not read (docs/facts/recorded-operations.md#6). */
async function askQuota({ seen, vmSize, isLowPriority, holdsNodes }: Machines): Promise<CheckAnswer<true>> {
  if (vmSize === undefined)
    return { outcome: "notNeeded", answered: "It has no virtual machines of this subscription." };
  const region = { ...seen.request, location: seen.location };
  const [sizes, usages] = await Promise.all([asked(() => machineSizes(region)), asked(() => usagesOf(region))]);
  if (sizes instanceof TaskError || usages instanceof TaskError)
    return {
      outcome: "warned",
      answered: `Azure does not tell (status ${(sizes instanceof TaskError ? sizes : (usages as TaskError)).status}): quotas belong to the subscription.`,
      remedy: "Look at the quota in studio, or give the identity Reader on the subscription for this page.",
    };
  const size = sizeNamed(sizes, vmSize);
  const tier = isLowPriority ? "lowPriority" : "dedicated";
  const limits = coreLimits(usages, size?.family, tier);
  if (size === undefined || limits === undefined)
    return {
      outcome: "warned",
      answered: `The region's list does not name the quota of ${vmSize}.`,
      remedy: "Look at the quota in studio (Quota).",
    };
  const cores = size.vCPUs ?? 1;
  const told = limits.map(sayLimit).join("; ");
  const isShort = limits.some(({ limit, used }) => limit < cores || (!holdsNodes && limit - used < cores));
  if (isShort)
    return {
      outcome: "failed",
      answered: `A node of ${vmSize} needs ${cores} vCPUs, and there is no room: ${told}.`,
      remedy:
        "Ask for more quota of that family in studio (Quota), choose another size, or wait until others have ended.",
    };
  return { answered: `A node of ${vmSize} needs ${cores} vCPUs; ${told || "no limit of its own"}.`, value: true };
}

/** The answer, or the refusal of who may not ask at the scope of the subscription. */
async function asked<T>(ask: () => Promise<T>): Promise<T | TaskError> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TaskError && [401, 403, 404].includes(error.status ?? 0)) return error;
    throw error;
  }
}
