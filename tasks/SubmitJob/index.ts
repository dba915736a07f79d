// Submit training run: once for this step of this run; its log as it grows; cancelled when the pipeline is.
import { cancelJob, followJob, openWorkspace, submitJob } from "../../lib/ml/index.ts";
import { parseJob, readSource } from "../../lib/spec/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

/** Holds the job's name for as long as somebody has to cancel it when this step is killed. */
const RUNNING = "azureMLRunningJob";

export default defineTask(
  contract,
  openWorkspace,
  async ({ inputs, workspace, log, signal, record, run }) => {
    const root = run.folders(inputs.allowedFolders);
    const file = readSource(inputs.jobFile, { root });
    const document = parseJob(file, { overrides: { yaml: inputs.overrides } });
    for (const secret of file.secrets) run.hide(secret);
    const job = await submitJob(workspace, document, {
      root,
      stepIdentity: run.stepIdentity,
      experimentName: inputs.experimentName,
      displayName: inputs.displayName,
      environmentVariables: readPairs(inputs.environmentVariables, "environmentVariables"),
      tags: readPairs(inputs.tags, "tags"),
      concurrencyKey: inputs.concurrencyKey,
      onName: (name) => inputs.wait && run.setTaskVariable(RUNNING, name),
    });
    log.info(`Job ${job.name}: ${job.studioUrl}`);
    const { name, id, status, studioUrl, joined, displayName, experiment, outputs } = job;
    const submitted = { jobName: name, jobId: id, jobStatus: status, studioUrl, outputs };
    const section = { name, id, status, studioUrl, joined, displayName, experiment };
    run.setOutputs(submitted);
    record.job = section;
    if (!inputs.wait || inputs.plan) return submitted;

    const deadline = inputs.timeoutInMinutes * 60_000;
    const onStatus = (now: string) => {
      section.status = now;
      run.setOutputs({ jobStatus: now });
    };
    try {
      const followed = await followJob(workspace, name, { deadline, onStatus, studioUrl });
      record.job = { ...section, ...followed };
      return { ...submitted, jobStatus: followed.status, outputs: followed.outputs };
    } finally {
      // Only a cancelled step leaves its job to the post-job stage.
      if (!signal.aborted) run.setTaskVariable(RUNNING, "");
    }
  },
  {
    postJob: {
      taskVariable: RUNNING,
      story: async ({ workspace, log }, job) => {
        log.info(`Cancelling the job ${job}, which this step left when it was stopped.`);
        await cancelJob(workspace, job);
      },
    },
  },
);
