// A process of its own for the relay's managed identity, since MSAL keeps the first client through which one is asked: refuses twice
// with the Retry-After of its argument, and prints the number of requests and the pauses between them in milliseconds.
import { createHttpHeaders, type PipelineRequest } from "@azure/core-rest-pipeline";
import { credentialOf } from "../../relay/identity.ts";
import { pausesOf } from "../harness/timers.ts";

const [, , wish = ""] = process.argv;
let asked = 0;
const credential = credentialOf(process.env, {
  userAgent: "test",
  close() {},
  httpClient: {
    async sendRequest(request: PipelineRequest) {
      const isRefused = ++asked <= 2;
      const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
      return {
        request,
        status: isRefused ? 429 : 200,
        headers: createHttpHeaders({
          "content-type": "application/json",
          ...(isRefused ? { "Retry-After": wish } : {}),
        }),
        bodyAsText: JSON.stringify(isRefused ? {} : { token_type: "Bearer", access_token: "token", expires_on }),
      };
    },
  },
});
let token: string | undefined;
const pauses = await pausesOf(async () => {
  token = (await credential.getToken("https://resource.example/.default"))?.token;
});
console.log(JSON.stringify({ token, asked, pauses }));
