// Monitors.
import assert from "node:assert/strict";
import { type Resolver, scheduleKind } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const TOP = `
name: watch
trigger: {type: recurrence, frequency: week, interval: 2}
create_monitor:
  compute: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
`;
const TARGET = "  monitoring_target: {ml_task: classification, endpoint_deployment_id: 'azureml:ep:blue'}\n";
const DATA = "{input_data: {type: mltable, path: 'azureml:p:1'}, data_context: training}";

type Body = Record<string, unknown>;

describe("spec monitor", () => {
  let files: Project;
  beforeEach(() => {
    files = project();
  });
  afterEach(() => files.remove());

  const definition = async (yaml: string, resolver: Resolver = offline()) => {
    const write = await scheduleKind.translate(scheduleKind.parse(files.yaml(TOP + yaml)), resolver);
    const { action } = write.body["properties"] as { action: { monitorDefinition: Body } };
    return action.monitorDefinition as Body & { signals: Record<string, Body> };
  };

  it("derives an out-of-box monitor from what the deployment collects", async () => {
    const body = await definition(`${TARGET}  alert_notification: {emails: [a@b.c]}\n`);
    assert.deepEqual(Object.keys(body.signals), [
      "data-drift-signal",
      "prediction-drift-signal",
      "data-quality-signal",
    ]);
    assert.deepEqual(body["monitoringTarget"], {
      taskType: "classification",
      deploymentId: `${WORKSPACE}/onlineEndpoints/ep/deployments/blue`,
    });
    assert.deepEqual(body.signals["prediction-drift-signal"]?.["referenceData"], {
      inputDataType: "Trailing",
      dataContext: "model_outputs",
      jobInputType: "uri_folder",
      uri: `${WORKSPACE}/data/ep-main-model_outputs/versions/1`,
      windowSize: "P28D",
      windowOffset: "P14D",
    });
    assert.deepEqual(body["alertNotificationSetting"], {
      alertNotificationType: "Email",
      emailNotificationSetting: { emails: ["a@b.c"], emailOn: ["JobFailed", "JobCompleted"] },
    });
  });

  it("says which collection a deployment lacks", async () => {
    const none = Object.assign(offline(), { collections: async () => ({}) });
    await assert.rejects(definition(TARGET, none), /"data-drift-signal".*does not collect model_inputs/);
    const unable = Object.assign(offline(), { collections: undefined }) as unknown as Resolver;
    await assert.rejects(definition(TARGET, unable), /needs its data/);
  });

  it("writes windows: moving, between two days, and none", async () => {
    const body = await definition(`  monitoring_signals:
    one:
      type: data_drift
      alert_enabled: true
      production_data: {input_data: {type: mltable, path: "azureml:p:1"}, data_context: model_inputs, data_window: {lookback_window_size: P3D}}
      reference_data: {input_data: {type: mltable, path: "azureml:p:1"}, data_context: training, data_window: {window_start: 2024-01-01, window_end: "2024-02-01"}}
      features: {top_n_feature_importance: 5}
      metric_thresholds: {numerical: {jensen_shannon_distance: 0.1}}
    two:
      type: prediction_drift
      production_data: ${DATA}
      reference_data: ${DATA}
      metric_thresholds: {categorical: {pearsons_chi_squared_test: 0.02}}
`);
    const { one = {}, two = {} } = body.signals as Record<string, Record<string, Body>>;
    assert.equal(one["mode"], "Enabled");
    assert.equal(one["productionData"]?.["windowSize"], "P3D");
    assert.equal(one["referenceData"]?.["windowStart"], "2024-01-01T00:00:00.000Z");
    assert.deepEqual(one["features"], { filterType: "TopNByAttribution", top: 5 });
    assert.deepEqual(one["metricThresholds"], [
      { dataType: "Numerical", metric: "jensenShannonDistance", threshold: { value: 0.1 } },
    ]);
    assert.equal(two["productionData"]?.["windowSize"], "P14D");
    assert.equal(two["referenceData"]?.["inputDataType"], "Fixed");
  });

  it("writes all other types of signal", async () => {
    const body = await definition(`  monitoring_signals:
    fad: {type: feature_attribution_drift, production_data: [${DATA}], reference_data: ${DATA}, metric_thresholds: {normalized_discounted_cumulative_gain: 0.9}}
    perf: {type: model_performance, production_data: ${DATA}, reference_data: ${DATA}, metric_thresholds: {regression: {rmse: 0.5}}}
    safe: {type: generation_safety_quality, production_data: [{input_data: {type: mltable, path: "azureml:p:1"}}], metric_thresholds: {fluency: {aggregated_fluency_pass_rate: 0.2}}}
    tokens: {type: generation_token_statistics, production_data: {input_data: {type: mltable, path: "azureml:p:1"}}}
    mine: {type: custom, component_id: "azureml:sig:1.0.0", metric_thresholds: [{metric_name: std, threshold: 2}], input_data: {x: ${DATA}}}
`);
    assert.deepEqual(body.signals["fad"]?.["metricThreshold"], {
      metric: "normalizedDiscountedCumulativeGain",
      threshold: { value: 0.9 },
    });
    assert.deepEqual(body.signals["perf"]?.["metricThreshold"], {
      modelType: "Regression",
      metric: "RootMeanSquaredError",
      threshold: { value: 0.5 },
    });
    assert.deepEqual(body.signals["safe"]?.["metricThresholds"], [
      { metric: "AcceptableFluencyScorePerInstance", threshold: { value: 3 } },
      { metric: "AggregatedFluencyPassRate", threshold: { value: 0.2 } },
    ]);
    assert.equal(body.signals["tokens"]?.["samplingRate"], 0.1);
    assert.equal(body.signals["mine"]?.["componentId"], "sig:1.0.0");
  });

  const REFUSED: readonly [string, RegExp][] = [
    ["", /has no signals, and names no deployment/],
    ["  monitoring_target: {endpoint_deployment_id: nowhere}\n", /azureml:<endpoint>:<deployment>/],
    ["  monitoring_signals: {a: {type: drift}}\n", /Allowed here: data_drift/],
    [`  monitoring_signals: {a: {type: data_drift, production_data: ${DATA}}}\n`, /has no reference_data/],
    [
      `${TARGET}  monitoring_signals: {a: {type: prediction_drift, metric_thresholds: {numerical: {jensen_shannon_distance: 1, population_stability_index: 1}}}}\n`,
      /measured by one metric/,
    ],
    [
      `${TARGET}  monitoring_signals: {a: {type: data_drift, production_data: {input_data: {type: mltable, path: "azureml:p:1"}, data_window: {window_start: 2024-01-01, window_end: 2024-01-02}}}}\n`,
      /without start and end/,
    ],
    [
      `${TARGET}  monitoring_signals: {a: {type: generation_safety_quality, production_data: [], metric_thresholds: {fluency: {rate: 1}}}}\n`,
      /no threshold "rate"/,
    ],
  ];
  for (const [yaml, pattern] of REFUSED)
    it(`refuses ${JSON.stringify(yaml)}`, () => {
      const text = faultsOf(() => scheduleKind.parse(files.yaml(TOP + yaml)))
        .map(({ message }) => message)
        .join("\n");
      assert.match(text, pattern);
    });
});
