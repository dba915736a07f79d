// Roll back endpoint: all of the traffic to the last known good deployment, or to a named one, at once; nothing is deployed or deleted.
import { openWorkspace, readCall, rollBackEndpoint } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { linksView } from "../../lib/task/links.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, record, run }) => {
    const workspace = await open(openWorkspace);
    const call = readCall(inputs, run.folders(inputs.allowedFolders));
    const { endpoint, to, from, changed, traffic } = await rollBackEndpoint(workspace, {
      endpoint: inputs.endpointName,
      deployment: inputs.deploymentName,
      call: call && {
        ...call,
        onProgress: (section) => {
          record.invocation = section;
        },
      },
      deadline: inputs.timeoutInMinutes * 60_000,
      onProgress: (section) => {
        record.rollback = section;
      },
    });
    return {
      endpointName: endpoint,
      deploymentName: to,
      previousDeployment: from[0] ?? "",
      changed,
      traffic,
    };
  },
  { view: linksView },
);
