// The address of incoming webhooks: open to everybody, guarded by a signature where the connection has a secret (docs/facts/extension.md#6.5).
import type { RequestHandler } from "express";
import { isSigned } from "../state/webhooks.ts";
import type { DevOpsWorld } from "../world.ts";
import { badRequest, RestError } from "./answers.ts";

export const webhookPath = "/:organization/_apis/public/distributedtask/webhooks/:name";

/**
 * Answers 200 without a body once the payload is taken; runs start afterwards. What the service answers to a post that
 * it takes is not known, nor the key of its refusals; that they are 500 and say these words is (docs/facts/extension.md#6.5, trap 35).
 */
export function receiveWebhook(world: DevOpsWorld): RequestHandler {
  return (request, response) => {
    try {
      const name = String(request.params["name"]);
      if (String(request.params["organization"]).toLowerCase() !== world.organization.name.toLowerCase())
        throw new RestError(
          404,
          "HostNotFoundException",
          `The organization ${request.params["organization"]} is not here.`,
        );
      if (typeof request.query["api-version"] !== "string")
        throw badRequest('No api-version was supplied for the "POST" request.', "VssVersionNotSpecifiedException");
      const connection = world.webhooks.find(name);
      if (connection === undefined) throw new RestError(500, "WebHookException", `The webhook ${name} does not exist.`);
      const { secret = "", header = "" } = connection.authorization.parameters;
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (secret !== "") {
        const signature = request.get(header);
        if (signature === undefined)
          throw new RestError(500, "RequiredHeaderSignatureNotFound", `RequiredHeaderSignatureNotFound: ${header}`);
        if (!isSigned(body, secret, signature))
          throw new RestError(500, "WebHookException", "The signature of the payload does not match.");
      }
      world.webhooks.emit("received", { connection, payload: payloadOf(body) });
      response.status(200).end();
    } catch (error) {
      const refusal = error instanceof RestError ? error : new RestError(500, "Exception", String(error));
      response.status(refusal.status).type("application/json; charset=utf-8").send(JSON.stringify(refusal));
    }
  };
}

/** Any JSON object; Event Grid's arrays are none. */
function payloadOf(body: Buffer): Record<string, unknown> {
  let payload: unknown;
  try {
    payload = JSON.parse(body.toString("utf8"));
  } catch {
    throw badRequest("The payload is not valid JSON.");
  }
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    throw badRequest("The payload must be a JSON object.");
  return payload as Record<string, unknown>;
}
