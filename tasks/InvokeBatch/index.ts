// Invoke batch endpoint: once for this step of this run; its steps' logs as they grow; where its results lie; the default, once it has proved itself.
import {
  cancelLeftInvocation,
  followBatchJob,
  invokeBatch,
  NOTHING_INVOKED,
  openWorkspace,
  readInvocation,
} from "../../lib/ml/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, record, run }) => {
    const workspace = await open(openWorkspace);
    const root = run.folders(inputs.allowedFolders);
    const { parameters, skipWhenDefault, cancelOnFailure, makeDefault } = inputs;
    const { invocation, ...named } = await readInvocation(workspace, inputs, readPairs(parameters, "parameters"), root);
    const wait = inputs.wait && !inputs.plan;
    const begun = await invokeBatch(workspace, invocation, {
      ...{ ...named, root, wait, onLeft: run.leave, tags: readPairs(inputs.tags, "tags") },
      ...{ stepIdentity: run.stepIdentity, memory: run.stepMemory() },
      skipWhenDefault,
    });
    if (begun === undefined) return NOTHING_INVOKED;
    const { job, outputs } = begun;
    const { name, id, status, studioUrl, deployment } = job;
    record.job = { ...job, outputs };
    const invoked = { jobName: name, jobId: id, jobStatus: status, studioUrl, deploymentName: deployment, outputs };
    if (!inputs.plan) log.info(`Job ${name}: ${studioUrl}`);
    run.setOutputs(invoked);
    if (!wait) return invoked;
    const followed = await followBatchJob(workspace, begun, {
      ...{ cancelOnFailure, makeDefault, onLeft: run.leave },
      deadline: inputs.timeoutInMinutes * 60_000,
      onProgress: (section) => {
        record.job = { ...job, outputs, ...section };
        run.setOutputs({ jobStatus: section.status, outputs: section.outputs ?? outputs });
      },
    });
    return { ...invoked, jobStatus: followed.status, outputs: followed.outputs };
  },
  { postJob: async ({ open }, mark) => cancelLeftInvocation(await open(openWorkspace), mark) },
);
