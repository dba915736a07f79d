// Deploy endpoint: beside what is live, called without traffic, then the traffic; or all as before.
import {
  deploy,
  openWorkspace,
  parseExpectations,
  type RolloutReport,
  readRequest,
  readRollout,
  rollBack,
} from "../../lib/ml/index.ts";
import { defineTask, type StepFolders } from "../../lib/task/index.ts";
import { tagRun } from "../../lib/task/publishing.ts";
import { contract, type Inputs } from "./contract.gen.ts";

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
      onReport: (now) => {
        record.deployment = sectionOf(now);
      },
      onLeftover: (left) => run.leave(left && JSON.stringify(left)),
    });
    const { endpoint, deployment, reason = "", scoringUri = "", traffic } = report;
    log.info(`Endpoint ${endpoint}: ${scoringUri || "its address is not known before it is made"}`);
    return { endpointName: endpoint, deploymentName: deployment, deploymentNameReason: reason, scoringUri, traffic };
  },
  {
    postJob: async ({ open, run }, left) => {
      const workspace = await open(openWorkspace);
      await tagRun(run, workspace, await rollBack(workspace, JSON.parse(left)));
    },
  },
);

function readCall({ requestFile, expectations, maxLatencyInMilliseconds }: Inputs, root: StepFolders) {
  const expected = parseExpectations(expectations);
  if (requestFile === undefined) return undefined;
  return { request: readRequest(requestFile, root), expectations: expected, maxLatencyInMilliseconds };
}

function sectionOf({ endpoint, deployment, model, scoringUri, state, trafficBefore, traffic }: RolloutReport) {
  return {
    endpoint,
    name: deployment,
    state,
    trafficBefore,
    traffic,
    ...(model === undefined ? {} : { model }),
    ...(scoringUri === undefined ? {} : { scoringUri }),
  };
}
