// The arithmetic of costs: prices as the service lists them, sums, and no silent zero.
import assert from "node:assert/strict";
import fc from "fast-check";
import { costOf, type NodeUse, priceOf, sayAmount, sayHours } from "../../../../lib/ml/costs/cost.ts";
import { sizeBody, sizeNamed } from "../../../../local/azure/capacity/sizes.ts";

const listed = (name: string) => sizeBody(sizeNamed(name)!) as Parameters<typeof priceOf>[0];
const values = (...all: [number, string, string][]) => ({
  estimatedVMPrices: {
    billingCurrency: "EUR",
    unitOfMeasure: "OneHour",
    values: all.map(([retailPrice, osType, vmTier]) => ({ retailPrice, osType, vmTier })),
  },
});
const USD = (perHour: number) => ({ perHour, currency: "USD" });
const HOUR = 3_600_000;

describe("the price of a size", () => {
  it("is the lowest of its tier under Linux, because prices of Windows stand there too", () => {
    assert.deepEqual(priceOf(listed("Standard_D16ads_v5"), "dedicated"), USD(0.82));
    assert.deepEqual(priceOf(listed("Standard_D16ads_v5"), "lowPriority"), USD(0.16));
    assert.deepEqual(priceOf(values([0.5, "LINUX", "standard"]), "dedicated"), { perHour: 0.5, currency: "EUR" });
  });

  it("is none where the list has none, or one that cannot be a price", () => {
    assert.equal(priceOf(listed("Standard_DS3_v2"), "dedicated"), undefined);
    assert.equal(priceOf(undefined, "dedicated"), undefined);
    assert.equal(priceOf(values([0.5, "Windows", "Standard"]), "dedicated"), undefined);
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(priceOf(values([wrong, "Linux", "Standard"]), "dedicated"), undefined);
    const { estimatedVMPrices } = values([1, "Linux", "Standard"]);
    assert.equal(
      priceOf({ estimatedVMPrices: { ...estimatedVMPrices, unitOfMeasure: "OneMonth" } }, "dedicated"),
      undefined,
    );
    assert.equal(priceOf({ estimatedVMPrices: { values: estimatedVMPrices.values } }, "dedicated"), undefined);
  });
});

describe("the cost of what ran", () => {
  const use = (more: Partial<NodeUse>): NodeUse => ({
    name: "train",
    nodes: 1,
    milliseconds: HOUR,
    price: USD(2),
    ...more,
  });

  it("is nodes by hours by price, and names what has no price", () => {
    const cost = costOf([use({ nodes: 2 }), use({ name: "score", milliseconds: HOUR / 2, price: undefined })]);
    assert.deepEqual(cost, { nodeHours: 2.5, amount: 4, currency: "USD", unpriced: ["score"] });
  });

  it("has no amount where nothing has a price, and adds no two currencies", () => {
    assert.deepEqual(costOf([use({ price: undefined })]), { nodeHours: 1, unpriced: ["train"] });
    const both = costOf([use({}), use({ name: "score", price: { perHour: 1, currency: "EUR" } })]);
    assert.deepEqual(both, { nodeHours: 2, amount: 2, currency: "USD", unpriced: ["score"] });
    assert.deepEqual(costOf([]), { nodeHours: 0, unpriced: [] });
  });

  it("is the sum of its parts, grows with them, and is never below zero", () => {
    const any = fc.record({
      name: fc.constantFrom("a", "b"),
      nodes: fc.integer({ min: 1, max: 100 }),
      milliseconds: fc.integer({ min: 0, max: 30 * 24 * HOUR }),
      price: fc.option(fc.double({ min: 0.01, max: 50, noNaN: true }).map(USD), { nil: undefined }),
    });
    const near = (one: number, other: number) => Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one));
    fc.assert(
      fc.property(fc.array(any), fc.array(any), (some, others) => {
        const [one, other, both] = [costOf(some), costOf(others), costOf([...some, ...others])];
        assert.ok(near(both.nodeHours, one.nodeHours + other.nodeHours));
        assert.ok(near(both.amount ?? 0, (one.amount ?? 0) + (other.amount ?? 0)));
        assert.ok(both.nodeHours >= one.nodeHours && (both.amount ?? 0) >= (one.amount ?? 0));
        const free = [...some, ...others].filter(({ price, milliseconds }) => price === undefined && milliseconds > 0);
        assert.deepEqual(new Set(both.unpriced), new Set(free.map(({ name }) => name)));
      }),
    );
  });

  it("shows little as little, and not as nothing", () => {
    assert.equal(sayAmount(12.345, "USD"), "12.35 USD");
    assert.equal(sayAmount(0.00034, "USD"), "0.00034 USD");
    assert.equal(sayHours(0), "0 node-hours");
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (amount) => {
        assert.ok(Number.parseFloat(sayAmount(amount, "USD")) > 0);
      }),
    );
  });
});
