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

const LEFTOVER = "azureMLRollout"; // the rollback that the post-job stage needs when this step is stopped half-way
export default defineTask(
  contract,
  openWorkspace,
  async ({ inputs, workspace, log, record, run }) => {
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
      onLeftover: (left) => run.setTaskVariable(LEFTOVER, left ? JSON.stringify(left) : ""),
    });
    const { endpoint, deployment, reason = "", scoringUri = "", traffic } = report;
    log.info(`Endpoint ${endpoint}: ${scoringUri || "its address is not known before it is made"}`);
    return { endpointName: endpoint, deploymentName: deployment, deploymentNameReason: reason, scoringUri, traffic };
  },
  {
    postJob: {
      taskVariable: LEFTOVER,
      story: async ({ workspace, run }, left) => tagRun(run, workspace, await rollBack(workspace, JSON.parse(left))),
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
