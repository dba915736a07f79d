// A run of local Azure DevOps on which EvaluateMetrics has left its record, and how a step of that run reads it.
import type { RecordsAccess } from "../../lib/agent/run-records.ts";
import { RECORD_TYPE, writeRecord } from "../../lib/record/index.ts";
import type { LocalCloud } from "../../local/cloud.ts";

/** @param verdict what the step said of the job */
export function judgedRun(cloud: LocalCloud, jobName: string, verdict: "passed" | "failed"): () => RecordsAccess {
  const { devops } = cloud;
  const build = devops.createBuild("train", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
  const jobId = "00000000-0000-4000-8000-0000000000ee";
  const step = build.plan.record({
    parentId: jobId,
    type: "Task",
    name: "Judge",
    state: "completed",
    result: "succeeded",
    finishTime: Date.now(),
    task: { id: "4d7b41c8-e3c3-4ab0-a68c-d82448c5163a", name: "AzureMLEvaluateMetrics", version: "1.0.0" },
  });
  const record = writeRecord({
    version: 1,
    task: { name: "AzureMLEvaluateMetrics", friendlyName: "Azure ML: Evaluate metrics", version: "1.0.0" },
    result: "succeeded",
    started: new Date().toISOString(),
    workspace: { name: cloud.workspace, resourceGroup: cloud.resourceGroup, subscriptionId: cloud.subscriptionId },
    gate: { passed: verdict === "passed", jobName, rules: [] },
  });
  build.plan.attach(step.id, RECORD_TYPE, "judge.json", record);
  const token = devops.issueJobToken({ plan: build.plan, jobId });
  return () => ({
    settings: {
      collectionUri: devops.collectionUri,
      accessToken: token,
      userAgent: "test",
      proxy: undefined,
      caFile: cloud.caFile,
    },
    project: devops.project.name,
    kind: "build",
    runId: build.id,
    definitionId: build.definition.id,
    stepId: "",
  });
}
