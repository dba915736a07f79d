// Judges whether machines fit into a region's quota, from what the region's lists say. Pure.
// Sources: docs/facts/operations.md#A.7, docs/facts/operations.md#B.2, docs/facts/recorded-operations.md#6.
// Tests: test/lib/ml/preflight/quota.test.ts
import {
  type CoreLimit,
  coreLimits,
  type MachineSize,
  sayLimit,
  sizeNamed,
  type Tier,
  type Usage,
} from "../workspace/region.ts";
import type { Finding } from "./finding.ts";

/** Machines that something is about to take. */
export interface MachineNeed {
  /** For people: `the deployment blue`, `the step train`. */
  readonly what: string;
  /** Name in the finding's id. */
  readonly name: string;
  readonly size: string;
  readonly instances: number;
  readonly tier: Tier;
  /**
   * `MIR`: a managed online deployment, which the service refuses at once where its quota and reserve are not free.
   * `AmlCompute`: a job, which waits in the queue until nodes are free.
   */
  readonly use: "MIR" | "AmlCompute";
  /** Nodes of the cluster, which the usage counts already. */
  readonly held?: number;
  /** The deployment that is changed: the usage counts its machines until then. */
  readonly replaces?: { readonly size: string; readonly instances: number };
}

export interface RegionLists {
  readonly location: string;
  readonly sizes: readonly MachineSize[];
  readonly usages: readonly Usage[];
}

/** Sizes of which no fifth is reserved, as Microsoft's list of sizes says; it may have grown since, so that it only advises. */
const WITHOUT_RESERVE =
  /^standard_(nc(24|48|96)ads_a100_v4|nc40ads_h100_v5|nc80adis_h100_v5|nd96amsr_a100_v4|nd96asr_v4|nd40rs_v2|nd96isr?_h100_v5)$/i;

/** A managed deployment takes a fifth more than its instances for upgrades, rounded up to whole ones. */
export const withReserve = (instances: number): number => Math.ceil((instances * 12) / 10);

/** One finding, or two where the size is known and its quota is not. */
export function judgeQuota(need: MachineNeed, lists: RegionLists): Finding {
  const id = `quota ${need.name}`;
  const size = sizeNamed(lists.sizes, need.size);
  if (size === undefined) {
    if (lists.sizes.length === 0)
      return { id, outcome: "notAsked", answered: `The list of sizes in ${lists.location} is empty.` };
    return {
      id,
      outcome: "failed",
      answered: `${lists.location} has no machines of the size ${need.size}, which ${need.what} asks for.${sayFitting(need, lists)}`,
      remedy: "Correct the size, or use a workspace in a region that has it.",
    };
  }
  const name = size.name ?? need.size;
  if (size.supportedComputeTypes && !size.supportedComputeTypes.includes(need.use))
    return {
      id,
      outcome: "warned",
      answered: `The list of sizes in ${lists.location} names ${name} for ${size.supportedComputeTypes.join(", ") || "nothing"}, and not for ${USES[need.use]} (${need.use}), as ${need.what} uses it.${sayFitting(need, lists)}`,
      remedy: "Choose a size that is named for it.",
    };
  const limits = coreLimits(lists.usages, size.family, need.tier);
  if (limits === undefined || size.vCPUs === undefined)
    return { id, outcome: "notAsked", answered: `The lists of ${lists.location} do not name the quota of ${name}.` };
  return judgeRoom(need, name, size, limits, lists);
}

const USES = { MIR: "managed online deployments", AmlCompute: "jobs" } as const;

function judgeRoom(
  need: MachineNeed,
  name: string,
  size: MachineSize,
  limits: readonly CoreLimit[],
  lists: RegionLists,
): Finding {
  const id = `quota ${need.name}`;
  const { least, most, sentence } = coresOf(need, name, size.vCPUs ?? 0);
  const old = need.replaces && sizeNamed(lists.sizes, need.replaces.size);
  const freed = withReserve(need.replaces?.instances ?? 0) * (old?.vCPUs ?? 0);
  const held = (need.held ?? 0) * (size.vCPUs ?? 0);
  /** vCPUs of a limit's usage that this takes over. */
  const own = ({ isRegional }: CoreLimit) => held + (isRegional || old?.family === size.family ? freed : 0);
  const told = limits.map(sayLimit).join("; ") || "it has no limit of its own";
  const isOver = (cores: number) => limits.some((one) => cores > own(one) && one.used + cores - own(one) > one.limit);
  const isNever = (cores: number) => limits.some(({ limit }) => cores > limit);
  const said = `${sentence}; ${told}.`;
  const short = { id, remedy: ASK, answered: `${said}${sayFitting(need, lists)}` };
  if (need.use === "MIR") {
    if (isOver(least)) return { ...short, outcome: "failed" };
    if (isOver(most)) return { ...short, outcome: "warned" };
    return { id, outcome: "passed", answered: said };
  }
  if (isNever(least) && held < least) return { ...short, outcome: "failed" };
  if (!isOver(least)) return { id, outcome: "passed", answered: said };
  const waits = `${said} The job waits in the queue until others have ended.${sayFitting(need, lists)}`;
  return { id, outcome: "warned", answered: waits, remedy: ASK };
}

const ASK =
  "Ask for more quota of that family in studio (Quota), choose another size or fewer instances, or wait until others have ended.";

/** vCPUs that are wanted: the least that are sure, the most where the reserve is not sure; and how they come about. */
function coresOf({ what, size: asked, instances, use }: MachineNeed, name: string, vCPUs: number) {
  const bare = instances * vCPUs;
  const plain = `${capital(what)} wants ${instances} x ${name} of ${vCPUs} vCPUs each: ${bare}`;
  if (use !== "MIR" || WITHOUT_RESERVE.test(asked)) return { least: bare, most: bare, sentence: plain };
  const most = withReserve(instances) * vCPUs;
  const reserve = `, and with the fifth that Azure reserves for upgrades ceil(1.2 x ${instances}) x ${vCPUs} = ${most}`;
  return {
    // All sizes without a reserve have GPUs: of those the list may be longer by now.
    least: isPlain(name) ? most : bare,
    most,
    sentence: `${plain}${reserve}`,
  };
}

/** Whether the name is of a family without GPUs. */
const isPlain = (name: string): boolean => !/^standard_n/i.test(name);

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Sizes with room for the same number of instances, the nearest in vCPUs first. */
export function fittingSizes(need: MachineNeed, { sizes, usages }: RegionLists): string[] {
  const wanted = sizeNamed(sizes, need.size);
  const near = (size: MachineSize) => Math.abs((size.vCPUs ?? 0) - (wanted?.vCPUs ?? 0));
  return sizes
    .filter((size) => {
      const limits = coreLimits(usages, size.family, need.tier);
      if (!/^[\w.-]{1,80}$/.test(size.name ?? "") || !size.vCPUs || limits === undefined || size === wanted)
        return false;
      if (!size.supportedComputeTypes?.includes(need.use)) return false;
      if (wanted !== undefined && (wanted.gpus ?? 0) > 0 !== (size.gpus ?? 0) > 0) return false;
      const instances = need.use === "MIR" ? withReserve(need.instances) : need.instances;
      return limits.every(({ used, limit }) => used + instances * (size.vCPUs ?? 0) <= limit);
    })
    .sort((one, other) => near(one) - near(other) || (one.name ?? "").localeCompare(other.name ?? ""))
    .slice(0, 5)
    .flatMap(({ name }) => name ?? []);
}

function sayFitting(need: MachineNeed, lists: RegionLists): string {
  const fitting = fittingSizes(need, lists);
  return fitting.length === 0
    ? ` No other size of ${lists.location} has room for ${need.instances} now.`
    : ` Sizes with room for ${need.instances} now: ${fitting.join(", ")}.`;
}
