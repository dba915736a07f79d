// Spending of a job: prices of its parts, the estimate before it begins, and the limits as the step or the service holds them.
// Tests: test/lib/ml/costs/job-meter.test.ts, test/bundle/costs.test.ts
import type { JobDocument } from "../../documents/index.ts";
import { isoDuration } from "../../documents/language/scalar.ts";
import { estimateOf, JobMeter, priceParts } from "../costs/job-meter.ts";
import { backstopOf, type CostLimits, type PricedPart, requirePrices, timeoutOf } from "../costs/limits.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface SpendingOptions {
  readonly limits: CostLimits;
  /** Whether a step waits for the job and can end it; otherwise the limits become the job's own. */
  readonly isFollowed: boolean;
  /** False: prices are read only where a limit is given. */
  readonly isPriced: boolean;
}

export interface Spending {
  readonly meter: JobMeter;
  /** Seconds, for the job's own `limits.timeout`; undefined: as its document says. */
  readonly timeout: number | undefined;
}

/**
 * Prices a job, side by side with the checks of what it names: one request more, for the region's sizes, where no preflight reads
 * them too.
 * @throws TaskError kind `input`, before anything is uploaded, where a limit cannot be held
 */
export async function planSpending(
  workspace: Workspace,
  document: JobDocument,
  { limits, isFollowed, isPriced }: SpendingOptions,
): Promise<Spending> {
  const isLimited = limits.maxNodeHours !== undefined || limits.maxCost !== undefined;
  const parts = await priceParts(workspace, document, isPriced || limits.maxCost !== undefined);
  requirePrices(parts, limits);
  const timeout = isFollowed ? backstopOf(parts, limits) : timeoutOf(parts, limits);
  const { section, line } = estimateOf(parts, isFollowed ? undefined : timeout);
  if (isPriced || isLimited) workspace.log.info(line);
  if (isLimited) workspace.log.info(sayTimeout(parts, timeout, isFollowed));
  const unsure = parts.filter(({ isNodesKnown }) => !isNodesKnown).map(({ step }) => step);
  if (unsure.length > 0 && isLimited)
    workspace.log.warn(
      `The limit counts one node for ${unsure.slice(0, 10).join(", ")}: a registered component may ask for more. Write resources: {instance_count: ...} into the step to have it counted.`,
    );
  return { meter: new JobMeter(workspace, { parts, limits, estimate: section }), timeout };
}

/** The sentence on the job's own `limits.timeout`, so that nothing changes the meaning of the user's file silently. */
function sayTimeout(parts: readonly PricedPart[], seconds: number | undefined, isFollowed: boolean): string {
  const [{ kind, step, timeout } = { kind: "", step: "", timeout: undefined }] = parts;
  const hasOwn = parts.length === 1 && step === "" && /^(command|sweep)$/.test(kind);
  if (!hasOwn)
    return "The limits are held only while this step waits: the job has no limit of its own that is the same.";
  const file = timeout === undefined || timeout <= 0 ? "The file has none" : `The file says ${isoDuration(timeout)}`;
  if (seconds === undefined || seconds === timeout)
    return `${file} for limits.timeout, which is less than the limits allow, and stays.`;
  const why = isFollowed ? " It ends the job where this step no longer can." : "";
  return `The job gets limits.timeout ${isoDuration(seconds)} for the limits. ${file}.${why}`;
}
