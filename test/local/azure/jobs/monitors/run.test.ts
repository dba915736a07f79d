// Monitors on local Azure: a real pipeline over collected data, whose metrics, files, tags and events are the service's.
import assert from "node:assert/strict";
import { until } from "../../../../harness/until.ts";
import { JobClient } from "../../job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "./monitors.ts";

const ages = (from: number) => Array.from({ length: 40 }, (_, index) => from + index * 0.5);
const people = (from: number, country: (index: number) => string) =>
  ages(from).map((age, index) => ({ age, country: country(index) }));

const drift = (asset: string, baseline: string, more: object = {}) => ({
  signalType: "DataDrift",
  ...{ productionData: rolling(asset), referenceData: fixed(baseline) },
  features: { filterType: "AllFeatures" },
  metricThresholds: [
    limit("Numerical", "NormalizedWassersteinDistance", 0.5),
    limit("Categorical", "JensenShannonDistance", 0.3),
  ],
  ...more,
});

describe("local Azure: monitors", () => {
  const jobs = JobClient.ofSuite({ immediate: true });
  const azure = () => jobs.cloud.azure;
  const records = () => [
    ...azure()
      .store<{ name: string; tags: Record<string, string>; parent?: { root: string; node: string } }>("jobs")
      .values(),
  ];
  const parts = (root: string) => records().filter((job) => job.parent?.root === root);
  const output = async (job: string, path: string) =>
    JSON.parse((await jobs.blob(jobs.blobstore, `azureml/${job}/${path}`)) ?? "null");
  const metricRuns = async (filter: string, experiment: string) => {
    const found = await jobs.mlflow("GET", `experiments/get-by-name?experiment_name=${experiment}`);
    const { body, text } = await jobs.mlflow("POST", "runs/search", {
      experiment_ids: [found.body.experiment.experiment_id],
      filter,
    });
    assert.ok(body.runs, text);
    return body.runs as {
      info: { run_id: string; run_name: string };
      data: { metrics: { key: string; value: number; step: number }[]; tags: { key: string; value: string }[] };
    }[];
  };

  before(async () => {
    await table(
      jobs,
      "people",
      people(20, (index) => (index % 2 ? "de" : "fr")),
    );
    await collect(
      jobs,
      "shifted",
      "2026/03/08/11",
      people(60, (index) => (index % 2 ? "de" : "fr")),
    );
    await collect(
      jobs,
      "alike",
      "2026/03/08/11",
      people(20, (index) => (index % 2 ? "de" : "fr")),
    );
  });

  it("compute drift of collected data against a table, and write what the service writes", async () => {
    await monitor(jobs, "breached", { inputs: drift("shifted", "people") });
    const root = await look(jobs, "breached");
    const { properties } = (await jobs.arm("GET", `/jobs/${root}`)).body;
    assert.deepEqual(
      [properties.jobType, properties.status, properties.displayName],
      ["Pipeline", "Completed", "breached"],
    );
    assert.equal(properties.properties["azureml.simulated"], undefined);
    assert.deepEqual(
      parts(root)
        .map(({ parent }) => parent?.node)
        .sort(),
      [...["compute_drift_metrics", "evaluate_metric_thresholds", "inputs", "output_signal_metrics"]],
    );
    const signal = parts(root).find(({ parent }) => parent?.node === "inputs")!;
    const file = await output(signal.name, "signal_output/signals/inputs.json");
    assert.deepEqual([file.signalName, file.signalType, file.version], ["inputs", "DataDrift", "1.0.0"]);
    assert.deepEqual(file.metrics.rowCount, { baselineCount: 40, targetCount: 40 });
    const { age, country } = file.metrics.features;
    assert.deepEqual([age.dataType, country.dataType], ["Numerical", "Categorical"]);
    // 40 over the sample's standard deviation of 0, 0.5, … 19.5.
    const deviation = Math.sqrt((40 * (40 * 40 - 1)) / 12 / 39) * 0.5;
    assert.ok(Math.abs(age.metrics[0].metricValue - 40 / deviation) < 1e-9, String(age.metrics[0].metricValue));
    assert.deepEqual(age.metrics[0].threshold, 0.5);
    assert.deepEqual(country.metrics, [{ metricName: "JensenShannonDistance", metricValue: 0, threshold: 0.3 }]);
    const histogram = await output(signal.name, `signal_output/${age.histogram}`);
    assert.equal(
      histogram.histogram.reduce((sum: number, bin: { targetCount: number }) => sum + bin.targetCount, 0),
      40,
    );
    assert.deepEqual(await output(root, "model_monitor_metrics_output/manifest.json"), {
      version: "1.0.0",
      metricsFiles: { inputs: "signals/inputs.json" },
    });
  });

  it("tell of a breach by a tag of the step that evaluates, and the job completes", async () => {
    const [root] = records().filter(
      ({ parent, tags }) => parent !== undefined && tags["azureml_modelmonitor_threshold_breached"],
    );
    assert.equal(root?.parent?.node, "evaluate_metric_thresholds");
    const text = root.tags["azureml_modelmonitor_threshold_breached"]!;
    assert.match(text, /^The signal 'inputs' has failed due to one or more features violating metric thresholds\.\n/);
    assert.match(text, /"metric_name":"NormalizedWassersteinDistance","threshold_value":0\.5,"group":"age"/);
    assert.doesNotMatch(text, /country/);
    assert.equal(
      (await jobs.arm("GET", `/jobs/${root.parent.root}`)).body.properties.tags["azureml.notification.email.address"],
      undefined,
    );
  });

  it("tell those whose addresses the monitor has by tags of the whole run", async () => {
    const settings = {
      alertNotificationSettings: { emailNotificationSettings: { emails: ["a@example.com", "b@example.com"] } },
    };
    await monitor(
      jobs,
      "told",
      { inputs: drift("shifted", "people", { notificationTypes: ["AmlNotification"] }) },
      settings,
    );
    const root = await look(jobs, "told");
    const { tags } = (await jobs.arm("GET", `/jobs/${root}`)).body.properties;
    assert.equal(tags["azureml.notification.email.address"], "a@example.com,b@example.com");
    assert.match(tags["azureml.modelmonitor.threshold.breached.inputs"], /has failed due to/);
  });

  it("log each metric to a run of its own, found again by its tags, with the monitor's time as the step", async () => {
    await monitor(jobs, "watched", { inputs: drift("alike", "people") });
    await look(jobs, "watched");
    await look(jobs, "watched", "Completed", "2026-03-08T13:00:00Z");
    const all = await metricRuns(
      "tags.azureml.monitor_name = 'watched' and tags.azureml.signal_name = 'inputs'",
      "watched",
    );
    assert.deepEqual(all.map(({ info }) => info.run_name).sort(), [
      "inputs_JensenShannonDistance",
      "inputs_NormalizedWassersteinDistance",
    ]);
    const [age] = await metricRuns("tags.azureml.feature_name = 'age'", "watched");
    const history = await jobs.mlflow("GET", `metrics/get-history?run_id=${age!.info.run_id}&metric_key=value`);
    const steps = history.body.metrics.map(({ step }: { step: number }) => step);
    assert.deepEqual(steps, [Date.UTC(2026, 2, 8, 12) / 1000, Date.UTC(2026, 2, 8, 13) / 1000]);
    const [parent] = await metricRuns("tags.azureml.metric_name = 'azureml.metrics'", "watched");
    assert.equal(parent?.info.run_name, "watched - Metrics");
    assert.ok(age?.data.tags.some(({ key, value }) => key === "mlflow.parentRunId" && value === parent?.info.run_id));
  });

  it("measure data quality against what the reference has, with the limit on top", async () => {
    await collect(jobs, "dirty", "2026/03/08/10", [
      ...people(20, () => "de").slice(0, 36),
      ...[
        { age: null, country: "de" },
        { age: 999.5, country: "de" },
        { age: 21.5, country: "xx" },
        { age: 22.5, country: null },
      ],
    ]);
    const metricThresholds = ["NullValueRate", "OutOfBoundsRate", "DataTypeErrorRate"].flatMap((metric) => [
      limit("Numerical", metric, 0.01),
      limit("Categorical", metric, 0.01),
    ]);
    await monitor(jobs, "quality", {
      clean: {
        signalType: "DataQuality",
        productionData: rolling("dirty"),
        referenceData: fixed("people"),
        metricThresholds,
      },
    });
    const root = await look(jobs, "quality");
    const signal = parts(root).find(({ parent }) => parent?.node === "clean")!;
    const { age, country } = (await output(signal.name, "signal_output/signals/clean.json")).metrics.features;
    const of = (feature: typeof age) =>
      Object.fromEntries(
        feature.metrics.map((one: { metricName: string; targetValue: number }) => [one.metricName, one.targetValue]),
      );
    assert.deepEqual(of(age), { NullValueRate: 0.025, OutOfBoundsRate: 0.025, DataTypeErrorRate: 0 });
    assert.deepEqual(of(country), { NullValueRate: 0.025, OutOfBoundsRate: 0.025, DataTypeErrorRate: 0 });
    assert.equal(age.metrics[0].baselineValue, 0);
    const broken = parts(root).find(({ tags }) => tags["azureml_modelmonitor_threshold_breached"]);
    assert.match(broken?.tags["azureml_modelmonitor_threshold_breached"] ?? "", /NullValueRate/);
  });

  it("look at the hours of their window, and fail where nothing lies in it", async () => {
    await monitor(jobs, "empty", { inputs: drift("shifted", "people") });
    const root = await look(jobs, "empty", "Failed", "2026-03-20T12:00:00Z");
    const { tags } = (await jobs.arm("GET", `/jobs/${root}`)).body.properties;
    assert.equal(tags["azureml.modelmonitor.error"], "DataNotFoundError");
    const compute = parts(root).find(({ parent }) => parent?.node === "compute_drift_metrics")!;
    assert.match(JSON.stringify((await jobs.details(compute.name)).error), /No data was found for the production data/);
  });

  it("write nothing for signals that are not computed here, and say so", async () => {
    await monitor(jobs, "attribution", {
      why: {
        signalType: "FeatureAttributionDrift",
        productionData: [rolling("alike")],
        referenceData: fixed("people"),
        metricThreshold: { metric: "NormalizedDiscountedCumulativeGain", threshold: { value: 0.9 } },
      },
    });
    const root = await look(jobs, "attribution");
    assert.deepEqual((await output(root, "model_monitor_metrics_output/manifest.json")).metricsFiles, {});
    const signal = parts(root).find(({ parent }) => parent?.node === "why")!;
    const log = await jobs.blob("azureml", `ExperimentRun/dcid.${signal.name}/logs/azureml/executionlogs.txt`);
    assert.match(log ?? "", /\[local Azure, simulated\] Signals of type FeatureAttributionDrift are not computed here/);
  });

  it("run a custom signal's component, and write its metrics by groups", async () => {
    const code = `import json,os,sys
rows=[json.loads(l) for l in open(os.path.join(sys.argv[1],"data.jsonl"))]
os.makedirs(sys.argv[3],exist_ok=True)
mean=sum(r["age"] for r in rows)/len(rows)
open(os.path.join(sys.argv[3],"metrics.csv"),"w").write("group,metric_name,metric_value,threshold_value\\nage,mean,%s,%s\\n,rows,%s,\\n"%(mean,sys.argv[2],len(rows)))
`;
    const definition = {
      ...{ type: "command", name: "means", version: "1", environment: jobs.id("environments/plain/versions/1") },
      command: `python3 -c '${code}' \${{inputs.production_data}} \${{inputs.mean_threshold}} \${{outputs.signal_metrics}}`,
      inputs: { production_data: { type: "mltable" }, mean_threshold: { type: "number" } },
      outputs: { signal_metrics: { type: "mltable" } },
    };
    const made = await jobs.arm("PUT", "/components/means/versions/1", { properties: { componentSpec: definition } });
    assert.ok(made.status < 300, made.text);
    await monitor(jobs, "custom", {
      own: {
        ...{ signalType: "Custom", componentId: jobs.id("components/means/versions/1") },
        inputAssets: { production_data: rolling("shifted") },
        metricThresholds: [{ metric: "mean", threshold: { value: 50 } }],
      },
    });
    const root = await look(jobs, "custom");
    const signal = parts(root).find(({ parent }) => parent?.node === "own")!;
    const { metrics, signalType } = await output(signal.name, "signal_output/signals/own.json");
    assert.equal(signalType, "Custom");
    assert.deepEqual(
      [metrics.mean.groups.age.value, metrics.mean.groups.age.threshold, metrics.rows.value],
      [69.75, 50, 40],
    );
    const [run] = await metricRuns("tags.azureml.group_0 = 'age'", "custom");
    assert.equal(run?.info.run_id, metrics.mean.groups.age.timeseries.runId);
    assert.ok(parts(root).some(({ tags }) => /"mean"/.test(tags["azureml_modelmonitor_threshold_breached"] ?? "")));
  });

  it("tell their subscribers of the step that carries a breach", async () => {
    const told: { tags: Record<string, string>; status: string }[] = [];
    azure().events.on("jobStatus", ({ tags, status }) => told.push({ tags: { ...tags }, status }));
    await look(jobs, "breached");
    const found = await until("the step has ended", async () => {
      const ended = told.filter(
        ({ tags, status }) => status === "Completed" && tags["azureml_modelmonitor_threshold_breached"],
      );
      return ended.length > 0 ? ended : undefined;
    });
    assert.match(found![0]!.tags["azureml_modelmonitor_threshold_breached"]!, /has failed due to one or more features/);
  });
});
