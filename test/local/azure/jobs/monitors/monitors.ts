// Data and schedules of monitors for tests: collected rows, a reference table, and a monitor that compares them.
import assert from "node:assert/strict";
import { until } from "../../../../harness/until.ts";
import type { JobClient } from "../../job-client.ts";

/** The time at which the monitors of these tests look: their data lie in the hour before. */
const AT = "2026-03-08T12:00:00Z";

/** A line of collected data with the rows of one request. */
const event = (rows: readonly object[]): string =>
  `${JSON.stringify({ specversion: "1.0", id: "1", type: "azureml.inference.model_inputs", datacontenttype: "application/json", time: AT, data: rows })}\n`;

/** Puts collected data of an hour, such as `2026/03/08/11`, and the asset that names their folder. */
export async function collect(jobs: JobClient, asset: string, hour: string, rows: readonly object[]): Promise<void> {
  const folder = `modelDataCollector/${asset}`;
  const lines = rows.map((row) => event([row])).join("");
  await jobs.cloud.azure.blobs.put(jobs.blobstore, `${folder}/${hour}/one.jsonl`, lines);
  await register(jobs, asset, "uri_folder", folder);
}

/** Puts a table as CSV, and the asset that names it. */
export async function table(jobs: JobClient, asset: string, rows: readonly Record<string, unknown>[]): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  const csv = [names.join(","), ...rows.map((row) => names.map((name) => String(row[name] ?? "")).join(","))].join(
    "\n",
  );
  await jobs.cloud.azure.blobs.put(jobs.blobstore, `tables/${asset}.csv`, csv);
  await register(jobs, asset, "uri_file", `tables/${asset}.csv`);
}

async function register(jobs: JobClient, asset: string, dataType: string, path: string): Promise<void> {
  const dataUri = `azureml://datastores/workspaceblobstore/paths/${path}`;
  const { status, text } = await jobs.arm("PUT", `/data/${asset}/versions/1`, { properties: { dataType, dataUri } });
  assert.ok(status < 300, text);
}

export const rolling = (asset: string, windowSize = "P1D", windowOffset = "P0D") => ({
  ...{ inputDataType: "Rolling", jobInputType: "uri_folder", dataContext: "model_inputs", uri: `azureml:${asset}:1` },
  ...{ windowSize, windowOffset },
});
export const fixed = (asset: string) => ({
  ...{ inputDataType: "Fixed", jobInputType: "uri_file", dataContext: "training", uri: `azureml:${asset}:1` },
});

export const limit = (dataType: string, metric: string, value: number) => ({ dataType, metric, threshold: { value } });

/** Makes a monitor that no clock starts. */
export async function monitor(jobs: JobClient, name: string, signals: object, more: object = {}): Promise<void> {
  const properties = {
    displayName: name,
    trigger: { triggerType: "Recurrence", frequency: "Day", interval: 1, startTime: "2090-01-01T00:00:00" },
    action: {
      actionType: "CreateMonitor",
      monitorDefinition: {
        computeConfiguration: {
          computeType: "ServerlessSpark",
          computeIdentity: { computeIdentityType: "AmlToken" },
          instanceType: "standard_e4s_v3",
          runtimeVersion: "3.4",
        },
        ...{ signals, ...more },
      },
    },
  };
  const { status, text } = await jobs.arm("PUT", `/schedules/${name}`, { properties });
  assert.equal(status, 201, text);
  await until("the monitor is made", async () => {
    const { body } = await jobs.arm("GET", `/schedules/${name}`);
    return body.properties.provisioningState === "Succeeded";
  });
}

/** Runs a monitor once. @returns the name of its job, in one of the states */
export async function look(jobs: JobClient, name: string, state = "Completed", at = AT): Promise<string> {
  const { status, body, text } = await jobs.arm("POST", `/schedules/${name}/trigger`, { scheduleTime: at });
  assert.equal(status, 200, text);
  await jobs.until(body.submissionId, state);
  return body.submissionId as string;
}
