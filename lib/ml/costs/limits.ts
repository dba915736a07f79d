// Limits of what a job may take: node-hours and money. Reads them from the inputs, and makes them the job's own where nobody waits.
// Tests: test/lib/ml/costs/limits.test.ts
import { isoDuration } from "../../documents/language/scalar.ts";
import { TaskError } from "../../errors.ts";
import type { JobPart } from "../jobs/job-parts.ts";
import { type Price, sayAmount, sayHours } from "./cost.ts";

export interface CostLimits {
  readonly maxNodeHours: number | undefined;
  readonly maxCost: { readonly amount: number; readonly currency: string | undefined } | undefined;
}

/** @throws TaskError kind `input` that shows what is understood */
export function readCostLimits(inputs: {
  readonly maxNodeHours: string | undefined;
  readonly maxCost: string | undefined;
}): CostLimits {
  const { maxNodeHours, maxCost } = inputs;
  const [, hours] = NUMBER.exec(maxNodeHours?.trim() ?? "") ?? [];
  if (maxNodeHours !== undefined && !(Number(hours) > 0)) throw notUnderstood("maxNodeHours", maxNodeHours, "`12.5`");
  const [, before, amount, after] = MONEY.exec(maxCost?.trim() ?? "") ?? [];
  if (maxCost !== undefined && (!(Number(amount) > 0) || (before && after)))
    throw notUnderstood("maxCost", maxCost, "`20` or `20 USD`");
  return {
    maxNodeHours: maxNodeHours === undefined ? undefined : Number(hours),
    maxCost:
      maxCost === undefined
        ? undefined
        : { amount: Number(amount), currency: (before || after)?.toUpperCase() || undefined },
  };
}

const NUMBER = /^(\d{1,9}(?:\.\d{1,9})?)$/;
const MONEY = /^(?:([A-Za-z]{3})\s*)?(\d{1,12}(?:\.\d{1,9})?)(?:\s*([A-Za-z]{3}))?$/;

const notUnderstood = (input: string, value: string, sample: string) =>
  new TaskError("input", `Input ${input} is ${JSON.stringify(value.slice(0, 100))}; it must be a number above 0.`, {
    errorCode: "AML1316",
    hint: `Write it with a point and without separators, as ${sample}, or leave it empty.`,
  });

/** A part of a job with the price of its machines. */
export interface PricedPart extends JobPart {
  readonly price: Price | undefined;
  /** Why there is no price, as a clause. */
  readonly because?: string;
}

/** @throws TaskError kind `input` where maxCost cannot be held: there is no price, or it has another currency */
export function requirePrices(parts: readonly PricedPart[], { maxCost }: CostLimits): void {
  if (maxCost === undefined) return;
  const currencies = new Set(parts.flatMap(({ price }) => price?.currency ?? []));
  const lacking = parts.filter(({ price }) => price === undefined);
  const wrong = maxCost.currency !== undefined && !currencies.has(maxCost.currency);
  const why =
    lacking.length > 0
      ? `no price is known: ${lacking
          .slice(0, 5)
          .map(({ step, because = "the list has none" }) => `${step === "" ? "" : `step ${step}: `}${because}`)
          .join("; ")}.`
      : currencies.size > 1
        ? `the prices have several currencies: ${[...currencies].join(", ")}.`
        : wrong
          ? `the service answers prices in ${[...currencies].join(", ")}, and not in ${maxCost.currency}.`
          : undefined;
  if (why === undefined) return;
  throw new TaskError("input", `Input maxCost cannot be held, because ${why} Nothing was submitted.`, {
    errorCode: "AML1408",
    hint:
      wrong && lacking.length === 0
        ? "Write maxCost in that currency."
        : "Use the input maxNodeHours, which needs no price.",
  });
}

/**
 * Where nobody waits, the service has to hold the limit: a command job's own `limits.timeout` is the same thing, because its nodes all
 * run for as long as the job does.
 * @returns seconds, the lower of what the limits and the job's YAML say; undefined without a limit
 * @throws TaskError kind `input` where the job has no such limit of its own
 */
export function timeoutOf(parts: readonly PricedPart[], limits: CostLimits): number | undefined {
  const { maxNodeHours, maxCost } = limits;
  if (maxNodeHours === undefined && maxCost === undefined) return undefined;
  const named = maxNodeHours === undefined ? "maxCost" : "maxNodeHours";
  const [part, ...others] = parts;
  if (part === undefined || others.length > 0 || part.kind !== "command" || part.step !== "")
    throw new TaskError(
      "input",
      `Input ${named} needs a step that waits: a ${part?.step === "" && others.length === 0 ? part.kind : "pipeline"} job has no limit of its own that is the same. Nothing was submitted.`,
      {
        errorCode: "AML1408",
        hint: "Set the input wait to true. With wait: false the limits are for command jobs, whose limits.timeout they become.",
      },
    );
  const seconds = allowedSeconds(part, limits);
  if (seconds < 1)
    throw new TaskError(
      "input",
      `Input ${named} allows the job's ${part.nodes} nodes less than a second. Nothing was submitted.`,
      { errorCode: "AML1408", hint: `Give ${named} more.` },
    );
  return part.timeout === undefined || part.timeout <= 0 ? seconds : Math.min(seconds, part.timeout);
}

/** Seconds of one run of the part at which a limit is passed. */
function allowedSeconds(part: PricedPart, { maxNodeHours, maxCost }: CostLimits): number {
  const { nodes, price } = part;
  const hours = [
    ...(maxNodeHours === undefined ? [] : [maxNodeHours / nodes]),
    ...(maxCost === undefined || price === undefined ? [] : [maxCost.amount / (nodes * price.perHour)]),
  ];
  return Math.floor(Math.min(...hours) * 3_600 + 1e-6);
}

/** Seconds that the step has to end the job itself, with a sentence that names the limit, before the service does. */
const BACKSTOP_LATER = 300;

/**
 * Where a step waits, the service's limit is a backstop for the case that the agent is lost. A sweep gets the time that its trials take
 * one after the other: trials at once use the limit up sooner, and the service then ends them later than the step would.
 * @returns seconds for the job's `limits.timeout`; undefined where there is no limit, the job has no such field, or its YAML says less
 */
export function backstopOf(parts: readonly PricedPart[], limits: CostLimits): number | undefined {
  const [part, ...others] = parts;
  if (part === undefined || others.length > 0 || part.step !== "" || !/^(command|sweep)$/.test(part.kind))
    return undefined;
  const seconds = allowedSeconds(part, limits) + BACKSTOP_LATER;
  const isLess = part.timeout !== undefined && part.timeout > 0 && part.timeout <= seconds;
  return Number.isFinite(seconds) && !isLess ? seconds : undefined;
}

/** The body's properties with the limit as its own. */
export function withTimeout<T extends object>(properties: T, seconds: number): T {
  const { limits, jobType } = properties as { limits?: object; jobType?: string };
  const jobLimitsType = jobType === "Sweep" ? "Sweep" : "Command";
  return { ...properties, limits: { ...limits, jobLimitsType, timeout: isoDuration(seconds) } };
}

/** The limit that is passed, as a sentence; undefined: none. */
export function overLimit(
  { maxNodeHours, maxCost }: CostLimits,
  used: { readonly nodeHours: number; readonly amount?: number; readonly currency?: string },
): string | undefined {
  const { nodeHours, amount = 0, currency = "" } = used;
  if (maxNodeHours !== undefined && nodeHours > maxNodeHours)
    return `It has used ${sayHours(nodeHours)}, and the input maxNodeHours allows ${maxNodeHours}.`;
  if (maxCost !== undefined && amount > maxCost.amount)
    return `It has cost ${sayAmount(amount, currency)}, and the input maxCost allows ${maxCost.amount} ${currency}.`;
  return undefined;
}
