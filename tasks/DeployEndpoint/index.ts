// Deploy endpoint: beside what is live, called without traffic, then the traffic by its strategy; or all as before.
import {
  deploy,
  openWorkspace,
  readCall,
  readRollout,
  readStrategy,
  rollBack,
  rolloutOutputs,
} from "../../lib/ml/index.ts";
import { defineTask, preflightInto } from "../../lib/task/index.ts";
import { linksView } from "../../lib/task/links.ts";
import { tagRun } from "../../lib/task/publishing.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, record, run }) => {
    const strategy = readStrategy(inputs);
    const workspace = await open(openWorkspace);
    const root = run.folders(inputs.allowedFolders);
    const report = await deploy(workspace, {
      ...{ ...inputs, ...readRollout(inputs, root), strategy, root, call: readCall(inputs, root) },
      deadline: inputs.timeoutInMinutes * 60_000,
      onProgress: (section) => {
        record.deployment = section;
      },
      ...preflightInto(record),
      onFailed: (failed) => run.setOutputs(rolloutOutputs(failed)),
      onLeft: run.leave,
      keep: (text) => run.keepPrivate("previous-specification.json", text),
    });
    log.info(`Endpoint ${report.endpoint}: ${report.scoringUri || "its address is not known before it is made"}`);
    return rolloutOutputs(report);
  },
  {
    view: linksView,
    postJob: async ({ open, run }, mark) => {
      const workspace = await open(openWorkspace);
      await tagRun(run, workspace, await rollBack(workspace, mark));
    },
  },
);
