// Filters of event subscriptions, operator by operator.
import assert from "node:assert/strict";
import { type SubscriptionFilter, wants } from "../../../../local/azure/events/filter.ts";
import { modelRegistered } from "../../../../local/azure/events/messages.ts";

const event = modelRegistered(
  {
    name: "credit",
    version: "7",
    properties: { tags: { stage: "prod", "a.b": "dotted", list: ["x", "y"], flag: true } },
  },
  { source: "/subscriptions/s/workspaces/ws1", now: 0 },
);
const holds = (filter: SubscriptionFilter, schema: "EventGridSchema" | "CloudEventSchemaV1_0" = "EventGridSchema") =>
  wants(filter, event, schema);
const advanced = (operatorType: string, key: string, values?: unknown, more: object = {}) =>
  holds({
    advancedFilters: [{ operatorType, key, ...(Array.isArray(values) ? { values } : { value: values }) }],
    ...more,
  });

describe("filters of event subscriptions", () => {
  it("take all where they say nothing", () => {
    assert.ok(holds({}));
    assert.ok(holds({ includedEventTypes: null, advancedFilters: null }));
  });

  it("look at types and subjects, the latter without regard to case unless told otherwise", () => {
    assert.ok(holds({ includedEventTypes: ["Microsoft.MachineLearningServices.ModelRegistered"] }));
    assert.ok(!holds({ includedEventTypes: ["Microsoft.MachineLearningServices.RunCompleted"] }));
    assert.ok(!holds({ includedEventTypes: [] }));
    assert.ok(holds({ subjectBeginsWith: "Models/CREDIT:", subjectEndsWith: ":7" }));
    assert.ok(!holds({ subjectBeginsWith: "Models/CREDIT:", isSubjectCaseSensitive: true }));
    assert.ok(!holds({ subjectEndsWith: ":8" }));
  });

  const table: [operator: string, key: string, values: unknown, fits: boolean][] = [
    ["StringIn", "data.ModelTags.stage", ["dev", "PROD"], true],
    ["StringIn", "data.ModelTags.stage", ["dev"], false],
    ["StringIn", "Data.modeltags.Stage", ["prod"], true],
    ["StringIn", "data.ModelTags.gone", ["dev"], false],
    ["StringIn", "data.ModelTags.a.b", ["dotted"], true],
    ["StringIn", "data.ModelVersion", ["7"], false],
    ["StringNotIn", "data.ModelTags.stage", ["dev"], true],
    ["StringNotIn", "data.ModelTags.gone", ["dev"], true],
    ["StringNotIn", "data.ModelTags.stage", ["prod"], false],
    ["StringBeginsWith", "subject", ["models/"], true],
    ["StringNotBeginsWith", "subject", ["models/"], false],
    ["StringEndsWith", "subject", [":7", ":8"], true],
    ["StringNotEndsWith", "subject", [":8"], true],
    ["StringContains", "topic", ["ws1"], true],
    ["StringNotContains", "topic", ["ws1"], false],
    ["NumberIn", "data.ModelVersion", [6, 7], true],
    ["NumberNotIn", "data.ModelVersion", [7], false],
    ["NumberLessThan", "data.ModelVersion", 7, false],
    ["NumberLessThanOrEquals", "data.ModelVersion", 7, true],
    ["NumberGreaterThan", "data.ModelVersion", 6, true],
    ["NumberGreaterThanOrEquals", "data.ModelVersion", 8, false],
    [
      "NumberInRange",
      "data.ModelVersion",
      [
        [1, 5],
        [7, 9],
      ],
      true,
    ],
    ["NumberNotInRange", "data.ModelVersion", [[1, 5]], true],
    ["BoolEquals", "data.ModelTags.flag", true, true],
    ["BoolEquals", "data.ModelTags.flag", false, false],
    ["IsNotNull", "data.ModelTags.stage", undefined, true],
    ["IsNullOrUndefined", "data.ModelTags.gone", undefined, true],
    ["IsNullOrUndefined", "data.ModelTags.stage", undefined, false],
    ["stringin", "eventType", ["microsoft.machinelearningservices.modelregistered"], true],
  ];
  for (const [operator, key, values, fits] of table)
    it(`${operator} ${key} ${JSON.stringify(values)} is ${fits}`, () =>
      assert.equal(advanced(operator, key, values), fits));

  it("ask all filters, the elements of a list only when told to, and the fields of the schema that is delivered", () => {
    const both = [
      { operatorType: "StringIn", key: "subject", values: ["models/credit:7"] },
      { operatorType: "NumberIn", key: "data.ModelVersion", values: [8] },
    ];
    assert.ok(!holds({ advancedFilters: both }));
    assert.ok(!advanced("StringIn", "data.ModelTags.list", ["y"]));
    assert.ok(advanced("StringIn", "data.ModelTags.list", ["y"], { enableAdvancedFilteringOnArrays: true }));
    const type = [{ operatorType: "IsNotNull", key: "type" }];
    assert.ok(!holds({ advancedFilters: type }));
    assert.ok(holds({ advancedFilters: type }, "CloudEventSchemaV1_0"));
  });
});
