// The HTTP face of the local Azure DevOps: who may come in, which resource is meant, how the answer is written.
import express, { type Request, type Response } from "express";
import { pageRoutes } from "../pages/pages.ts";
import type { Caller } from "../state/tokens.ts";
import type { DevOpsWorld } from "../world.ts";
import { type Answer, RestError } from "./answers.ts";
import { artifacts } from "./artifacts.ts";
import { builds } from "./builds.ts";
import { commitStatuses } from "./commit-statuses.ts";
import { connections } from "./connections.ts";
import { core } from "./core.ts";
import { definitions } from "./definitions.ts";
import { endpointProxy } from "./endpoint-proxy.ts";
import { environmentResources } from "./environments.ts";
import { git } from "./git.ts";
import { pipelines } from "./pipelines.ts";
import { plans } from "./plans.ts";
import { pullRequestStatuses } from "./pull-request-statuses.ts";
import { pullRequestThreads } from "./pull-request-threads.ts";
import { releases } from "./releases.ts";
import { locationOf, type Method, type Resource, Routes } from "./routes.ts";
import { runRecords } from "./run-records.ts";
import { checkScopes } from "./scopes.ts";
import { security } from "./security.ts";
import { testRuns } from "./test-runs.ts";
import { receiveWebhook, webhookPath } from "./webhooks.ts";
import { workItemQueries } from "./work-item-queries.ts";
import { workItems } from "./work-items.ts";

const resources = [
  ...core,
  ...builds,
  ...artifacts,
  ...definitions,
  ...runRecords,
  ...pipelines,
  ...plans,
  ...testRuns,
  ...security,
  ...git,
  ...commitStatuses,
  ...pullRequestThreads,
  ...pullRequestStatuses,
  ...workItems,
  ...workItemQueries,
  ...releases,
  ...connections,
  ...endpointProxy,
  ...environmentResources,
];

/** The application that a listener named `devops` serves. Tell the world its address (`listensAt`) before the first request. */
export function devOpsApplication(world: DevOpsWorld): express.Express {
  const routes = new Routes(resources);
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(crossOrigin);
  app.use(pageRoutes(world));
  app.use(express.raw({ type: () => true, limit: "200mb" }));

  // Metadata with which a relying party verifies OIDC tokens itself; open to everyone, as the real one is.
  app.get("/vstoken/:id/.well-known/openid-configuration", (_request, response) => {
    response.json({
      issuer: world.tokens.issuer,
      jwks_uri: `${world.tokens.issuer}/.well-known/jwks`,
      subject_types_supported: ["public", "pairwise"],
      response_types_supported: ["id_token"],
      claims_supported: ["sub", "aud", "exp", "iat", "iss", "nbf"],
      id_token_signing_alg_values_supported: ["RS256"],
      scopes_supported: ["openid"],
    });
  });
  app.get("/vstoken/:id/.well-known/jwks", (_request, response) => void response.json(world.tokens.jwks));

  app.post(webhookPath, receiveWebhook(world));

  app.use(async (request, response) => {
    try {
      write(request, response, await answer(world, routes, request));
    } catch (error) {
      const refusal =
        error instanceof RestError ? error : new RestError(500, "Exception", String((error as Error).stack ?? error));
      response
        .set(refusal.headers)
        .status(refusal.status)
        .type("application/json; charset=utf-8")
        .send(JSON.stringify(refusal));
    }
  });
  return app;
}

/**
 * Pages of extensions are of another origin. The service lets all origins in, with a token in the header and without cookies
 * (not verified against live Azure DevOps).
 */
const crossOrigin: express.RequestHandler = (request, response, next) => {
  if (request.get("origin") !== undefined) {
    response.set({
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Max-Age": "3600",
      "Access-Control-Allow-Methods": "OPTIONS,GET,POST,PATCH,PUT,DELETE",
      "Access-Control-Allow-Headers": "authorization,content-type,accept,x-tfs-fedauthredirect",
      "Access-Control-Expose-Headers": "Request-Context,x-ms-continuationtoken,ActivityId",
    });
    if (request.method === "OPTIONS" && request.get("access-control-request-method") !== undefined) {
      response.status(200).end();
      return;
    }
  }
  next();
};

const versionOf = (request: Request, url: URL): string | undefined =>
  url.searchParams.get("api-version") ?? /api-version\s*=\s*([^;,\s]+)/i.exec(request.get("accept") ?? "")?.[1];

/** Words: mburumaxwell/paklo#1423. The type of the error is inferred from those of its kin. */
function checkNewest(newest: string, version: string | undefined): void {
  const asked = Number.parseFloat(version ?? "");
  if (!(asked > Number(newest))) return;
  const said = `The requested REST API version of ${asked.toFixed(1)} is out of range for this server. The latest REST API version this server supports is ${newest}.`;
  throw new RestError(400, "VssVersionOutOfRangeException", said);
}

/** A resource in preview is asked for with the flag. */
function checkPreview({ name, isPreview }: Resource, version: string | undefined): void {
  if (isPreview !== true || version === undefined || /-preview/i.test(version)) return;
  throw new RestError(
    400,
    "VssInvalidPreviewVersionException",
    `The requested version "${version}" of the resource ${name} is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${version}-preview"`,
  );
}

/**
 * Characters that the web server of Azure DevOps takes in no path, encoded or not: those of ASP.NET's `requestPathInvalidCharacters`. Its words, and
 * that a colon is among them: microsoft/azure-pipelines-agent#2877, #4301 (a percent sign), #5095. Bodies and queries may have them. An ampersand, which
 * ASP.NET's default also names, is taken: names of projects and repositories may have it (Microsoft's "Naming restrictions"), and stand in paths.
 */
function checkPath({ pathname }: URL): void {
  let path = pathname;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    // A percent sign that begins no code is refused as one.
  }
  const [found] = /[<>*%:\\?]/.exec(path) ?? [];
  if (found === undefined) return;
  const said = `A potentially dangerous Request.Path value was detected from the client (${found}).`;
  throw new RestError(400, "HttpException", said);
}

async function answer(world: DevOpsWorld, routes: Routes, request: Request): Promise<Answer> {
  const url = new URL(request.originalUrl, world.url || "https://localhost");
  checkPath(url);
  const root = `/${encodeURIComponent(world.organization.name)}/`;
  if (!`${url.pathname}/`.toLowerCase().startsWith(root.toLowerCase())) throw notBuilt(world, request);
  const path = url.pathname.slice(root.length - 1);
  const caller = callerOf(world, request);

  if (request.method === "OPTIONS") {
    const area = /^\/_apis(?:\/([^/]+))?\/?$/i.exec(path);
    if (area === null) throw notBuilt(world, request);
    const named = routes.resources.filter(
      (each) => area[1] === undefined || each.area.toLowerCase() === area[1].toLowerCase(),
    );
    const locations = named.map((resource) => locationOf(resource, world.newestRest));
    return { status: 200, list: locations, body: { count: locations.length, value: locations } };
  }

  const found = routes.match(path).find(({ resource }) => resource.handlers[request.method as Method] !== undefined);
  const handler = found?.resource.handlers[request.method as Method];
  if (found === undefined || handler === undefined) throw notBuilt(world, request);
  checkScopes(caller, found.resource, request.method);
  checkNewest(world.newestRest, versionOf(request, url));
  checkPreview(found.resource, versionOf(request, url));
  if (request.method !== "GET" && !hasVersion(request, url)) {
    throw new RestError(
      400,
      "VssVersionNotSpecifiedException",
      `No api-version was supplied for the "${request.method}" request. The version must be supplied either as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").`,
    );
  }
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return handler({
    world,
    caller,
    route: found.route,
    query: url.searchParams,
    body: parse(request, bytes),
    bytes,
    header: (name) => request.get(name),
  });
}

/** Bearer, or Basic with the token as password. */
function callerOf(world: DevOpsWorld, request: Request): Caller {
  const [scheme = "", credentials = ""] = (request.headers.authorization ?? "").split(" ");
  const token = /^basic$/i.test(scheme)
    ? Buffer.from(credentials, "base64")
        .toString("utf8")
        .replace(/^[^:]*:/, "")
    : credentials;
  const caller = /^(bearer|basic)$/i.test(scheme) ? world.callerOf(token) : undefined;
  if (caller !== undefined) return caller;
  throw new RestError(
    401,
    "UnauthorizedRequestException",
    "TF400813: The user '' is not authorized to access this resource.",
    {
      "WWW-Authenticate": `Bearer authorization_uri=https://login.microsoftonline.com/, Basic realm="${world.collectionUri}"`,
      "x-tfs-serviceerror": encodeURIComponent("TF400813: The user '' is not authorized to access this resource."),
    },
  );
}

function notBuilt(world: DevOpsWorld, request: Request): RestError {
  const what = `${request.method} ${request.originalUrl.split("?")[0]}`;
  world.notBuilt.push(what);
  return new RestError(501, "NotImplementedException", `local Azure DevOps has not built: ${what}`);
}

function hasVersion(request: Request, url: URL): boolean {
  return (
    url.searchParams.has("api-version") ||
    /api-version\s*=/i.test(`${request.headers.accept ?? ""};${request.headers["content-type"] ?? ""}`)
  );
}

function parse(request: Request, bytes: Buffer): unknown {
  if (bytes.length === 0 || !/json/i.test(request.headers["content-type"] ?? "")) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new RestError(400, "VssRequestContentTypeNotSupportedException", "The request body is not valid JSON.");
  }
}

function write(request: Request, response: Response, given: Answer): void {
  const accept = request.headers.accept ?? "";
  response.set({
    "x-tfs-processid": "local",
    "x-vss-e2eid": crypto.randomUUID(),
    activityid: crypto.randomUUID(),
    ...given.headers,
  });
  response.status(given.status);
  const wantsBytes = given.bytes !== undefined && (given.body === undefined || !/application\/json/i.test(accept));
  if (wantsBytes) {
    response.type(given.type ?? "application/octet-stream").send(given.bytes);
    return;
  }
  if (given.body === undefined) {
    response.end();
    return;
  }
  const body = given.list !== undefined && /noArrayWrap=true/i.test(accept) ? given.list : given.body;
  // The service repeats the api-version that it understood in the Content-Type.
  const version = /api-version\s*=\s*([^;,]+)/i.exec(accept)?.[1];
  response.type(`application/json; charset=utf-8${version === undefined ? "" : `; api-version=${version}`}`);
  response.send(JSON.stringify(body));
}
