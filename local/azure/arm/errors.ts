// Error bodies of the management plane, in both forms.
import { randomBytes } from "node:crypto";
import { timestamp } from "./envelope.ts";

/** Fields of an error in addition to code, message and the chain of inner codes. */
export interface ArmErrorExtra {
  /** Entries of `details`, as `{code, message}`; rendered with empty `details` and `additionalInfo` of their own. */
  readonly details?: readonly { readonly code: string; readonly message: string }[];
  /** `MessageFormat`: the message with its parameters as `{name}`. */
  readonly format?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** `target`, for errors of the ARM layer. */
  readonly target?: string;
}

/**
 * Which layer speaks: Azure ML's management front end, Azure Resource Manager before it, the service that keeps workspaces
 * and their connections, whose errors have a form of their own (recorded in 2023 for connections), or Azure Monitor's metrics,
 * whose errors are not wrapped (quoted so in Microsoft's guide to its REST interface).
 */
export type Layer = "managementfrontend" | "arm" | "account-rp" | "monitor";

/**
 * Thrown by a handler, rendered by the router.
 * `inner` is the chain of the `InnerError` item, outermost first (docs/facts/azureml-wire.md#1.5, #16): `["NotFound", "JobNotFound"]`.
 */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly inner: readonly string[];
  readonly extra: ArmErrorExtra;
  readonly layer: Layer;

  constructor(
    status: number,
    code: string,
    message: string,
    inner: readonly string[] = [],
    extra: ArmErrorExtra = {},
    layer: Layer = "managementfrontend",
  ) {
    super(message);
    this.name = "ArmError";
    this.status = status;
    this.code = code;
    this.inner = inner;
    this.extra = extra;
    this.layer = layer;
  }
}

/** The body of an error answer. `environment` is the region (docs/facts/azureml-wire.md#16: Environment and Location normally equal it). */
export function renderError(error: ArmError, environment: string): object {
  if (error.layer === "monitor") return { code: error.code, message: error.message };
  if (error.layer === "arm") {
    return {
      error: {
        code: error.code,
        message: error.message,
        ...(error.extra.target === undefined ? {} : { target: error.extra.target }),
        ...(error.extra.details === undefined ? {} : { details: error.extra.details }),
      },
    };
  }
  const correlation = { operation: randomBytes(16).toString("hex"), request: randomBytes(8).toString("hex") };
  if (error.layer === "account-rp") {
    const { code, message, inner } = error;
    return {
      error: {
        code,
        severity: null,
        message,
        messageFormat: null,
        messageParameters: null,
        referenceCode: null,
        detailsUri: null,
        target: null,
        details: [],
        innerError: chain(inner),
        debugInfo: null,
        additionalInfo: null,
      },
      correlation,
      environment,
      location: environment,
      time: timestamp(Date.now()),
      componentName: "account-rp",
    };
  }
  const item = (type: string, value: unknown) => ({ type, info: { value } });
  const { details = [], format, parameters } = error.extra;
  return {
    error: {
      code: error.code,
      message: error.message,
      details: details.map((detail) => ({ ...detail, details: [], additionalInfo: [] })),
      additionalInfo: [
        item("ComponentName", "managementfrontend"),
        item("Correlation", correlation),
        item("Environment", environment),
        item("Location", environment),
        item("Time", timestamp(Date.now())),
        ...(error.inner.length === 0 ? [] : [item("InnerError", chain(error.inner))]),
        ...(format === undefined ? [] : [item("MessageFormat", format)]),
        ...(parameters === undefined ? [] : [item("MessageParameters", parameters)]),
      ],
    },
  };
}

function chain(codes: readonly string[]): object | null {
  const [code, ...rest] = codes;
  return code === undefined ? null : { code, innerError: chain(rest) };
}

/** A 4xx of Azure ML itself whose code is `UserError`, as most are (docs/facts/azureml-wire.md#16). */
export function userError(
  status: number,
  message: string,
  inner: readonly string[] = [],
  extra: ArmErrorExtra = {},
): ArmError {
  return new ArmError(status, "UserError", message, inner, extra);
}

/** 404 of what names an asset that does not exist, as recorded for a component. @param key the id, as sent */
export function assetNotFound(
  key: string,
  noun: string,
  { name, version }: { readonly name: string; readonly version: string },
): ArmError {
  return new ArmError(404, "NotFound", `key: ${key}, Message: Not found ${noun} ${name} (version: ${version}).`);
}

// The errors below are general knowledge of Azure Resource Manager. They are in no recording (docs/facts/azureml-wire.md#16, last
// point), so their wording is not verified against live Azure ML.

function front(status: number, code: string, message: string, extra: ArmErrorExtra = {}): ArmError {
  return new ArmError(status, code, message, [], extra, "arm");
}

/** 404: the workspace (or another top-level resource) does not exist. `resource` as `Microsoft.X/type/name`. */
export function resourceNotFound(resource: string, resourceGroup: string): ArmError {
  return front(
    404,
    "ResourceNotFound",
    `The Resource '${resource}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** 404: the resource group does not exist. */
export function resourceGroupNotFound(resourceGroup: string): ArmError {
  return front(404, "ResourceGroupNotFound", `Resource group '${resourceGroup}' could not be found.`);
}

/** 404: the subscription does not exist, or is not in the caller's tenant. */
export function subscriptionNotFound(subscription: string): ArmError {
  return front(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
}

/** 403: the caller has no role that allows `action` over `scope`. */
export function authorizationFailed(clientId: string, objectId: string, action: string, scope: string): ArmError {
  return front(
    403,
    "AuthorizationFailed",
    `The client '${clientId}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** 401: the token is missing, malformed, expired or meant for someone else. */
export function invalidToken(message: string): ArmError {
  return front(401, "InvalidAuthenticationToken", message);
}

/** 401: a token of another tenant than that of the subscription. */
export function wrongTenant(issuing: string, own: string): ArmError {
  const [issuer, wanted] = [`https://sts.windows.net/${issuing}/`, `https://sts.windows.net/${own}/`];
  return front(
    401,
    "InvalidAuthenticationTokenTenant",
    `The access token is from the wrong issuer '${issuer}'. It must match the tenant '${wanted}' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/${own}' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.`,
  );
}

/** 401: no Authorization header at all. */
export function authenticationFailed(): ArmError {
  return front(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.");
}

/** 400: no api-version in the query. */
export function missingApiVersion(): ArmError {
  return front(
    400,
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
  );
}

/** 400: the body is no JSON, or breaks the published type at `target`. */
export function invalidRequest(code: string, message: string, target?: string): ArmError {
  return front(400, code, message, target === undefined ? {} : { target });
}

/** 501: local Azure's own answer, which no Azure gives: what was asked is real, and not built here. */
export function notImplemented(what: string): ArmError {
  return front(501, "NotImplemented", `local Azure has not built: ${what}`);
}
