// Limits of cost: how they are written, when they become the job's own, and when they are refused.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  backstopOf,
  overLimit,
  type PricedPart,
  readCostLimits,
  requirePrices,
  timeoutOf,
  withTimeout,
} from "../../../../lib/ml/costs/limits.ts";

const part = (more: Partial<PricedPart> = {}): PricedPart => ({
  ...{ step: "", title: "", kind: "command", compute: undefined, size: "Standard_D16ads_v5", nodes: 2, atOnce: 1 },
  ...{ isNodesKnown: true, tier: "dedicated", timeout: undefined, price: { perHour: 0.5, currency: "USD" } },
  ...more,
});
const limits = (maxNodeHours?: string, maxCost?: string) => readCostLimits({ maxNodeHours, maxCost });
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was refused";
};

describe("limits of cost in the inputs", () => {
  it("are numbers, the amount with its currency on either side", () => {
    assert.deepEqual(limits(" 12.5 ", "20"), { maxNodeHours: 12.5, maxCost: { amount: 20, currency: undefined } });
    for (const text of ["20 usd", "USD 20", "20USD"])
      assert.deepEqual(limits(undefined, text).maxCost, { amount: 20, currency: "USD" });
    assert.deepEqual(limits(), { maxNodeHours: undefined, maxCost: undefined });
  });

  for (const text of ["0", "-1", "1,5", "1e3", "Infinity", "NaN", "twelve", "1 hour", "0.0"])
    it(`are refused where they are none: ${text}`, () => {
      assert.match(
        refusal(() => limits(text)),
        /^Input maxNodeHours is .*; it must be a number above 0\.$/,
      );
      assert.match(
        refusal(() => limits(undefined, text)),
        /^Input maxCost is /,
      );
    });

  for (const text of ["USD", "USD 20 EUR", "20 dollars", "$20"])
    it(`are refused where they are no amount: ${text}`, () =>
      assert.match(
        refusal(() => limits(undefined, text)),
        /^Input maxCost is /,
      ));
});

describe("a limit of money", () => {
  it("is refused without a price, with the reason and each step, and nothing is submitted", () => {
    const lacking = part({
      step: "train",
      price: undefined,
      because: "the service lists no hourly price of X in eastus2",
    });
    assert.equal(
      refusal(() => requirePrices([part({ step: "prepare" }), lacking], limits(undefined, "20"))),
      "Input maxCost cannot be held, because no price is known: step train: the service lists no hourly price of X in eastus2. Nothing was submitted.",
    );
    requirePrices([lacking], limits("3"));
  });

  it("is refused in another currency than the service's", () => {
    assert.match(
      refusal(() => requirePrices([part()], limits(undefined, "20 EUR"))),
      /because the service answers prices in USD, and not in EUR\./,
    );
    requirePrices([part()], limits(undefined, "20 usd"));
    const euro = part({ price: { perHour: 1, currency: "EUR" } });
    assert.match(
      refusal(() => requirePrices([part(), euro], limits(undefined, "20"))),
      /several currencies: USD, EUR/,
    );
  });
});

describe("a limit where nobody waits", () => {
  it("becomes the job's own: the lowest of the limits and what its YAML says", () => {
    assert.equal(timeoutOf([part()], limits("3")), 5_400, "2 nodes for an hour and a half");
    assert.equal(timeoutOf([part()], limits("3", "1")), 3_600, "1 USD is an hour of both");
    assert.equal(timeoutOf([part({ timeout: 600 })], limits("3")), 600);
    assert.equal(timeoutOf([part({ timeout: 9_000 })], limits("3")), 5_400);
    assert.equal(timeoutOf([part({ timeout: 600 })], limits()), undefined, "the YAML's is left to the YAML");
    assert.deepEqual(withTimeout({ limits: { jobLimitsType: "Command", timeout: "PT10H" }, a: 1 }, 5_400), {
      limits: { jobLimitsType: "Command", timeout: "PT1H30M" },
      a: 1,
    });
  });

  it("is refused where the job has no such limit of its own", () => {
    for (const kind of ["sweep", "automl", "spark", "pipeline"])
      assert.match(
        refusal(() => timeoutOf([part({ kind })], limits("3"))),
        new RegExp(`Input maxNodeHours needs a step that waits: a ${kind} job has no limit .* Nothing was submitted`),
      );
    const steps = [part({ step: "a" }), part({ step: "b" })];
    assert.match(
      refusal(() => timeoutOf(steps, limits(undefined, "3"))),
      /Input maxCost needs .* a pipeline job/,
    );
    assert.match(
      refusal(() => timeoutOf([part({ step: "a" })], limits("3"))),
      /a pipeline job/,
    );
    assert.match(
      refusal(() => timeoutOf([part()], limits("0.0001"))),
      /less than a second/,
    );
  });

  it("never allows more than the limit says", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }).map((thousandths) => thousandths / 1_000),
        fc.integer({ min: 1, max: 100 }),
        (hours, nodes) => {
          const wanted = { maxNodeHours: hours, maxCost: undefined };
          if ((hours / nodes) * 3_600 < 1) return;
          const seconds = timeoutOf([part({ nodes })], wanted) ?? 0;
          assert.ok((seconds * nodes) / 3_600 <= hours + 1e-6);
          assert.ok(((seconds + 1) * nodes) / 3_600 >= hours - 1e-6);
        },
      ),
    );
  });
});

describe("a limit where a step waits", () => {
  it("becomes the job's own as a backstop five minutes later, never above what its YAML says", () => {
    assert.equal(backstopOf([part()], limits("3")), 5_700);
    assert.equal(backstopOf([part()], limits("3", "1")), 3_900);
    assert.equal(backstopOf([part({ timeout: 600 })], limits("3")), undefined, "the YAML's stays");
    assert.equal(backstopOf([part({ timeout: 9_000 })], limits("3")), 5_700);
    assert.equal(backstopOf([part()], limits()), undefined);
    assert.equal(backstopOf([part({ price: undefined })], limits()), undefined);
  });

  it("gives a sweep the time of its trials one after the other, in its own kind of limits", () => {
    assert.equal(backstopOf([part({ kind: "sweep", atOnce: 4 })], limits("3")), 5_700);
    const sweep = { jobType: "Sweep", limits: { jobLimitsType: "Sweep", maxTotalTrials: 8 } };
    assert.deepEqual(withTimeout(sweep, 5_700).limits, {
      ...{ jobLimitsType: "Sweep", maxTotalTrials: 8, timeout: "PT1H35M" },
    });
  });

  it("is none of a job's own where the job has no such field", () => {
    for (const kind of ["automl", "spark", "pipeline"])
      assert.equal(backstopOf([part({ kind })], limits("3")), undefined);
    assert.equal(backstopOf([part({ step: "a" })], limits("3")), undefined);
    assert.equal(backstopOf([part({ step: "a" }), part({ step: "b" })], limits("3")), undefined);
  });
});

describe("a limit while the job runs", () => {
  it("is passed by more than it says, and shows both numbers", () => {
    assert.equal(overLimit(limits("3"), { nodeHours: 3 }), undefined);
    assert.equal(
      overLimit(limits("3"), { nodeHours: 3.25 }),
      "It has used 3.25 node-hours, and the input maxNodeHours allows 3.",
    );
    assert.equal(
      overLimit(limits(undefined, "2"), { nodeHours: 9, amount: 2.5, currency: "USD" }),
      "It has cost 2.50 USD, and the input maxCost allows 2 USD.",
    );
    assert.equal(overLimit(limits(), { nodeHours: 1e9, amount: 1e9, currency: "USD" }), undefined);
  });
});
