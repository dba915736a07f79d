// Judges a table: against expectations, a baseline and rules. Pure.
import type { DataExpectations } from "../../documents/assets/data-expectations.ts";
import type { TableProfile } from "../../tables/index.ts";
import { baselineChecks, type Drifts, driftsOf } from "./baseline-checks.ts";
import type { CheckResult } from "./check-result.ts";
import { type DataRule, judgeDataRules } from "./data-rules.ts";
import { expectationChecks } from "./expectation-checks.ts";

export interface DataToJudge {
  readonly data: TableProfile;
  readonly base: TableProfile | undefined;
  /** `sales:3`; empty where there is none. */
  readonly baseline: string;
  /** Why there is no baseline, as a clause. */
  readonly noBaseline: string | undefined;
  readonly expectations: DataExpectations;
  readonly rules: readonly DataRule[];
  /** Milliseconds since 1970, by Azure's clock. */
  readonly now: number;
}

export interface JudgedData {
  readonly checks: readonly CheckResult[];
  readonly drifts: Drifts;
}

/** Every check, those of the baseline first; a check that needs a baseline is skipped where there is none. */
export function judgeData(judged: DataToJudge): JudgedData {
  const { data, base, baseline: called, expectations, rules } = judged;
  const { drifts, left } = base === undefined ? { drifts: new Map(), left: new Map() } : driftsOf(base, data);
  return {
    drifts,
    checks: [
      ...(base === undefined ? [] : baselineChecks({ base, data, called, expectations }, drifts, left)),
      ...expectationChecks({ ...judged, drifts }),
      ...judgeDataRules(rules, { ...judged, drifts }),
    ],
  };
}
