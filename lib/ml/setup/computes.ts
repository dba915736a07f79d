// Computes that the pipeline uses: their state, and the quota of their VM family.
// Tests: test/lib/ml/setup/page.test.ts
import { segment } from "../../azure/index.ts";
import type { SeenWorkspace } from "./network.ts";
import type { Check, CheckAnswer, Page } from "./page.ts";

interface ComputeBody {
  readonly properties?: {
    readonly computeType?: string;
    readonly provisioningState?: string;
    readonly provisioningErrors?: readonly { readonly error?: { readonly message?: string } }[] | null;
    readonly properties?: {
      /** Of a compute instance. */
      readonly state?: string;
      readonly errors?: readonly { readonly error?: { readonly message?: string } }[] | null;
      readonly vmSize?: string;
      readonly vmPriority?: string;
      readonly scaleSettings?: { readonly minNodeCount?: number; readonly maxNodeCount?: number };
    } | null;
  };
}

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
    const there = await namesIn(seen, "computes");
    return {
      outcome: "failed",
      answered: `The workspace has no compute "${name}"; ${there}.`,
      todo: "Correct the input computes, or create the compute: AzureMLApply creates it from its YAML. A job without a compute runs serverless.",
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
      todo: "Delete it, correct the cause, and create it again.",
    };
  if (provisioningState !== undefined && provisioningState !== "Succeeded")
    return {
      outcome: "failed",
      answered: `It is not ready: ${provisioningState}.`,
      todo: "Wait until its operation has ended, and check again.",
    };
  if (own.state !== undefined && own.state !== "Running")
    return {
      outcome: "failed",
      answered: `It is a compute instance that does not run: its state is ${own.state}${because}.`,
      todo: "Start it in studio, give it a schedule, or let the job run on a cluster, which starts by itself.",
    };
  const { minNodeCount = 0, maxNodeCount } = own.scaleSettings ?? {};
  if (maxNodeCount === 0)
    return {
      outcome: "failed",
      answered: "It is a cluster with a maximum of 0 nodes.",
      todo: "Increase its maximum number of nodes.",
    };
  if (errors.length > 0)
    return {
      outcome: "failed",
      answered: `It reports an error${because}`,
      todo: "Look at the compute in studio, and correct the cause.",
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
export async function namesIn({ request, id }: SeenWorkspace, collection: string): Promise<string> {
  const names: string[] = [];
  for await (const one of request.azure.list<{ name?: string }>(`${id}/${collection}`, { signal: request.signal })) {
    if (one.name) names.push(one.name);
    if (names.length === 20) break;
  }
  return names.length > 0 ? `it has ${names.sort().join(", ")}` : "it has none";
}

interface VmSize {
  readonly name?: string;
  readonly family?: string;
  readonly vCPUs?: number;
}

interface Usage {
  readonly type?: string;
  readonly currentValue?: number;
  readonly limit?: number;
  readonly name?: { readonly value?: string };
}

/** One node at the least must start; both answers are of the subscription, which a narrow role may not read (docs/facts/recorded-operations.md#6). */
async function askQuota({ seen, vmSize, isLowPriority, holdsNodes }: Machines): Promise<CheckAnswer<true>> {
  if (vmSize === undefined)
    return { outcome: "notNeeded", answered: "It has no virtual machines of this subscription." };
  const { azure, subscriptionId, signal } = seen.request;
  const at = `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${segment(seen.location, "the region")}`;
  const doing = "read the quota of the workspace's region";
  const [sizes, usages] = await Promise.all([
    azure.request<{ value?: VmSize[]; amlCompute?: VmSize[] }>("GET", `${at}/vmSizes`, {
      doing,
      promises: (body) => Array.isArray(body["value"] ?? body["amlCompute"]),
      expect: [401, 403, 404],
      signal,
    }),
    azure.request<{ value?: Usage[] }>("GET", `${at}/usages`, {
      doing,
      promises: "list",
      expect: [401, 403, 404],
      signal,
    }),
  ]);
  if (sizes.status !== 200 || usages.status !== 200)
    return {
      outcome: "warned",
      answered: `Azure does not tell (status ${sizes.status === 200 ? usages.status : sizes.status}): quotas belong to the subscription.`,
      todo: "Look at the quota in studio, or give the identity Reader on the subscription for this page.",
    };
  const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
  const { value, amlCompute } = sizes.body ?? {};
  const size = (value ?? amlCompute)?.find(({ name }) => same(name, vmSize));
  const kind = isLowPriority ? "lowPriorityCores" : "dedicatedCores";
  const rows = usages.body?.value ?? [];
  const family = rows.find(
    ({ name, type }) => same(name?.value, size?.family ?? "") && type?.includes(`vmFamily/${kind}`),
  );
  // The row of all low-priority cores is in no recording; its name follows that of the dedicated ones.
  const total = rows.find(({ name }) =>
    same(name?.value, isLowPriority ? "TotalLowPriorityCores" : "TotalDedicatedCores"),
  );
  if (size === undefined || (family === undefined && total === undefined))
    return {
      outcome: "warned",
      answered: `The region's list does not name the quota of ${vmSize}.`,
      todo: "Look at the quota in studio (Quota).",
    };
  const cores = size.vCPUs ?? 1;
  // A limit of -1 is none of its own.
  const limits = [family, total].flatMap((row) => (row?.limit === undefined || row.limit < 0 ? [] : [row]));
  const told = limits
    .map((row) => `${row.name?.value}: ${row.currentValue ?? 0} of ${row.limit} vCPUs in use`)
    .join("; ");
  const isShort = limits.some(
    ({ limit = 0, currentValue = 0 }) => limit < cores || (!holdsNodes && limit - currentValue < cores),
  );
  if (isShort)
    return {
      outcome: "failed",
      answered: `A node of ${vmSize} needs ${cores} vCPUs, and there is no room: ${told}.`,
      todo: "Ask for more quota of that family in studio (Quota), choose another size, or wait until others have ended.",
    };
  return { answered: `A node of ${vmSize} needs ${cores} vCPUs; ${told || "no limit of its own"}.`, value: true };
}
