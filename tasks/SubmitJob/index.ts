// Submit training run: once for this step of this run; its log as it grows; cancelled when the pipeline is.

import { parseJob, readSource } from "../../lib/documents/index.ts";
import { cancelLeft, followJob, openWorkspace, submitJob } from "../../lib/ml/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, signal, record, run }) => {
    const workspace = await open(openWorkspace);
    const root = run.folders(inputs.allowedFolders);
    const document = parseJob(readSource(inputs.jobFile, { root }), { overrides: { yaml: inputs.overrides } });
    const left: string[] = [];
    try {
      const { outputs, ...section } = await submitJob(workspace, document, {
        ...{ root, stepIdentity: run.stepIdentity, nonce: run.stepNonce() },
        experimentName: inputs.experimentName,
        displayName: inputs.displayName,
        environmentVariables: readPairs(inputs.environmentVariables, "environmentVariables"),
        tags: readPairs(inputs.tags, "tags"),
        concurrencyKey: inputs.concurrencyKey,
        onJob: run.leave,
      });
      const { name, id, status, studioUrl } = section;
      log.info(`Job ${name}: ${studioUrl}`);
      const submitted = { jobName: name, jobId: id, jobStatus: status, studioUrl, outputs };
      record.job = section;
      run.setOutputs(submitted);
      if (!inputs.wait || inputs.plan) return submitted;
      const followed = await followJob(workspace, name, {
        ...{ studioUrl, outputs, cancelOnFailure: inputs.cancelOnFailure, deadline: inputs.timeoutInMinutes * 60_000 },
        concurrencyKey: inputs.concurrencyKey,
        onStatus: (now) => {
          record.job = { ...record.job, name, status: now };
          run.setOutputs({ jobStatus: now });
        },
        onUncancelled: () => void left.push(name),
      });
      record.job = { ...record.job, ...followed };
      return { ...submitted, jobStatus: followed.status, outputs: followed.outputs };
    } finally {
      // Only a job that is to be cancelled still is left to the post-job stage.
      if (!signal.aborted && left.length === 0) run.leave();
    }
  },
  { postJob: async ({ open }, mark) => cancelLeft(await open(openWorkspace), mark) },
);
