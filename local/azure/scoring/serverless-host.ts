// The listeners of serverless endpoints: they check the key or the token, as authMode says, and answer chat completions with a simulated reply, because there is no model here.
import express from "express";
import { ArmError } from "../arm/errors.ts";
import { bodyOf, errorAnswer, jsonBody } from "../arm/router.ts";
import { type ServerlessEndpointRecord, serverlessEndpointsOf } from "../records/serverless-endpoint.ts";
import { Listeners } from "../world/listeners.ts";
import type { AzureWorld } from "../world/world.ts";

const listenersOf = (world: AzureWorld): Listeners =>
  world.part("serverless endpoints", () => new Listeners(world, "serverless endpoint"));

/** Starts the endpoint's listener if there is none; its URL without a trailing slash. */
export const openServerless = (world: AzureWorld, endpoint: string): Promise<string> =>
  listenersOf(world).open(endpoint, (name) => application(world, name));

export const closeServerless = (world: AzureWorld, endpoint: string): Promise<void> =>
  listenersOf(world).close(endpoint);

/** The requests and answers of models are in no recording: the form is that of chat completions, its content is simulated. */
function application(world: AzureWorld, name: string): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(jsonBody());
  app.post(["/chat/completions", "/v1/chat/completions"], (request, response) => {
    const endpoint = serverlessEndpointsOf(world).get(name);
    if (endpoint === undefined || !mayCall(world, endpoint, request.headers.authorization))
      throw new ArmError(401, "Unauthorized", "The key or token is not one that this endpoint takes.");
    const { messages } = bodyOf(request) as { messages?: unknown };
    if (!Array.isArray(messages)) throw new ArmError(400, "BadRequest", "messages is required.");
    const content = `local Azure, simulated: ${endpoint.modelId} is not here. It was sent ${messages.length} messages.`;
    response.json({
      id: `${name}-${world.clock.now()}`,
      object: "chat.completion",
      created: Math.floor(world.clock.now() / 1000),
      model: endpoint.modelId.split("/").at(-1),
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    });
  });
  app.use((request) => {
    throw new ArmError(404, "NotFound", `There is nothing at ${request.path}.`);
  });
  app.use(errorAnswer(world.location, () => `${world.urls.login}/${world.tenantId}`));
  return app;
}

/** Whether a request may come in: by a key, by a token for Azure ML, or by either, as the endpoint's mode says. */
function mayCall(world: AzureWorld, { authMode, keys }: ServerlessEndpointRecord, authorization = ""): boolean {
  const key = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (authMode !== "AAD" && key !== undefined && Object.values(keys).includes(key)) return true;
  if (authMode === "Key") return false;
  try {
    return world.directory.check(authorization, [world.environment.machineLearning]).hasAccess;
  } catch {
    return false;
  }
}
