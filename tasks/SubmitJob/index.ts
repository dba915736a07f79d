// Submit job: once for this step of this run; its log as it grows; cancelled when the pipeline is.
import { parseJob, readSource } from "../../lib/documents/index.ts";
import { cancelLeft, followJob, openWorkspace, readCostLimits, submitJob } from "../../lib/ml/index.ts";
import { defineTask, preflightInto, readPairs } from "../../lib/task/index.ts";
import { costOfRun } from "../../lib/task/run-cost.ts";
import { viewOf } from "../../lib/task/views.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, signal, record, run }) => {
    const workspace = await open(openWorkspace);
    const root = run.folders(inputs.allowedFolders);
    const how = { overrides: { yaml: inputs.overrides }, mayLackSecrets: inputs.plan && log.warn.bind(log) };
    const document = parseJob(readSource(inputs.jobFile, { root }), how);
    const { experimentName, displayName, concurrencyKey, cancelOnFailure } = inputs;
    const wait = inputs.wait && !inputs.plan;
    const { outputs, meter, ...job } = await submitJob(workspace, document, {
      ...{ root, stepIdentity: run.stepIdentity, nonce: run.stepNonce() },
      ...{ experimentName, displayName, concurrencyKey, wait, onLeft: run.leave },
      environmentVariables: readPairs(inputs.environmentVariables, "environmentVariables"),
      ...{ preflight: inputs.preflight === "on", tags: readPairs(inputs.tags, "tags"), ...preflightInto(record) },
      costs: { limits: readCostLimits(inputs), isFollowed: inputs.wait, isPriced: inputs.preflight === "on" },
    });
    const { name, id, status, studioUrl } = job;
    log.info(`Job ${name}: ${studioUrl}`);
    const submitted = { jobName: name, jobId: id, jobStatus: status, studioUrl, outputs };
    record.job = job;
    run.setOutputs(submitted);
    if (!wait) return submitted;
    const cost = costOfRun({ run, log, signal });
    const followed = await followJob(workspace, name, {
      ...{ studioUrl, outputs, concurrencyKey, cancelOnFailure, meter, onLeft: run.leave },
      deadline: inputs.timeoutInMinutes * 60_000,
      onProgress: (section) => {
        cost.look(section.status);
        record.job = { ...job, ...section };
        run.setOutputs({ jobStatus: section.status });
      },
    });
    record.job = await cost.addTo({ ...job, ...followed });
    return { ...submitted, jobStatus: followed.status, outputs: followed.outputs };
  },
  { view: viewOf("job"), postJob: async ({ open }, mark) => cancelLeft(await open(openWorkspace), mark) },
);
