// Invoke endpoint: one request, and a reply that is as expected and in time.
import { invokeEndpoint, openWorkspace, parseExpectations, readRequest } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, log, record, run }) => {
  const workspace = await open(openWorkspace);
  const { endpointName, deploymentName, requestPath, maxLatencyInMilliseconds } = inputs;
  const reply = await invokeEndpoint(workspace, endpointName, {
    request: readRequest(inputs.requestFile, run.folders(inputs.allowedFolders)),
    expectations: parseExpectations(inputs.expectations),
    deployment: deploymentName,
    requestPath,
    maxLatencyInMilliseconds,
    // Before the reply is judged: what was wrong with it belongs into the record too.
    onProgress: (section) => {
      record.invocation = section;
    },
  });
  const { status: statusCode, latency: latencyInMilliseconds, text, deployment = "", expectations } = reply;
  log.info(
    `${endpointName}${deployment && ` (${deployment})`} replied with ${statusCode} in ${latencyInMilliseconds} ms:`,
  );
  log.remote(text);
  for (const { detail } of expectations) log.remote(`  ${detail}`);
  return {
    reply: text,
    statusCode: String(statusCode),
    latencyInMilliseconds: String(latencyInMilliseconds),
    deploymentName: deployment,
  };
});
