// Strategies of a rollout: blue/green, canary, shadow (mirrored traffic) and in place, read from the task's inputs. Pure.
// Tests: test/lib/ml/rollout/strategy.test.ts
import { TaskError } from "../../errors.ts";

export type StrategyName = "blueGreen" | "canary" | "shadow" | "inPlace";

/** How the shares of a canary, or the mirror of a shadow, are judged before the next change of the traffic. */
export interface Bake {
  /** Milliseconds that a share bakes at least, before it is judged. */
  readonly bake: number;
  /** Rules as they were written; undefined: the default rules. */
  readonly rules: string | undefined;
  /** Requests of the new deployment below which nothing can be said about it. */
  readonly minimumRequests: number;
  /** Judgements that may fail before the traffic is taken back. */
  readonly failureLimit: number;
  /** Names of Azure Monitor alert rules, none of which may have fired. */
  readonly alerts: readonly string[];
  readonly onInconclusive: "wait" | "fail" | "continue";
  /** `all`: this step waits between the shares; `next`: it judges the last share, makes one change and ends. */
  readonly advance: "all" | "next";
}

export type Strategy =
  | { readonly kind: "blueGreen" | "inPlace" }
  /** Shares in percent, rising. */
  | ({ readonly kind: "canary"; readonly steps: readonly number[] } & Bake)
  /** Percent of the requests that are copied to the new deployment. */
  | ({ readonly kind: "shadow"; readonly percent: number } & Bake);

interface BakeInputs {
  readonly bakeMinutes: number;
  readonly canaryRules: string | undefined;
  readonly minimumRequests: number;
  readonly failureLimit: number;
  readonly alertRules: string | undefined;
  readonly onInconclusive: Bake["onInconclusive"];
  readonly advance: Bake["advance"];
}

/** The task's inputs: those of a strategy are there where it is the chosen one. */
export type StrategyInputs =
  | { readonly strategy: "blueGreen" | "inPlace" }
  | ({ readonly strategy: "canary"; readonly steps: string } & BakeInputs)
  | ({ readonly strategy: "shadow"; readonly mirrorPercent: number } & BakeInputs);

/** Each share is a write of the endpoint, and has a place in a tag of 256 characters. */
const MOST_STEPS = 10;
/** The most that Azure mirrors (docs/facts/operations.md#A.6). */
const MOST_MIRRORED = 50;
const MOST_ALERTS = 20;

/** @throws TaskError kind `input` that names the input, before anything is asked or changed */
export function readStrategy(inputs: StrategyInputs): Strategy {
  switch (inputs.strategy) {
    case "canary":
      return { kind: "canary", steps: readSteps(inputs.steps), ...readBake(inputs) };
    case "shadow": {
      const { mirrorPercent: percent } = inputs;
      if (!Number.isInteger(percent) || percent < 1 || percent > MOST_MIRRORED) {
        throw refused(`Input mirrorPercent is ${percent}; Azure mirrors 1 to ${MOST_MIRRORED} % of the requests.`);
      }
      return { kind: "shadow", percent, ...readBake(inputs) };
    }
    default:
      return { kind: inputs.strategy };
  }
}

/** `10, 50, 100`: whole percents, each larger than the one before. */
export function readSteps(text: string): number[] {
  const words = text.split(/[\s,;]+/).filter((word) => word !== "");
  const hint = "Write the shares in percent, each larger than the one before: 10, 50, 100.";
  const steps = words.map((word) => {
    const share = /^\d{1,3}%?$/.test(word) ? Number.parseInt(word, 10) : Number.NaN;
    if (!(share >= 1 && share <= 100)) {
      throw refused(`Input steps has ${JSON.stringify(word.slice(0, 40))}, which is no share of 1 to 100 %.`, hint);
    }
    return share;
  });
  if (steps.length === 0) throw refused("Input steps is empty, and a canary needs at least one share.", hint);
  if (steps.length > MOST_STEPS) {
    throw refused(`Input steps has ${steps.length} shares; a canary takes at most ${MOST_STEPS}.`, hint);
  }
  const at = steps.findIndex((share, index) => index > 0 && share <= (steps[index - 1] ?? 0));
  if (at > 0) throw refused(`Input steps goes from ${steps[at - 1]} to ${steps[at]} %; shares must rise.`, hint);
  return steps;
}

function readBake(inputs: BakeInputs): Bake {
  const { bakeMinutes, minimumRequests, failureLimit, canaryRules, alertRules, onInconclusive, advance } = inputs;
  const alerts = [...new Set((alertRules ?? "").split(/[\r\n,]+/).map((name) => name.trim()))].filter(
    (one) => one !== "",
  );
  if (alerts.length > MOST_ALERTS) {
    throw refused(`Input alertRules names ${alerts.length} alert rules; at most ${MOST_ALERTS} are looked at.`);
  }
  return {
    bake: bakeMinutes * 60_000,
    rules: canaryRules,
    minimumRequests,
    failureLimit,
    alerts,
    onInconclusive,
    advance,
  };
}

const refused = (message: string, hint?: string) =>
  new TaskError("input", message, { errorCode: "AML1313", ...(hint === undefined ? {} : { hint }) });
