// Schedules as the management plane shows them: filled in, in the service's letters, and unlike at a PUT and a GET.
import assert from "node:assert/strict";
import { scheduleShown, serviceMarks } from "../../../../local/azure/schedules/shape.ts";
import type { ScheduleRecord } from "../../../../local/azure/schedules/watch.ts";

type Json = Record<string, unknown>;

/** As clients send it, in other letters than the published types have. */
const sent = (action: object) => action as ScheduleRecord["action"];

const cron = { triggerType: "Cron", expression: "15 10 * * 1", timeZone: "UTC" };

function shown(more: Partial<ScheduleRecord>, apiVersion = "2023-04-01-preview", written = false): Json {
  const schedule = { name: "s", trigger: cron, action: {}, began: "2023-05-01T18:01:45", ...more } as ScheduleRecord;
  return scheduleShown(schedule, apiVersion, written);
}

describe("local Azure: what a schedule shows", () => {
  it("tells a start that it chose itself when it is read, and not when it is made", () => {
    const start = (written: boolean) => (shown({}, "2023-04-01-preview", written)["trigger"] as Json)["startTime"];
    assert.deepEqual([start(true), start(false)], [null, "2023-05-01T18:01:45"]);
    const begun = shown({ trigger: { ...cron, startTime: "2022-03-10 10:15:00" } });
    assert.equal((begun["trigger"] as Json)["startTime"], "2022-03-10 10:15:00");
    assert.equal((begun["trigger"] as Json)["endTime"], null);
  });

  it("writes frequency and days with a capital, and shows no pattern where it names nothing", () => {
    const trigger = (schedule: object) => ({
      ...{ triggerType: "Recurrence", frequency: "week", interval: 1, timeZone: "utc" },
      schedule,
    });
    const full = shown({ trigger: trigger({ hours: [1], minutes: [0], weekDays: ["monday"] }) })["trigger"] as Json;
    assert.equal(full["frequency"], "Week");
    assert.deepEqual(full["schedule"], { hours: [1], minutes: [0], weekDays: ["Monday"], monthDays: null });
    const empty = trigger({ hours: [], minutes: [] });
    const pattern = (written: boolean) =>
      (shown({ trigger: empty }, "2023-04-01-preview", written)["trigger"] as Json)["schedule"];
    assert.deepEqual(
      [pattern(true), pattern(false)],
      [{ hours: [], minutes: [], weekDays: null, monthDays: null }, null],
    );
  });

  it("shows a job's unset keys as null, those that the api-version knows", () => {
    const jobDefinition = { jobType: "Pipeline", sourceJobId: "/jobs/j", experimentName: "" };
    const of = (definition: object, apiVersion: string) =>
      (shown({ action: sent({ actionType: "CreateJob", jobDefinition: definition }) }, apiVersion)["action"] as Json)[
        "jobDefinition"
      ] as Json;
    const referring = of(jobDefinition, "2023-04-01-preview");
    for (const key of [
      "tags",
      "properties",
      "displayName",
      "settings",
      "jobs",
      "inputs",
      "outputs",
      "notificationSetting",
    ])
      assert.equal(referring[key], null, key);
    assert.deepEqual([referring["experimentName"], referring["status"]], ["", "NotStarted"]);
    assert.ok("secretsConfiguration" in referring);
    const input = { jobInputType: "uri_file", uri: "azureml://datastores/d/paths/f" };
    const own = of({ jobType: "Pipeline", jobs: {}, inputs: { data: input }, outputs: {} }, "2023-02-01-preview");
    assert.deepEqual(own["inputs"], { data: { description: null, ...input, mode: "ReadOnlyMount" } });
    assert.deepEqual([own["jobs"], own["outputs"], own["experimentName"]], [{}, {}, "Default"]);
    assert.ok(!("secretsConfiguration" in own));
  });

  it("writes a monitor in the service's letters, and marks its schedule", () => {
    const data = (dataContext: string) => ({ dataContext, asset: { jobInputType: "mltable", uri: "azureml:a:1" } });
    const signal = {
      ...{ signalType: "DataDrift", mode: "Enabled", lookbackPeriod: "P7D", baselineData: data("test") },
      metricThresholds: [{ dataType: "Numerical", metric: "jensenShannonDistance" }],
      targetData: data("modelInputs"),
    };
    const action = sent({
      actionType: "CreateMonitor",
      monitorDefinition: { computeId: "spark", signals: { one: signal } },
    });
    const definition = (shown({ action })["action"] as Json)["monitorDefinition"] as Json;
    assert.deepEqual([definition["monitoringTarget"], definition["alertNotificationSetting"]], [null, null]);
    const one = (definition["signals"] as Json)["one"] as Json;
    assert.deepEqual([one["features"], one["dataSegment"]], [null, null]);
    assert.deepEqual(one["metricThresholds"], [{ dataType: "Numerical", metric: "JensenShannonDistance" }]);
    assert.equal((one["targetData"] as Json)["dataContext"], "ModelInputs");
    assert.equal(((one["baselineData"] as Json)["asset"] as Json)["mode"], "ReadOnlyMount");
    assert.deepEqual(serviceMarks(action), { "azureml.telemetry.attribution": "modelmonitoring" });
  });

  it("shows a database's data as a table in a folder of each run", () => {
    const source = { sourceType: "database", connection: "azureml:c", query: "select 1" };
    const dataImportDefinition = {
      assetName: "a",
      dataType: "uri_folder",
      dataUri: "azureml://datastores/d/paths/p",
      source,
    };
    const action = sent({ actionType: "ImportData", dataImportDefinition });
    const of = (written: boolean) =>
      (shown({ action }, "2023-04-01-preview", written)["action"] as Json)["dataImportDefinition"] as Json;
    assert.equal(of(true)["dataUri"], "azureml://datastores/d/paths/p/${{name}}");
    assert.equal(of(false)["dataUri"], "azureml://datastores/d/paths/p");
    assert.equal(of(false)["dataType"], "mltable");
    assert.deepEqual(of(false)["source"], {
      ...{ connection: "azureml:c", sourceType: "database", query: "select 1" },
      ...{ tableName: null, storedProcedure: null, storedProcedureParams: null },
    });
    assert.deepEqual(serviceMarks(action), { "azureml.materializationAssetName": "a" });
  });
});
