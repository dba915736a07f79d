// Runs of a project that the hub is looked at with: records of trainings, releases, rollbacks, promotions.
import type { RunRecord } from "../../../lib/record/index.ts";
import type { ModelRun } from "../../../tab/hub/endpoints.ts";

/** Minutes after nine o'clock. */
export const at = (minutes: number) => new Date(Date.UTC(2026, 10, 27, 9, minutes)).toISOString();

export const WORKSPACE = { name: "ws1", resourceGroup: "rg1", subscriptionId: "00000000-0000-4000-8000-000000000001" };
export type Workspace = typeof WORKSPACE;

export const modelId = (model: string, { name, resourceGroup, subscriptionId }: Workspace = WORKSPACE): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${name}/models/${model.replace(":", "/versions/")}`;

function record(task: string, minute: number, workspace: Workspace, more: Partial<RunRecord>): RunRecord {
  return {
    ...{ version: 2, result: "succeeded", started: at(minute), finished: at(minute + 1), workspace },
    task: { name: `AzureML${task}`, friendlyName: `Azure ML: ${task}`, version: "1.4.0" },
    ...more,
  };
}

/** A job that was judged, and the model that was registered from it. */
export const trained = (model: string, minute: number, passed = true, workspace = WORKSPACE): RunRecord[] => [
  record("EvaluateMetrics", minute, workspace, {
    gate: {
      ...{ passed, jobName: `job-of-${model}`, champion: "fraud:1" },
      rules: [{ rule: "metrics.auc >= champion.auc", passed, detail: "metrics.auc = 0.93." }],
    },
  }),
  record("RegisterModel", minute + 2, workspace, {
    model: {
      ...{ name: model.split(":")[0]!, version: model.split(":")[1]!, id: modelId(model, workspace) },
      jobName: `job-of-${model}`,
    },
    evidence: { decision: { outcome: "approved", by: "Rosa Reviewer", at: at(minute + 1) } },
    proof: { documents: [{ kind: "signature", name: "model.sig" }], signer: "contoso-signing" },
  }),
];

interface Deployed {
  readonly endpoint?: string;
  readonly name: string;
  readonly model?: string;
  readonly before?: Readonly<Record<string, number>>;
  readonly traffic: Readonly<Record<string, number>>;
  readonly more?: Partial<NonNullable<RunRecord["deployment"]>>;
  readonly result?: RunRecord["result"];
  readonly workspace?: Workspace;
}

export const deployed = (minute: number, given: Deployed): RunRecord => {
  const { endpoint = "fraud", name, model, before, traffic, more, result = "succeeded", workspace = WORKSPACE } = given;
  return record("DeployEndpoint", minute, workspace, {
    result,
    deployment: {
      ...{ endpoint, name, traffic, strategy: "blueGreen" },
      ...(model === undefined ? {} : { model: model.includes("/") ? model : modelId(model, workspace) }),
      ...(before === undefined ? {} : { trafficBefore: before }),
      ...more,
    },
  });
};

export const rolledBack = (minute: number, to: string, before: Readonly<Record<string, number>>): RunRecord =>
  record("Rollback", minute, WORKSPACE, {
    rollback: { endpoint: "fraud", to, changed: true, trafficBefore: before, traffic: { [to]: 100 } },
  });

export const promoted = (minute: number, from: string, target: string, workspace = WORKSPACE): RunRecord =>
  record("PromoteModel", minute, workspace, {
    promotion: { from, target, contentHash: "0f".repeat(32), approvedBy: "Rosa Reviewer" },
  });

/** What a monitor found, or how an endpoint did. */
export const checked = (
  minute: number,
  monitor: NonNullable<RunRecord["monitor"]>,
  workspace: Workspace = WORKSPACE,
): RunRecord => record("CheckMonitor", minute, workspace, { monitor });

export const run = (id: number, records: readonly RunRecord[], pipeline = "release"): ModelRun => ({
  ...{ id, number: `20261127.${id}`, pipeline, records },
});
