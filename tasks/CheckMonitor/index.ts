// Check monitor: the newest results of a model's monitor and the health of its endpoint; no evidence is not healthy.
import { checkProduction, openWorkspace, readProduction } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { linksView } from "../../lib/task/links.ts";
import { leaveProduction } from "../../lib/task/production.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, record, run }) => {
    const request = readProduction(inputs);
    const workspace = await open(openWorkspace);
    return leaveProduction({ run, record, log }, await checkProduction(workspace, request), inputs);
  },
  { view: linksView, outputsOfDryRun: true },
);
