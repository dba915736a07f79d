// Deploy endpoint: beside what is live, called without traffic, then the traffic; or all as before.
import { deploy, openWorkspace, readCall, readRollout, rollBack } from "../../lib/ml/index.ts";
import { defineTask, preflightInto } from "../../lib/task/index.ts";
import { tagRun } from "../../lib/task/publishing.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, record, run }) => {
    const workspace = await open(openWorkspace);
    const root = run.folders(inputs.allowedFolders);
    const report = await deploy(workspace, {
      ...inputs,
      ...readRollout(inputs, root),
      root,
      call: readCall(inputs, root),
      deadline: inputs.timeoutInMinutes * 60_000,
      onProgress: (section) => {
        record.deployment = section;
      },
      ...preflightInto(record),
      onLeft: run.leave,
    });
    const { endpoint, deployment, reason = "", scoringUri = "", traffic } = report;
    log.info(`Endpoint ${endpoint}: ${scoringUri || "its address is not known before it is made"}`);
    return { endpointName: endpoint, deploymentName: deployment, deploymentNameReason: reason, scoringUri, traffic };
  },
  {
    postJob: async ({ open, run }, mark) => {
      const workspace = await open(openWorkspace);
      await tagRun(run, workspace, await rollBack(workspace, mark));
    },
  },
);
