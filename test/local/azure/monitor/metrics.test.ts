// Tests: local/azure/resources/metrics.ts, local/azure/monitor/query.ts, local/azure/monitor/series.ts, local/azure/monitor/seed.ts
import assert from "node:assert/strict";
import { builtInRoles } from "../../../../local/azure/arm/roles.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import type { SeededMinutes } from "../../../../local/azure/scenarios/rules.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { type Answer, ask, tokenOf, workspaceAsk } from "../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../online-scripts.ts";

const MINUTE = 60_000;

describe("local Azure: metrics of online endpoints", () => {
  let cloud: LocalCloud;
  let models: { readonly code: string; readonly model: string };
  /** The cloud's time when the test began: a full minute, and each test's own, however long the tests before it took. */
  let start = Date.parse("2026-03-02T08:00:00Z");
  const endpoint = "/onlineEndpoints/fraud";

  const metrics = (query: Record<string, string>, below = endpoint, apiVersion = "2024-02-01"): Promise<Answer> =>
    workspaceAsk(cloud, "GET", `${below}/providers/Microsoft.Insights/metrics?${new URLSearchParams(query)}`, {
      apiVersion,
    });
  const at = (minutes: number) => `${new Date(start + minutes * MINUTE).toISOString().slice(0, 19)}Z`;
  const span = (from: number, to: number) => ({ timespan: `${at(from)}/${at(to)}` });
  const requests = { metricnames: "RequestsPerMinute", aggregation: "Average" };
  const averages = (answer: Answer, series = 0): (number | undefined)[] =>
    answer.body.value[0].timeseries[series].data.map((point: { average?: number }) => point.average);
  const seed = (more: Partial<SeededMinutes>): void =>
    seedMinutes(cloud.azure, [
      { endpoint: "fraud", deployment: "blue", ago: 20 * MINUTE, span: 10 * MINUTE, requests: 100, ...more },
    ]);

  before(async () => {
    cloud = await startCloud({ scenarios: { clock: { start: start - 60 * MINUTE }, rules: [] } });
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    models = await registerGreeter(cloud, { code: "fraud", model: "fraud" });
    const { code, model } = models;
    await make(cloud, endpoint, endpointRequest());
    await make(cloud, `${endpoint}/deployments/blue`, deploymentRequest(model, code));
    cloud.azure.clock.leap(start - cloud.azure.clock.now());
  });
  after(() => cloud.close());
  beforeEach(() => {
    start = Math.ceil(cloud.azure.clock.now() / MINUTE) * MINUTE;
    cloud.azure.clock.leap(start + 100 - cloud.azure.clock.now());
    cloud.azure.store("scoringMinutes").clear();
    Object.assign(cloud.azure.settings.monitor, { delay: 120_000, newest: "zero", together: "sum" });
  });

  it("answers in the recorded shape: series of the classes that occurred, zero in their other minutes", async () => {
    seed({ answers: { "424/500": 4 }, ago: 20 * MINUTE, span: 2 * MINUTE });
    seed({ answers: { 503: 7 }, ago: 18 * MINUTE, span: 1 * MINUTE });
    const answer = await metrics({
      ...requests,
      ...span(-21, -16),
      interval: "PT1M",
      $filter: "deployment eq 'blue' and statusCodeClass ne '2xx'",
    });
    assert.equal(answer.status, 200, answer.text);
    const name = (value: string) => ({ value, localizedValue: value });
    const series = (value: string, data: readonly number[]) => ({
      metadatavalues: [
        { name: name("deployment"), value: "blue" },
        { name: name("statuscodeclass"), value },
      ],
      data: data.map((average, index) => ({ timeStamp: at(index - 21), average })),
    });
    assert.deepEqual(answer.body, {
      cost: 4,
      timespan: `${at(-21)}/${at(-16)}`,
      interval: "PT1M",
      namespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
      resourceregion: "eastus2",
      value: [
        {
          id: `${cloud.azure.workspaceId}${endpoint}/providers/Microsoft.Insights/metrics/RequestsPerMinute`,
          type: "Microsoft.Insights/metrics",
          name: { value: "RequestsPerMinute", localizedValue: "Requests Per Minute" },
          displayDescription: "The number of requests sent to online endpoint within a minute",
          unit: "Count",
          timeseries: [series("4xx", [0, 4, 4, 0, 0]), series("5xx", [0, 0, 0, 7, 0])],
          errorCode: "Success",
        },
      ],
    });
  });

  it("has no series of a class or deployment that never occurred, and one without values where there is no filter", async () => {
    const filtered = { ...requests, ...span(-20, -10), $filter: "deployment eq 'blue' and statusCodeClass eq '5xx'" };
    assert.deepEqual((await metrics(filtered)).body.value[0].timeseries, []);
    const never = await metrics({ ...requests, ...span(-12, -10) });
    assert.deepEqual(never.body.value[0].timeseries, [
      { metadatavalues: [], data: [{ timeStamp: at(-12) }, { timeStamp: at(-11) }] },
    ]);
    seed({});
    assert.deepEqual((await metrics(filtered)).body.value[0].timeseries, []);
    assert.deepEqual(averages(await metrics({ ...requests, ...span(-11, -8) })), [100, 0, 0]);
    // It occurred before the span: its series goes on at zero.
    const later = await metrics({ ...requests, ...span(-9, -7), $filter: "statusCodeClass eq '*'" });
    assert.deepEqual(averages(later), [0, 0]);
  });

  it("shows the newest minutes late: zero at first, or nothing, and then what they had", async () => {
    seed({ ago: 4 * MINUTE, span: 5 * MINUTE });
    const newest = { ...requests, ...span(-5, 2) };
    // Now is 08:00: the minutes from 07:58 on ended less than two minutes ago.
    assert.deepEqual(averages(await metrics(newest)), [0, 100, 100, 0, 0, 0]);
    cloud.azure.settings.monitor.newest = "absent";
    assert.deepEqual(averages(await metrics(newest)), [0, 100, 100, undefined, undefined, undefined]);
    cloud.azure.settings.monitor.delay = 0;
    assert.deepEqual(averages(await metrics(newest)), [0, 100, 100, 100, 100, undefined]);
    const split = await metrics({ ...newest, $filter: "deployment eq '*'" });
    cloud.azure.settings.monitor.delay = 10 * MINUTE;
    assert.equal(split.body.value[0].timeseries.length, 1);
    assert.deepEqual((await metrics({ ...newest, $filter: "deployment eq '*'" })).body.value[0].timeseries, []);
  });

  it("takes a span as two times, as a time and how long, and as how long until now", async () => {
    seed({});
    const of = async (timespan: string) => {
      const { body } = await metrics({ ...requests, timespan });
      return [body.timespan, averages({ body } as Answer).filter((value) => value !== undefined && value > 0).length];
    };
    const wanted = [`${at(-20)}/${at(-15)}`, 5];
    for (const timespan of [`${at(-20)}/${at(-15)}`, `${at(-20)}/PT5M`, `PT5M/${at(-15)}`, `${at(-20)}/PT300.0S`])
      assert.deepEqual(await of(timespan), wanted, timespan);
    assert.deepEqual(await of("PT15M"), [`${at(-15)}/${at(0)}`, 5]);
  });

  it("splits by what the filter names, adds up what it does not, and takes the mean of minutes as FULL", async () => {
    seed({ answers: { "424/500": 5, 503: 15 } });
    seed({ deployment: "green", requests: 20 });
    const one = { ...requests, ...span(-20, -18) };
    assert.deepEqual(averages(await metrics(one)), [120, 120]);
    const names = async ($filter: string, more: Record<string, string> = {}) =>
      (await metrics({ ...one, ...more, $filter })).body.value[0].timeseries.map(
        ({ metadatavalues, data }: { metadatavalues: { value: string }[]; data: { average: number }[] }) =>
          `${metadatavalues.map(({ value }) => value).join(" ")}: ${data.map(({ average }) => average).join(" ")}`,
      );
    assert.deepEqual((await names("deployment eq '*'")).sort(), ["blue: 100 100", "green: 20 20"]);
    assert.deepEqual((await names("statusCode eq '*' and modelStatusCode eq '*' and deployment eq 'BLUE'")).sort(), [
      "200 200 blue: 80 80",
      "424 500 blue: 5 5",
      "503  blue: 15 15",
    ]);
    const sorted = await names("statusCode eq '*'", { top: "2", orderby: "sum desc" });
    assert.deepEqual(sorted, ["200: 100 100", "503: 15 15"]);
    assert.deepEqual(averages(await metrics({ ...requests, ...span(-22, -18), interval: "FULL" })), [60]);
    cloud.azure.settings.monitor.together = "mean";
    assert.deepEqual(averages(await metrics(one)), [30, 30]);
  });

  it("has latencies by percentile where there were requests, and what a deployment's container used", async () => {
    seed({ span: 1 * MINUTE, latency: { p50: 30, p95: 90, p99: 300 }, cpu: 20, memory: 61 });
    seed({ ago: 19 * MINUTE, span: 1 * MINUTE, requests: 0 });
    const latency = await metrics({ metricnames: "RequestLatency_P95,RequestLatency_P50", ...span(-20, -18) });
    assert.deepEqual(averages(latency), [90, undefined]);
    assert.equal(latency.body.value[0].unit, "MilliSeconds");
    assert.equal(latency.body.value[1].timeseries[0].data[0].average, 30);
    const green = { metricnames: "RequestLatency_P95", ...span(-20, -18), $filter: "deployment eq 'green'" };
    assert.deepEqual((await metrics(green)).body.value[0].timeseries, []);
    const memory = await metrics(
      { metricnames: "CpuMemoryUtilizationPercentage", ...span(-20, -19), aggregation: "Average,Maximum" },
      `${endpoint}/deployments/blue`,
    );
    assert.deepEqual(memory.body.value[0].timeseries[0].data, [{ timeStamp: at(-20), average: 61, maximum: 61 }]);
    const own = await metrics(
      { ...requests, ...span(-20, -19), $filter: "envoy_response_code eq '*'" },
      `${endpoint}/deployments/blue`,
    );
    assert.deepEqual(own.body.value[0].timeseries[0].metadatavalues[0].name.value, "envoy_response_code");
  });

  it("refuses unknown metrics, dimensions, aggregations, grains, spans and filters in an error that is not wrapped", async () => {
    const refused: readonly (readonly [Record<string, string>, RegExp, string?])[] = [
      [
        { metricnames: "Requests" },
        /^Failed to find metric configuration for provider: Microsoft.MachineLearningServices, resource Type: workspaces\/onlineEndpoints, metric: Requests, Valid metrics: RequestsPerMinute,RequestLatency,/,
      ],
      [{ metricnames: "RequestLatency" }, /metric: RequestLatency, Valid metrics/, `${endpoint}/deployments/blue`],
      [
        { ...requests, $filter: "instanceId eq '1'" },
        /^Metric: RequestsPerMinute does not support requested dimension combination: instanceid, supported ones are: deployment,statusCode,statusCodeClass,modelStatusCode, TraceId: \{[0-9a-f-]{36}\}$/,
      ],
      [{ metricnames: "RequestLatency_P95", $filter: "statusCodeClass eq '5xx'" }, /supported ones are: deployment,/],
      [
        { ...requests, $filter: "deployment eq 'a'" },
        /requested dimension combination: deployment, supported ones are: envoy_response_code,/,
        `${endpoint}/deployments/blue`,
      ],
      [{ ...requests, $filter: "deployment eq 'a' or statusCode eq '5'" }, /'or' cannot separate/],
      [
        { ...requests, aggregation: "Total" },
        /^Metric: RequestsPerMinute does not support requested aggregation: Total, supported ones are: Average,/,
      ],
      [{ ...requests, aggregation: "Average,Maximum" }, /aggregation: Maximum/],
      [
        { ...requests, interval: "PT5M" },
        /^Commonly allowed time grains: 00:01:00 between metrics: RequestsPerMinute, can not support requested time grain: 00:05:00 please adjust/,
      ],
      [{ ...requests, interval: "5m" }, /^Invalid time grain duration: 5m/],
      [
        { ...requests, timespan: "yesterday" },
        /^Detected invalid time interval input: yesterday, supported Iso 8601 time interval format/,
      ],
      [{ ...requests, timespan: "PT1M/PT1M" }, /^Detected invalid time interval input/],
      [{ ...requests, ...span(-1, -2) }, /must be before its end/],
      [
        { ...requests, metricnamespace: "Microsoft.Web/sites" },
        /^Detect invalid value: Microsoft.Web\/sites for query parameter: 'metricnamespace'/,
      ],
      [{ metricnames: Array.from({ length: 21 }, () => "RequestsPerMinute").join(",") }, /At most 20/],
      [{ ...requests, orderby: "name" }, /order 'name' is invalid/],
      [{}, /'metricnames' is required/],
    ];
    for (const [query, words, below] of refused) {
      const answer = await metrics(query, below);
      assert.equal(answer.status, 400, `${JSON.stringify(query)}: ${answer.text}`);
      assert.deepEqual(Object.keys(answer.body), ["code", "message"], answer.text);
      assert.match(answer.body.message, words);
    }
    seed({});
    const lenient = { ...requests, ...span(-20, -19), $filter: "instanceId eq '1'", ValidateDimensions: "false" };
    assert.deepEqual(averages(await metrics(lenient)), [100]);
    assert.equal((await metrics({ ...requests, interval: "PT5M", AutoAdjustTimegrain: "true" })).body.interval, "PT1M");
    assert.equal((await metrics(requests, endpoint, "2016-09-01")).status, 400);
    assert.equal((await metrics({ ...requests, rollupby: "deployment" })).status, 501);
    assert.equal((await metrics({ ...requests, resultType: "Metadata" })).status, 501);
  });

  it("says what can be measured, as definitions spell it", async () => {
    const definitions = async (below: string) =>
      (
        await workspaceAsk(cloud, "GET", `${below}/providers/Microsoft.Insights/metricDefinitions`, {
          apiVersion: "2024-02-01",
        })
      ).body.value;
    const [first, ...others] = await definitions(endpoint);
    assert.deepEqual(first.dimensions[2], { value: "statusCodeClass", localizedValue: "statusCodeClass" });
    assert.deepEqual(first.supportedAggregationTypes, ["Average"]);
    assert.deepEqual(first.metricAvailabilities, [{ timeGrain: "PT1M", retention: "P93D" }]);
    assert.equal(others[0].name.value, "RequestLatency");
    const names = (await definitions(`${endpoint}/deployments/blue`)).map(
      (one: { name: { value: string } }) => one.name.value,
    );
    assert.ok(!names.includes("RequestLatency") && names.includes("CpuMemoryUtilizationPercentage"));
  });

  it("counts real requests: by deployment, by what the caller got and by what the model said, mirrored ones too", async () => {
    const { settings } = cloud.azure;
    settings.monitor.delay = 0;
    const { resource } = await make(cloud, endpoint, endpointRequest({ traffic: { blue: 100 } }));
    const key = (await workspaceAsk(cloud, "POST", `${endpoint}/listKeys`)).body.primaryKey as string;
    const score = (body: object, token = key, headers: Record<string, string> = {}) =>
      ask(cloud, "POST", resource.properties.scoringUri, { body, token, headers });
    await make(cloud, `${endpoint}/deployments/green`, deploymentRequest(models.model, models.code));
    const from = cloud.azure.clock.now();
    assert.equal((await score({})).status, 200);
    assert.equal((await score({ raise: true })).status, 424);
    assert.equal((await score({}, "wrong")).status, 401);
    assert.equal((await score({}, key, { "azureml-model-deployment": "nobody" })).status, 404);
    await make(cloud, endpoint, endpointRequest({ traffic: { blue: 100 }, mirrorTraffic: { green: 50 } }));
    for (let index = 0; index < 2; index += 1) assert.equal((await score({})).status, 200);
    const counts = async (): Promise<Record<string, number>> => {
      const answer = await metrics({
        ...requests,
        timespan: `${new Date(from).toISOString()}/${new Date(cloud.azure.clock.now() + MINUTE).toISOString()}`,
        $filter: "deployment eq '*' and statusCode eq '*' and modelStatusCode eq '*'",
      });
      return Object.fromEntries(
        answer.body.value[0].timeseries.map(
          (one: { metadatavalues: { value: string }[]; data: { average?: number }[] }) => [
            one.metadatavalues.map(({ value }) => value).join(" "),
            one.data.reduce((sum, { average = 0 }) => sum + average, 0),
          ],
        ),
      );
    };
    const wanted = { "blue 200 200": 3, "blue 424 500": 1, "green 200 200": 1 };
    await until("the mirrored request has been answered", async () => {
      // A minute counts once it is over, and the mirrored request may be answered in a later one than the others.
      cloud.azure.clock.leap(MINUTE / 4);
      return "green 200 200" in (await counts());
    });
    assert.deepEqual(await counts(), wanted);
    const latency = { metricnames: "RequestLatency_P95", $filter: "deployment eq 'green'" };
    const [series] = (await metrics(latency)).body.value[0].timeseries;
    const found = series.data.filter(({ average }: { average?: number }) => average !== undefined);
    assert.equal(found.length, 1);
    assert.ok(found[0].average > 0, JSON.stringify(found));
  });

  it("is 404 for what is not there, and 403 for who may not read metrics, though the workspace is theirs", async () => {
    assert.equal((await metrics(requests, "/onlineEndpoints/nobody")).status, 404);
    assert.equal((await metrics(requests, `${endpoint}/deployments/nobody`)).status, 404);
    const url = `${cloud.urls.arm}${cloud.azure.workspaceId}${endpoint}/providers/Microsoft.Insights/metrics?api-version=2024-02-01&metricnames=RequestsPerMinute`;
    const { clientId } = cloud.credentials.contributor;
    const principal = cloud.azure.directory.find(clientId);
    assert.ok(principal !== undefined);
    const token = await tokenOf(cloud);
    try {
      Object.assign(principal, { roles: [builtInRoles.dataScientist] });
      const refused = await ask(cloud, "GET", url, { token });
      assert.equal(refused.status, 403, refused.text);
      assert.match(refused.body.error.message, /perform action 'Microsoft\.Insights\/metrics\/read'/);
      Object.assign(principal, { roles: [builtInRoles.reader] });
      assert.equal((await ask(cloud, "GET", url, { token })).status, 200);
    } finally {
      Object.assign(principal, { roles: undefined });
    }
    cloud.azure.settings.network.publicAccess = false;
    try {
      assert.equal((await metrics(requests)).status, 200, "Azure Monitor is no part of the workspace's network");
    } finally {
      cloud.azure.settings.network.publicAccess = true;
    }
  });
});
