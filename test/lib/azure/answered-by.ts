// A client of Azure ML whose every request is answered by a function, with no network in between.
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { AzureMl, clouds } from "../../../lib/azure/index.ts";
import { silentLog } from "../../../lib/log.ts";

export const answeredBy = (answer: (request: PipelineRequest) => PipelineResponse): AzureMl =>
  new AzureMl({
    cloud: clouds.AzureCloud,
    credential: { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) },
    transport: { userAgent: "test", close() {}, httpClient: { sendRequest: async (request) => answer(request) } },
    subscriptionId: "s",
    log: silentLog,
  });
