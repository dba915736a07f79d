// Deliveries in both schemas, and the two handshakes.
import assert from "node:assert/strict";
import { parseDelivery } from "../../relay/core/events.ts";
import { RelayFault } from "../../relay/core/fault.ts";
import { modelEvent, WORKSPACE } from "./harness.ts";

const cloud = (type: string, subject: string, data: object, id = "c1") => ({
  source: WORKSPACE,
  subject,
  type: `Microsoft.MachineLearningServices.${type}`,
  time: "2026-01-31T08:00:00.1234567Z",
  id,
  data,
  specversion: "1.0",
});

describe("relay: deliveries", () => {
  it("reads a model event of EventGridSchema, whose version is a number", () => {
    const event = modelEvent("credit", 7, {
      id: "e1",
      tags: { stage: "prod", n: 3, nothing: null },
      time: "2026-01-31T08:00:00Z",
    });
    const delivery = parseDelivery(JSON.stringify([event]));
    assert.equal(delivery.schema, "EventGridSchema");
    const [read] = delivery.events;
    assert.ok(read?.kind === "model");
    assert.deepEqual(
      { ...read, tags: { ...read.tags }, properties: { ...read.properties } },
      {
        kind: "model",
        type: "ModelRegistered",
        id: "e1",
        time: "2026-01-31T08:00:00Z",
        source: WORKSPACE,
        name: "credit",
        version: "7",
        tags: { stage: "prod", n: "3", nothing: "" },
        properties: {},
      },
    );
  });

  for (const [what, data] of [
    ["PascalCase", { ModelName: "credit", ModelVersion: "7", ModelTags: { a: "b" } }],
    ["camelCase", { modelName: "credit", modelVersion: 7, modelTags: { a: "b" } }],
    ["lower case", { modelname: "credit", modelversion: "7", modeltags: { a: "b" } }],
  ] as const) {
    it(`reads data whose keys are in ${what}, from CloudEvents`, () => {
      const { schema, events } = parseDelivery(JSON.stringify(cloud("ModelRegistered", "models/other:1", data)));
      assert.equal(schema, "CloudEventSchemaV1_0");
      const [read] = events;
      assert.ok(read?.kind === "model");
      assert.deepEqual(
        [read.name, read.version, { ...read.tags }, read.source],
        ["credit", "7", { a: "b" }, WORKSPACE],
      );
    });
  }

  it("takes name and version from the subject when data does not say them", () => {
    const [read] = parseDelivery(JSON.stringify(cloud("ModelRegistered", "models/a:b:12", {}))).events;
    assert.ok(read?.kind === "model");
    assert.deepEqual([read.name, read.version], ["a:b", "12"]);
  });

  it("reads a batch of CloudEvents, run events among them", () => {
    const run = {
      experimentId: "x1",
      experimentName: "train",
      runId: "r1",
      runType: null,
      runTags: {},
      runStatus: "failed",
    };
    const batch = [
      cloud("RunStatusChanged", "experiments/x1/runs/r1", run, "1"),
      cloud("RunCompleted", "experiments/x1/runs/r2", { experimentName: "train" }, "2"),
      cloud("ModelDeployed", "endpoints/e", {}, "3"),
    ];
    const { events, ignored } = parseDelivery(JSON.stringify(batch));
    assert.deepEqual(
      events.map(
        (event) => event.kind === "run" && [event.type, event.runId, event.status, event.runType, event.experiment],
      ),
      [
        ["RunStatusChanged", "r1", "failed", undefined, { id: "x1", name: "train" }],
        ["RunCompleted", "r2", "Completed", undefined, { id: "x1", name: "train" }],
      ],
    );
    assert.deepEqual(ignored, [{ id: "3", type: "Microsoft.MachineLearningServices.ModelDeployed" }]);
  });

  it("is not misled by a tag named like an object's own parts", () => {
    const tags = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const [read] = parseDelivery(JSON.stringify([modelEvent("m", "1", { tags })])).events;
    assert.deepEqual(Object.entries(read?.tags ?? {}), [
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it("takes the validation code out of a SubscriptionValidation", () => {
    const body = [
      {
        id: "v",
        topic: WORKSPACE,
        subject: "",
        data: { validationCode: "512d38b6", validationUrl: "https://example.invalid/" },
        eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
        eventTime: "2026-01-31T08:00:00Z",
        metadataVersion: "1",
        dataVersion: "2",
      },
    ];
    assert.equal(parseDelivery(JSON.stringify(body)).validationCode, "512d38b6");
  });

  for (const [what, body, says] of [
    ["text", "hello", /not JSON/],
    ["a list of numbers", "[1]", /Event 0 of the delivery is not an object/],
    ["an object of no schema", '{"id":"1"}', /neither of Event Grid's two schemas/],
    ["an event without an id", '[{"eventType":"x"}]', /has no id/],
    [
      "a model event that names no model",
      JSON.stringify([{ ...modelEvent("a", "1"), subject: "", data: {} }]),
      /names no model version/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseDelivery(body),
        (error: unknown) => error instanceof RelayFault && error.kind === "permanent" && says.test(error.message),
      );
    });
  }
});
