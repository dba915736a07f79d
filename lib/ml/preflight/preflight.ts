// Preflight: looks, before anything is uploaded or changed, whether a run can go well: quota, sizes, computes, roles, the workspace and the network.
// It fails only what is certain to fail, warns of what is likely to, and never fails a run because it could not look.
// Tests: test/lib/ml/preflight/preflight.test.ts, test/bundle/preflight.test.ts
import { TaskError } from "../../errors.ts";
import { type Clock, systemClock } from "../../poll.ts";
import { permissionsAt } from "../workspace/permissions.ts";
import { sizesOf, usagesOf } from "../workspace/region.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Finding, requireNoFailure, sayFindings } from "./finding.ts";
import { judgeQuota, type MachineNeed } from "./quota.ts";
import { checkPrivateNetwork, judgeRoles, judgeWorkspace, type Operations } from "./workspace-checks.ts";

export interface PreflightRequest {
  /** For people: `The job`, `The deployment blue`. */
  readonly what: string;
  readonly operations: Operations;
  /** What the caller reads in any case, and what it finds in it; undefined where nothing will begin, so that nothing is judged. */
  readonly known: Promise<Known | undefined>;
  readonly onFindings?: ((findings: readonly Finding[]) => void) | undefined;
  readonly clock?: Clock;
}

/** Facts that are known once the caller's own reads have come. */
interface Known {
  readonly findings: readonly Finding[];
  readonly needs: readonly MachineNeed[];
}

type JudgeNeeds = (needs: readonly MachineNeed[]) => void;

/** Milliseconds that answers are waited for after the caller's own reads have come. */
const LONGEST_WAIT = 3_000;

/**
 * Runs the checks. Requests: the caller's permissions, the region's sizes and its usages, and one more where the workspace is
 * private, all side by side with what the caller reads itself: no sequential round trip.
 * @returns judges more machines by the same lists, where they are known only later; throws as this does
 * @throws TaskErrors that name each thing that is sure to fail; what `known` throws
 */
export async function preflight(workspace: Workspace, request: PreflightRequest): Promise<JudgeNeeds> {
  const { what, operations, known, onFindings, clock = systemClock } = request;
  const begun = clock.now();
  const late = new AbortController();
  const look = <T>(read: () => Promise<T>) => {
    const looked = answerOf(workspace, read, late.signal);
    // The caller's own reads may throw before these are awaited.
    looked.catch(() => {});
    return looked;
  };
  const reads = {
    roles: look(() => permissionsAt(workspace, workspace.id)),
    sizes: look(() => sizesOf(workspace)),
    usages: look(() => usagesOf(workspace)),
    network: look(() => checkPrivateNetwork(workspace)),
  };
  const found = await known;
  if (found === undefined) return () => {};
  const { findings, needs } = found;
  const ended = new AbortController();
  clock.sleep(LONGEST_WAIT, AbortSignal.any([ended.signal, workspace.signal])).then(
    () => late.abort(),
    () => {},
  );
  const [roles, sizes, usages, network] = await Promise.all([reads.roles, reads.sizes, reads.usages, reads.network]);
  ended.abort();
  const judge = (need: MachineNeed): Finding => {
    if ("refusal" in sizes) return notAsked(`quota ${need.name}`, sizes.refusal);
    if ("refusal" in usages) return notAsked(`quota ${need.name}`, usages.refusal);
    return judgeQuota(need, { location: workspace.location, sizes: sizes.value, usages: usages.value });
  };
  const report = (all: readonly Finding[], fresh: readonly Finding[], stands: string) => {
    onFindings?.(all);
    sayFindings(workspace.log, fresh, clock.now() - begun);
    requireNoFailure(fresh, stands);
  };
  const all = [
    judgeWorkspace(workspace),
    "refusal" in network ? notAsked("network", network.refusal) : network.value,
    "refusal" in roles ? notAsked("role", roles.refusal) : judgeRoles(roles.value, operations),
    ...findings,
    ...needs.map(judge),
  ];
  report(all, all, `${what} was not begun, and nothing was changed.`);
  return (more) => {
    const fresh = more.map(judge);
    report(
      [...all, ...fresh],
      fresh,
      `${what} was not begun; code and environment that were uploaded for it stay, and are used again.`,
    );
  };
}

type Looked<T> = { readonly value: T } | { readonly refusal: string };

/** The answer, or why there is none. @throws the signal's reason when the run is cancelled */
async function answerOf<T>(workspace: Workspace, read: () => Promise<T>, late: AbortSignal): Promise<Looked<T>> {
  const tooLate = new Promise<Looked<T>>((resolve) => {
    const refusal = `there was no answer ${LONGEST_WAIT / 1000} seconds after everything else`;
    late.addEventListener("abort", () => resolve({ refusal }), { once: true });
  });
  const looked = read().then(
    (value): Looked<T> => ({ value }),
    (error: unknown): Looked<T> => {
      if (workspace.signal.aborted) throw workspace.signal.reason;
      if (error instanceof TaskError && (error.status === 401 || error.status === 403))
        return { refusal: `the identity may not read it (status ${error.status})` };
      return { refusal: error instanceof Error ? error.message : String(error) };
    },
  );
  looked.catch(() => {});
  return Promise.race([looked, tooLate]);
}

const SCOPES = "Sizes and quotas belong to the subscription: Reader on it lets the identity see them.";

function notAsked(id: string, refusal: string): Finding {
  const remedy = id.startsWith("quota") ? { remedy: SCOPES } : {};
  return { id, outcome: "notAsked", answered: `Not checked: ${refusal}.`, ...remedy };
}
