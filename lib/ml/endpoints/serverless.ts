// Serverless endpoints: the address below which one answers, and its key or a Microsoft Entra token (docs/facts/azureml-documents.md#2.14).
// Tests: test/lib/ml/endpoints/serverless.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Endpoint, noSuchEndpoint } from "./endpoints.ts";

interface ServerlessEndpoint {
  readonly name?: string;
  readonly properties: {
    readonly authMode?: string;
    readonly endpointState?: string;
    readonly provisioningState?: string;
    readonly inferenceEndpoint?: { readonly uri?: string | null } | null;
  };
}

/** The path and the version that Azure's own client of models asks at. */
const CHAT = "/chat/completions";
const MODEL_API_VERSION = "2024-05-01-preview";

/** Hosts of serverless endpoints in the public cloud: tokens of the connection's identity go to these alone. */
const HOSTS = /\.(models|inference)\.ai\.azure\.com$/i;

const REFUSALS = {
  401: [
    "The endpoint did not accept the key or token.",
    "Check the endpoint's auth_mode, and for Entra tokens the role of the service connection's identity.",
  ],
  404: [
    "The endpoint has nothing at this path.",
    "Write the path of the model's interface into the input requestPath, such as /embeddings.",
  ],
  422: ["The model does not take this request."],
  429: ["The endpoint has more requests, or tokens, than its model may take in a minute.", "Run the step again later."],
} as const;

/**
 * A serverless endpoint as something to be called. Two sequential round trips: the endpoint, then its key or a token.
 * @param call.requestPath below the endpoint's address; chat completions where absent
 * @throws TaskError `notFound` where there is no endpoint of the name, serverless or online
 */
export async function serverlessCall(
  workspace: Workspace,
  name: string,
  call: { readonly deployment?: string | undefined; readonly requestPath?: string | undefined },
): Promise<{ endpoint: Endpoint; credential: string; refusals: typeof REFUSALS }> {
  const { azure, signal } = workspace;
  const at = `${workspace.id}/serverlessEndpoints/${segment(name, "the endpoint's name")}`;
  const answer = await azure.request<ServerlessEndpoint>("GET", at, {
    doing: `read the serverless endpoint ${name}`,
    promises: "resource",
    // Whoever misspelt the name of an online endpoint needs no role for serverless ones.
    expect: [403, 404],
    signal,
  });
  const found = answer.status < 400 ? answer.body : undefined;
  if (found === undefined)
    throw await noSuchEndpoint(
      workspace,
      name,
      answer.status === 403
        ? "Whether a serverless endpoint has that name could not be seen: the identity may not read serverless endpoints."
        : "There is no serverless endpoint of that name either.",
    );
  if (call.deployment !== undefined)
    throw new TaskError("input", `Input deploymentName is ${call.deployment}, and ${name} is a serverless endpoint.`, {
      errorCode: "AML1313",
      hint: "Leave deploymentName empty: a serverless endpoint has no deployments.",
    });
  const { authMode, endpointState, provisioningState, inferenceEndpoint } = found.properties;
  const state = endpointState ?? provisioningState ?? "without a state";
  const base = inferenceEndpoint?.uri;
  if (!base)
    throw new TaskError("conflict", `The serverless endpoint ${name} has no address yet; it is ${state}.`, {
      errorCode: "AML1609",
    });
  const scoringUri = addressOf(name, base, call.requestPath ?? CHAT);
  const credential = /^aad$/i.test(authMode ?? "")
    ? await entraToken(workspace, name, new URL(scoringUri))
    : await keyOf(workspace, name, at);
  return { endpoint: { name, properties: { scoringUri, provisioningState: state } }, credential, refusals: REFUSALS };
}

/** @throws TaskError kind `input` where the path leads elsewhere; `service` where the service's address is none */
function addressOf(name: string, base: string, requestPath: string): string {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  // The key is not sent to another protocol, and never shown with an address that holds one.
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "")
    throw new TaskError(
      "service",
      `The address of the serverless endpoint ${name} is not https, so nothing was sent.`,
      {
        errorCode: "AML1609",
      },
    );
  if (
    !/^\/(?!\/)[A-Za-z0-9._~/-]*(\?[A-Za-z0-9._~&=%-]*)?$/.test(requestPath) ||
    /(^|\/)\.\.?(\/|$|\?)/.test(requestPath)
  )
    throw new TaskError(
      "input",
      `Input requestPath is ${JSON.stringify(requestPath.slice(0, 100))}; it must be a path below the endpoint's address.`,
      { errorCode: "AML1316", hint: `Write it as ${CHAT} or /embeddings.` },
    );
  const [path = "", query = ""] = requestPath.split("?", 2);
  const full = new URL(url);
  full.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  full.search = query;
  if (!full.searchParams.has("api-version")) full.searchParams.set("api-version", MODEL_API_VERSION);
  return full.href;
}

async function entraToken({ azure, signal }: Workspace, name: string, { hostname }: URL): Promise<string> {
  // A private or local cloud has hosts of its own, which nothing lists.
  if (azure.cloud.wellKnown && !HOSTS.test(hostname))
    throw new TaskError(
      "service",
      `The serverless endpoint ${name} wants a Microsoft Entra token, and its address is none of this cloud's serverless endpoints, so no token was sent there.`,
      { errorCode: "AML1609", hint: "Give the endpoint `auth_mode: key`." },
    );
  return azure.token(azure.cloud.mlScope, signal);
}

async function keyOf({ azure, signal }: Workspace, name: string, at: string): Promise<string> {
  const { body } = await azure.request<{ primaryKey?: string | null; secondaryKey?: string | null }>(
    "POST",
    `${at}/listKeys`,
    {
      doing: `get the keys of the serverless endpoint ${name}`,
      promises: (answer) => "primaryKey" in answer || "secondaryKey" in answer,
      repeats: true,
      signal,
    },
  );
  const key = body?.primaryKey || body?.secondaryKey;
  if (key) return key;
  throw new TaskError("service", `Azure gave no key for the serverless endpoint ${name}.`, { errorCode: "AML1111" });
}
