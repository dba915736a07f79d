// Filters of Azure Monitor: their grammar, and which series they take.
import assert from "node:assert/strict";
import { FilterFault, isMet, parseFilter } from "../../../../local/azure/monitor/filter.ts";

describe("local Azure: the filter of a metrics query", () => {
  const met = (filter: string, values: Record<string, string>): boolean =>
    [...parseFilter(filter)].every(([name, condition]) => isMet(condition, values[name] ?? ""));

  it("reads equality, its opposite, alternatives and the asterisk, whatever the case", () => {
    const green = { deployment: "Green", statuscodeclass: "5xx" };
    assert.ok(met("deployment eq 'green'", green));
    assert.ok(met("Deployment eq 'GREEN' and statusCodeClass ne '2xx'", green));
    assert.ok(met("deployment eq 'blue' or deployment eq 'green'", green));
    assert.ok(met("deployment eq '*' and statusCodeClass sw '5'", green));
    assert.ok(!met("deployment eq 'green' and statusCodeClass ne '5xx'", green));
    assert.ok(!met("deployment ne 'green' and deployment ne 'blue'", green));
    assert.ok(met("A eq 'a1' and B eq 'b1' or B eq 'b2' and C eq '*'", { a: "a1", b: "b2", c: "any" }));
    assert.deepEqual(
      [...parseFilter("statusCode eq '*' and deployment eq 'it''s'").keys()],
      ["statuscode", "deployment"],
    );
    assert.ok(met("deployment eq 'it''s'", { deployment: "it's" }));
  });

  it("refuses what is no filter, and says where", () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["", /no condition at ''/],
      ["deployment", /no condition at 'deployment'/],
      ["deployment eq green", /no condition/],
      ["deployment gt '3'", /no condition/],
      ["deployment eq 'green' deployment eq 'blue'", /neither 'and' nor 'or'/],
      ["deployment eq 'green' and", /neither 'and' nor 'or'/],
      ["A eq 'a1' or B eq 'b1'", /'or' cannot separate two different names, a and b/],
      ["A eq 'a1' and A eq 'a2'", /cannot have two values at once/],
      ["A ne 'a1' or A ne 'a2'", /would except nothing/],
      ["(A eq 'a1')", /no condition/],
    ];
    for (const [filter, words] of refused)
      assert.throws(
        () => parseFilter(filter),
        (error: Error) => error instanceof FilterFault && words.test(error.message),
        filter,
      );
  });
});
