// Refusals of each plane that a scenario orders. None of these answers is in a recording (docs/facts/azureml-services.md#4.4,
// docs/facts/azureml-wire.md#16): forms are those that each plane has for other refusals, codes and words are general knowledge or stand in
// public reports; not verified against live Azure.
import { randomUUID } from "node:crypto";
import { dataPlaneError } from "../arm/data-plane-error.ts";
import { ArmError, invalidToken, renderError, userError } from "../arm/errors.ts";
import { EntraError, renderEntraError } from "../entra/errors.ts";
import type { RequestEffect } from "../scenarios/rules.ts";
import type { MetRequest } from "../scenarios/scenarios.ts";
import type { AzureWorld } from "../world/world.ts";

export interface RefusalAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Refused = RequestEffect & { readonly status: number };

/** Codes and words of the management front end and of scoring, by status. */
const usual: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ["BadRequest", "The request is invalid."],
  403: ["AuthorizationFailed", "The client does not have authorization to perform this action."],
  404: ["NotFound", "The specified resource was not found."],
  408: ["RequestTimeout", "The request timed out."],
  409: ["Conflict", "Another operation on the same entity is already running."],
  412: ["PreconditionFailed", "A condition of the request is not met."],
  429: ["TooManyRequests", "The request is being throttled."],
  500: ["InternalServerError", "The server encountered an internal error. Please retry the request."],
  502: ["BadGateway", "The gateway received an invalid response."],
  503: ["ServiceUnavailable", "The service is temporarily unavailable. Please retry the request."],
  504: ["GatewayTimeout", "The gateway did not receive a response within the specified time period."],
};

/** Headers and body of the answer that `effect` asks for. */
export function refusal(world: AzureWorld, request: MetRequest, effect: Refused): RefusalAnswer {
  const { headers, body } = forms[request.plane](world, request, effect);
  return {
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      ...headers,
      ...(effect.retryAfter === undefined ? {} : { "Retry-After": String(effect.retryAfter) }),
      ...effect.headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

type Form = (
  world: AzureWorld,
  request: MetRequest,
  effect: Refused,
) => { readonly headers?: Record<string, string>; readonly body: object | string };

const codeOf = ({ status, code }: Refused): string => code ?? usual[status]?.[0] ?? "UserError";
const messageOf = ({ status, message }: Refused): string => message ?? usual[status]?.[1] ?? `Status ${status}.`;

const plain: Form = (_world, _request, effect) => ({
  body: { error: { code: codeOf(effect), message: messageOf(effect) } },
});

const forms: Readonly<Record<MetRequest["plane"], Form>> = {
  arm: (world, request, effect) => {
    const error = armError(world, request, effect);
    const family = { GET: "reads", HEAD: "reads", DELETE: "deletes" }[request.method] ?? "writes";
    return {
      headers: {
        "x-ms-response-type": "error",
        ...(effect.status === 429 ? { [`x-ms-ratelimit-remaining-subscription-${family}`]: "0" } : {}),
        ...challenge(world, effect),
      },
      body: renderError(error, world.location),
    };
  },
  api: (world, request, effect) => {
    const service = request.path.split("/")[1] || "api";
    const code = effect.status < 500 ? "UserError" : "ServiceError";
    const said = { code: effect.code ?? code, message: messageOf(effect), inner: codeOf(effect) };
    return {
      headers: challenge(world, effect),
      body: { ...dataPlaneError(world, said, service), statusCode: effect.status },
    };
  },
  login: (_world, _request, effect) => {
    const throttled = effect.status === 429;
    // The number that a scenario gives as `code`, with or without AADSTS before it.
    const number = Number(/\d+/.exec(effect.code ?? "")?.[0] ?? (throttled ? 90055 : 90033));
    const words = throttled
      ? "There are too many incoming requests."
      : "A transient error has occurred. Please try again.";
    const kind = effect.status >= 500 || throttled ? "temporarily_unavailable" : "invalid_request";
    return { body: renderEntraError(new EntraError(effect.status, kind, number, effect.message ?? words)) };
  },
  storage: (_world, _request, effect) => {
    const busy = effect.status === 503;
    const code = effect.code ?? (busy ? "ServerBusy" : effect.status === 500 ? "InternalError" : codeOf(effect));
    const message = effect.message ?? (busy ? "The server is busy." : messageOf(effect));
    return {
      headers: { "Content-Type": "application/xml", "x-ms-error-code": code, "x-ms-request-id": randomUUID() },
      body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message></Error>`,
    };
  },
  scoring: plain,
  logs: plain,
  batch: plain,
  identity: (_world, _request, effect) => ({ body: { statusCode: effect.status, message: messageOf(effect) } }),
  devops: (_world, _request, effect) => ({
    body: {
      $id: "1",
      innerException: null,
      message: messageOf(effect),
      typeName: codeOf(effect),
      typeKey: codeOf(effect),
      errorCode: 0,
      eventId: 3000,
    },
  }),
};

function armError(world: AzureWorld, request: MetRequest, effect: Refused): ArmError {
  const { status, code, message, retryAfter } = effect;
  switch (status) {
    case 401:
      return invalidToken(message ?? "The access token is invalid.");
    case 409: {
      // Azure ML's own words in public reports; which code goes with them is not said there.
      const words = `Conflict of operation, another operation on same entity is already running in workspace ${world.workspaceName}.`;
      return code === undefined
        ? userError(409, message ?? words, ["Conflict", "OperationInProgress"])
        : new ArmError(409, code, message ?? words);
    }
    case 429: {
      const after = retryAfter === undefined ? "" : ` Please try again after '${retryAfter}' seconds.`;
      const words = `Number of '${request.method}' requests for subscription '${world.subscriptionId}' exceeded the limit.${after}`;
      return new ArmError(429, code ?? "SubscriptionRequestsThrottled", message ?? words, [], {}, "arm");
    }
    default:
      return new ArmError(status, codeOf(effect), messageOf(effect), [], {}, "arm");
  }
}

/** The challenge in a 401: the address of the token service. */
function challenge(world: AzureWorld, { status }: Refused): Record<string, string> {
  if (status !== 401) return {};
  const authority = `${world.urls.login}/${world.tenantId}`;
  return { "WWW-Authenticate": `Bearer authorization_uri="${authority}", error="invalid_token"` };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
