// Event Grid of local Azure: subscriptions over ARM, both handshakes, what is told of, and how it arrives.
import assert from "node:assert/strict";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { eventGrid } from "../../../../local/azure/events/grid.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { ask, workspaceAsk } from "../client.ts";

interface Call {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a wire body is looked at freely in tests
  readonly body: any;
}

type Answer = { status: number; headers?: Record<string, string>; body?: unknown };

/** A webhook over HTTPS that answers as it is told, and remembers. */
class Webhook {
  readonly calls: Call[] = [];
  answer: (call: Call) => Answer = agree;
  readonly #server: https.Server;
  #port = 0;

  constructor(tls: { certPem: string; keyPem: string }) {
    this.#server = https.createServer({ cert: tls.certPem, key: tls.keyPem }, async (request, response) => {
      let text = "";
      for await (const piece of request) text += String(piece);
      const headers = request.headers as Record<string, string>;
      const call = { method: request.method ?? "", headers, body: text === "" ? undefined : JSON.parse(text) };
      this.calls.push(call);
      const { status, headers: sent = {}, body } = this.answer(call);
      response.writeHead(status, { "Content-Type": "application/json", ...sent });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get url(): string {
    return `https://localhost:${this.#port}/hook`;
  }

  /** What was delivered, handshakes left out. */
  get delivered(): Call[] {
    return this.calls.filter(
      ({ method, headers }) => method === "POST" && headers["aeg-event-type"] === "Notification",
    );
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Agrees to both handshakes, and takes every event. */
function agree({ method, headers, body }: Call): Answer {
  if (method === "OPTIONS") return { status: 200, headers: { "WebHook-Allowed-Origin": "eventgrid.azure.net" } };
  if (headers["aeg-event-type"] === "SubscriptionValidation")
    return { status: 200, body: { validationResponse: body[0].data.validationCode } };
  return { status: 200 };
}

const isHandshake = ({ method, headers }: Call) =>
  method === "OPTIONS" || headers["aeg-event-type"] === "SubscriptionValidation";

describe("local Event Grid", () => {
  let cloud: LocalCloud;
  let hook: Webhook;
  const base = "/providers/Microsoft.EventGrid/eventSubscriptions";
  const arm = (method: string, path: string, body?: object) =>
    workspaceAsk(cloud, method, `${base}${path}`, {
      apiVersion: "2022-06-15",
      ...(body === undefined ? {} : { body }),
    });

  before(async () => {
    cloud = await startCloud();
    cloud.azure.settings.events = { firstRetry: 20, longestRetry: 60, duplicates: 0 };
  });
  after(() => cloud.close());
  beforeEach(async () => {
    hook = await new Webhook(cloud.tls).open();
  });
  afterEach(async () => {
    for (const { name } of eventGrid(cloud.azure).all()) eventGrid(cloud.azure).unsubscribe(name);
    cloud.azure.settings.events.duplicates = 0;
    await hook.close();
  });

  const properties = (more: object = {}, webhook: object = {}) => ({
    properties: {
      destination: { endpointType: "WebHook", properties: { endpointUrl: hook.url, ...webhook } },
      ...more,
    },
  });
  async function settled(name: string): Promise<string> {
    let state = "";
    await until(`${name} is settled`, async () => {
      state = (await arm("GET", `/${name}`)).body.properties.provisioningState;
      return !/^(Creating|Updating)$/.test(state);
    });
    return state;
  }
  async function subscribe(more: object = {}, webhook: object = {}, name = "relay"): Promise<void> {
    assert.equal((await arm("PUT", `/${name}`, properties(more, webhook))).status, 201);
    assert.equal(await settled(name), "Succeeded");
  }
  async function register(name: string, version: string, more: object = {}): Promise<void> {
    const modelUri = `azureml://datastores/workspaceblobstore/paths/m/${version}`;
    const answer = await workspaceAsk(cloud, "PUT", `/models/${name}/versions/${version}`, {
      apiVersion: "2024-04-01",
      body: { properties: { modelUri, modelType: "custom_model", ...more } },
    });
    assert.ok(answer.status < 300, answer.text);
  }
  const idle = () => eventGrid(cloud.azure).idle();

  describe("subscriptions", () => {
    it("are created, shown without what is secret, listed and deleted", async () => {
      const key = { endpointUrl: `${hook.url}?code=very-secret-key` };
      const headers = {
        deliveryAttributeMappings: [
          { name: "X-Team", type: "Static", properties: { value: "blue", isSecret: false } },
          { name: "X-Key", type: "Static", properties: { value: "secret-header", isSecret: true } },
        ],
      };
      const created = await arm("PUT", "/relay", properties({}, { ...key, ...headers }));
      assert.equal(created.status, 201);
      assert.equal(created.body.properties.provisioningState, "Creating");
      assert.equal(created.body.id, `${cloud.azure.workspaceId}${base}/relay`);
      assert.equal(await settled("relay"), "Succeeded");
      const { body } = await arm("GET", "/RELAY");
      const { destination, retryPolicy, topic } = body.properties;
      assert.equal(topic, cloud.azure.workspaceId);
      assert.equal(destination.properties.endpointBaseUrl, hook.url);
      assert.doesNotMatch(JSON.stringify(body), /very-secret-key|secret-header/);
      assert.deepEqual(retryPolicy, { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 });
      assert.equal((await arm("POST", "/relay/getFullUrl")).body.endpointUrl, key.endpointUrl);
      assert.deepEqual(
        (await arm("GET", "")).body.value.map(({ name }: { name: string }) => name),
        ["relay"],
      );
      assert.doesNotMatch(JSON.stringify(cloud.har.toHar()), /very-secret-key/);
      assert.deepEqual([(await arm("DELETE", "/relay")).status, (await arm("DELETE", "/relay")).status], [200, 204]);
      assert.equal((await arm("GET", "/relay")).status, 404);
    });

    const refusals: [string, object, number, RegExp][] = [
      [
        "an address without TLS",
        { destination: { endpointType: "WebHook", properties: { endpointUrl: "http://x/" } } },
        400,
        /must be HTTPS/,
      ],
      ["no destination", {}, 400, /endpointType are required/],
      [
        "a destination that is not built",
        { destination: { endpointType: "EventHub" } },
        501,
        /has not built: .*EventHub/,
      ],
      [
        "an event type of another service",
        { filter: { includedEventTypes: ["Microsoft.Storage.BlobCreated"] } },
        400,
        /none of a Machine Learning workspace/,
      ],
      [
        "an unknown operator",
        { filter: { advancedFilters: [{ operatorType: "StringLike", key: "subject" }] } },
        400,
        /no filter operator "StringLike"/,
      ],
      ["an unknown schema", { eventDeliverySchema: "Cloud" }, 400, /no event delivery schema "Cloud"/],
      ["too many attempts", { retryPolicy: { maxDeliveryAttempts: 31 } }, 400, /whole number from 1 to 30, and is 31/],
    ];
    for (const [title, more, status, expected] of refusals)
      it(`refuse ${title}`, async () => {
        const body = {
          properties: {
            ...("destination" in more || title === "no destination" ? {} : properties().properties),
            ...more,
          },
        };
        const answer = await arm("PUT", "/relay", body);
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.body.error.message, expected);
        assert.equal(eventGrid(cloud.azure).get("relay"), undefined);
      });
  });

  describe("asks before it sends", () => {
    it("by a validation event, whose code has to come back with 200", async () => {
      await subscribe();
      const [call] = hook.calls;
      assert.equal(call?.headers["aeg-event-type"], "SubscriptionValidation");
      assert.equal(call?.body.length, 1);
      assert.equal(call?.body[0].eventType, "Microsoft.EventGrid.SubscriptionValidationEvent");
      assert.equal(call?.body[0].topic, cloud.azure.workspaceId);
      for (const answer of [
        { status: 202, body: {} },
        { status: 200, body: { validationResponse: "wrong" } },
        { status: 500 },
      ]) {
        hook.answer = () => answer;
        await arm("PUT", "/other", properties());
        assert.equal(await settled("other"), "Failed", JSON.stringify(answer));
      }
    });

    it("by CloudEvents' OPTIONS, which has to allow the origin", async () => {
      await subscribe({ eventDeliverySchema: "CloudEventSchemaV1_0" });
      const [call] = hook.calls;
      assert.deepEqual(
        [call?.method, call?.headers["webhook-request-origin"], call?.headers["webhook-request-rate"]],
        ["OPTIONS", "eventgrid.azure.net", "120"],
      );
      hook.answer = () => ({ status: 403 });
      await arm("PUT", "/other", properties({ eventDeliverySchema: "CloudEventSchemaV1_0" }));
      assert.equal(await settled("other"), "Failed");
    });

    for (const eventDeliverySchema of ["EventGridSchema", "CloudEventSchemaV1_0"])
      it(`and takes an answer by hand (${eventDeliverySchema})`, async () => {
        hook.answer = () => ({ status: 200 });
        await arm("PUT", "/relay", properties({ eventDeliverySchema }));
        assert.equal(await settled("relay"), "AwaitingManualAction");
        await register("unheard", "1");
        await idle();
        assert.deepEqual(hook.delivered, []);
        const [call] = hook.calls;
        const address = call?.headers["webhook-request-callback"] ?? call?.body[0].data.validationUrl;
        const wrong = new URL(address);
        wrong.searchParams.set("code", "wrong");
        assert.equal((await ask(cloud, "GET", wrong.href)).status, 400);
        assert.equal((await ask(cloud, "GET", address)).status, 200);
        assert.equal(await settled("relay"), "Succeeded");
      });

    it("and does not believe a server of another authority, or one that is not there", async () => {
      await arm("PUT", "/relay", properties({}, { endpointUrl: "https://localhost:9/hook" }));
      assert.equal(await settled("relay"), "Failed");
    });
  });

  describe("tells of", () => {
    it("a model version, whichever plane made it, and once: not of a change, nor of an anonymous one", async () => {
      await subscribe();
      await register("told", "7", { tags: { stage: "prod" }, properties: { a: "b" } });
      await register("told", "7", { description: "changed" });
      await register("told", "beta");
      await register("hidden", "1", { isAnonymous: true });
      const mlflow = async (path: string, body: object) => {
        const { mlFlowTrackingUri } = (await workspaceAsk(cloud, "GET", "")).body.properties;
        const url = mlFlowTrackingUri.replace("azureml://", "https://").replace(/\?.*$/, "");
        const token = cloud.azure.directory.issue(cloud.azure.directory.principals[0]!, "https://ml.azure.com");
        const answer = await ask(cloud, "POST", `${url}/api/2.0/mlflow/${path}`, { body, token });
        assert.equal(answer.status, 200, answer.text);
      };
      await mlflow("registered-models/create", { name: "flow" });
      await mlflow("model-versions/create", {
        name: "flow",
        source: "azureml://datastores/workspaceblobstore/paths/x",
      });
      await idle();
      assert.deepEqual(hook.delivered.map(({ body }) => body[0].subject).sort(), [
        "models/flow:1",
        "models/told:7",
        "models/told:beta",
      ]);
      const event = hook.delivered.find(({ body }) => body[0].subject === "models/told:7")?.body[0];
      assert.deepEqual(
        { ...event, id: "", eventTime: "" },
        {
          topic: cloud.azure.workspaceId,
          subject: "models/told:7",
          eventType: "Microsoft.MachineLearningServices.ModelRegistered",
          eventTime: "",
          id: "",
          data: { ModelName: "told", ModelVersion: 7, ModelTags: { stage: "prod" }, ModelProperties: { a: "b" } },
          dataVersion: "",
          metadataVersion: "1",
        },
      );
      assert.match(event.eventTime, /^\d{4}-\d\d-\d\dT.*Z$/);
      const beta = hook.delivered.find(({ body }) => body[0].subject === "models/told:beta");
      assert.equal(beta?.body[0].data.ModelVersion, "beta");
    });

    it("runs and deployments, with keys in the case of the samples", async () => {
      await subscribe({ eventDeliverySchema: "CloudEventSchemaV1_0" }, {}, "cloud");
      const job = {
        name: "brave_fox",
        experimentId: "e1",
        experimentName: "nightly",
        tags: { team: "blue" },
        properties: {},
      };
      cloud.azure.events.emit("jobStatus", { ...job, status: "Running" });
      cloud.azure.events.emit("jobStatus", { ...job, status: "Completed" });
      cloud.azure.events.emit("jobStatus", { ...job, status: "Failed" });
      cloud.azure.events.emit(
        "deploymentReady",
        { name: "credit" } as never,
        { properties: { model: `${cloud.azure.workspaceId}/models/credit/versions/3` }, tags: {} } as never,
      );
      await idle();
      const told = hook.delivered.map(
        ({ body }) => `${body.type.split(".").at(-1)} ${body.subject} ${body.data.runStatus ?? ""}`,
      );
      assert.deepEqual(told.sort(), [
        "ModelDeployed endpoints/credit ",
        "RunCompleted experiments/e1/runs/brave_fox ",
        "RunStatusChanged experiments/e1/runs/brave_fox completed",
        "RunStatusChanged experiments/e1/runs/brave_fox failed",
        "RunStatusChanged experiments/e1/runs/brave_fox running",
      ]);
      const [first] = hook.delivered;
      assert.match(first?.headers["content-type"] ?? "", /^application\/cloudevents\+json/);
      assert.deepEqual(Object.keys(first?.body).sort(), [
        "data",
        "id",
        "source",
        "specversion",
        "subject",
        "time",
        "type",
      ]);
      const deployed = hook.delivered.find(({ body }) => /ModelDeployed$/.test(body.type));
      assert.deepEqual([deployed?.body.data.ServiceName, deployed?.body.data.ModelIds], ["credit", "credit:3"]);
      const run = hook.delivered.find(({ body }) => /RunCompleted$/.test(body.type));
      assert.deepEqual(run?.body.data, {
        experimentId: "e1",
        experimentName: "nightly",
        runId: "brave_fox",
        runType: null,
        runTags: { team: "blue" },
        runProperties: {},
      });
    });
  });

  describe("delivers", () => {
    it("only what the filter wants", async () => {
      await subscribe({
        filter: {
          includedEventTypes: ["Microsoft.MachineLearningServices.ModelRegistered"],
          subjectBeginsWith: "models/wanted:",
          advancedFilters: [{ operatorType: "StringIn", key: "data.ModelTags.stage", values: ["PROD", "test"] }],
        },
      });
      await register("wanted", "1", { tags: { stage: "prod" } });
      await register("wanted", "2", { tags: { stage: "dev" } });
      await register("wanted", "3");
      await register("wantedtoo", "1", { tags: { stage: "prod" } });
      await idle();
      assert.deepEqual(
        hook.delivered.map(({ body }) => body[0].subject),
        ["models/wanted:1"],
      );
    });

    it("again and again, with a count, until it is taken", async () => {
      let refused = 0;
      hook.answer = (call) => (isHandshake(call) ? agree(call) : { status: ++refused <= 3 ? 503 : 204 });
      await subscribe(
        {},
        { deliveryAttributeMappings: [{ name: "X-Key", type: "Static", properties: { value: "k" } }] },
      );
      await register("again", "1");
      await idle();
      assert.deepEqual(
        hook.delivered.map(({ headers }) => headers["aeg-delivery-count"]),
        ["0", "1", "2", "3"],
      );
      assert.equal(new Set(hook.delivered.map(({ body }) => body[0].id)).size, 1, "the id stays");
      assert.ok(hook.delivered.every(({ headers }) => headers["x-key"] === "k"));
      assert.equal(hook.delivered[0]?.headers["aeg-subscription-name"], "RELAY");
    });

    it("more than once where the scenario says so", async () => {
      cloud.azure.settings.events.duplicates = 2;
      await subscribe();
      await register("thrice", "1");
      await idle();
      assert.equal(hook.delivered.length, 3);
    });

    for (const [status, attempts, outcome] of [
      [503, 3, "Busy"],
      [400, 1, "BadRequest"],
    ] as const)
      it(`to the dead letters what is refused with ${status}`, async () => {
        const container = `dead-${status}`;
        hook.answer = (call) => (isHandshake(call) ? agree(call) : { status });
        await subscribe({
          retryPolicy: { maxDeliveryAttempts: 3 },
          deadLetterDestination: {
            endpointType: "StorageBlob",
            properties: { resourceId: "/subscriptions/x/storageAccounts/stor1", blobContainerName: container },
          },
        });
        await register("dead", String(status));
        await idle();
        assert.equal(hook.delivered.length, attempts);
        const [blob] = await cloud.azure.blobs.list(container);
        assert.match(blob?.name ?? "", /^relay\/\d{4}\/\d+\/\d+\/\d+\/[0-9a-f-]+\.json$/);
        const [letter] = JSON.parse((await cloud.azure.blobs.get(container, blob!.name))!.toString());
        assert.equal(letter.subject, `models/dead:${status}`);
        assert.deepEqual(
          [letter.deadLetterReason, letter.deliveryAttempts, letter.lastDeliveryOutcome],
          ["MaxDeliveryAttemptsExceeded", attempts, outcome],
        );
      });

    it("nothing more once the subscription is gone", async () => {
      hook.answer = (call) => (isHandshake(call) ? agree(call) : { status: 503 });
      await subscribe();
      await register("gone", "1");
      await until("it was delivered once", () => hook.delivered.length > 0);
      await arm("DELETE", "/relay");
      await idle();
      assert.deepEqual(eventGrid(cloud.azure).pending, []);
    });
  });
});
