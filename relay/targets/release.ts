// Starts a classic release whose artifact is the model version, through Azure DevOps' own client.
import { getBearerHandler, WebApi } from "azure-devops-node-api";
import type {
  Release,
  ReleaseDefinition,
  ReleaseStartMetadata,
} from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import { ReleaseReason } from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import type { IReleaseApi } from "azure-devops-node-api/ReleaseApi.js";
import { onlyAnswers } from "../../lib/agent/devops-answers.ts";
import { sourceName } from "../core/configuration.ts";
import type { StartContext, Started } from "../core/dispatch.ts";
import { RelayFault } from "../core/fault.ts";
import { neverConnected } from "../core/http.ts";
import type { TokenSource } from "../core/models.ts";
import { type ModelNotice, type Notice, nameOf } from "../core/notice.ts";
import type { ReleaseTarget } from "../core/routes.ts";

/** The resource of Azure DevOps in Microsoft Entra, the same in every organization. */
export const DEVOPS_SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default";

export interface ReleaseParts {
  readonly token: TokenSource;
  /** Scope of the token; DEVOPS_SCOPE when absent. */
  readonly scope?: string;
  /** PEM file of authorities to trust instead of node's own list. */
  readonly caFile?: string;
}

/**
 * Creates one release of the definition with the model version as the artifact `alias`.
 * When an earlier try's answer was lost, releases made since are searched for its mark first.
 * @throws RelayFault
 */
export async function startRelease(
  target: ReleaseTarget,
  notice: Notice,
  context: StartContext,
  parts: ReleaseParts,
): Promise<Started> {
  if (notice.kind !== "model") throw new RelayFault("permanent", `${nameOf(notice)} is no model version to release.`);
  const api = await call(target, "asking for Azure DevOps' release service", "looked", () => connect(target, parts));
  const definition = await findDefinition(api, target);
  checkArtifact(definition, target, notice);
  const definitionId = definition.id ?? 0;
  // The mark tells this start from any release that a person made of the same version.
  const mark = `[relay ${context.id}]`;
  if (context.uncertain) {
    const made = await findRelease(api, target, definitionId, mark, context.since);
    if (made !== undefined) return describe(target, made);
  }
  const variables = Object.entries(target.variables);
  const start: ReleaseStartMetadata = {
    definitionId,
    description: `Model ${nameOf(notice)} of ${sourceName(notice.source)} ${mark}`,
    isDraft: false,
    reason: ReleaseReason.ContinuousIntegration,
    artifacts: [{ alias: target.alias, instanceReference: { id: notice.version, name: notice.version } }],
    ...(variables.length === 0
      ? {}
      : { variables: Object.fromEntries(variables.map(([name, value]) => [name, { value }])) }),
  };
  const release = await call(target, `creating a release of ${definition.name}`, "created", () =>
    api.createRelease(start, target.project),
  );
  return describe(target, release);
}

let connected: { readonly key: string; readonly api: IReleaseApi } | undefined;

async function connect(target: ReleaseTarget, parts: ReleaseParts): Promise<IReleaseApi> {
  const token = await parts.token(parts.scope ?? DEVOPS_SCOPE);
  const key = `${target.organization}\n${parts.caFile ?? ""}\n${token}`;
  // The client asks three times where things are before its first call: that is kept as long as the token is.
  if (connected?.key === key) return connected.api;
  const web = new WebApi(target.organization, getBearerHandler(token), {
    socketTimeout: 15_000,
    allowRedirects: false,
    ...(parts.caFile === undefined ? {} : { cert: { caFile: parts.caFile } }),
  });
  const api = onlyAnswers(await web.getReleaseApi());
  connected = { key, api };
  return api;
}

async function findDefinition(api: IReleaseApi, target: ReleaseTarget): Promise<ReleaseDefinition> {
  const { project, definition } = target;
  const missing = (what: string) =>
    new RelayFault(
      "permanent",
      `The project ${project} has no release definition ${what} that the relay's identity may see.`,
      {
        hint: "Check the name, and that the identity is a member of the project with View release pipeline and Create releases.",
      },
    );
  if (typeof definition === "number") {
    const found = await call(target, `reading release definition ${definition}`, "looked", () =>
      api.getReleaseDefinition(project, definition),
    );
    if (typeof found?.id !== "number") throw missing(String(definition));
    return found;
  }
  const list = await call(target, `looking for the release definition ${definition}`, "looked", () =>
    api.getReleaseDefinitions(
      project,
      definition,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      true,
    ),
  );
  if (!Array.isArray(list)) throw unreadable(target, "the list of release definitions");
  const matching = list.filter((one) => one.name?.toLowerCase() === definition.toLowerCase());
  const [only] = matching;
  if (only?.id === undefined) throw missing(`"${definition}"`);
  if (matching.length > 1) {
    throw new RelayFault(
      "permanent",
      `The project ${project} has ${matching.length} release definitions "${definition}".`,
      {
        hint: `Name it by its id: ${matching.map((one) => `${one.id} in ${one.path ?? "\\"}`).join(", ")}.`,
      },
    );
  }
  const id = only.id;
  const found = await call(target, `reading release definition ${id}`, "looked", () =>
    api.getReleaseDefinition(project, id),
  );
  if (typeof found?.id !== "number") throw missing(`"${definition}"`);
  return found;
}

/** Checks the model's name too: version 5 of one model must never be released as version 5 of another. */
function checkArtifact(definition: ReleaseDefinition, target: ReleaseTarget, notice: ModelNotice): void {
  const artifacts = definition.artifacts ?? [];
  const artifact = artifacts.find(({ alias }) => alias?.toLowerCase() === target.alias.toLowerCase());
  if (artifact === undefined) {
    throw new RelayFault("permanent", `The release definition ${definition.name} has no artifact ${target.alias}.`, {
      hint:
        artifacts.length === 0
          ? "Add the model as an artifact of type Azure ML model."
          : `It has ${artifacts.map(({ alias }) => alias).join(", ")}.`,
    });
  }
  const model = artifact.definitionReference?.definition;
  if (model === undefined) return;
  const names = [model.id, model.name].filter((name): name is string => name !== undefined && name !== "");
  const same = names.some((name) => name === notice.name || name.endsWith(`/models/${notice.name}`));
  if (names.length > 0 && !same) {
    throw new RelayFault(
      "permanent",
      `The artifact ${target.alias} of the release definition ${definition.name} is the model ${names.join(" or ")}, not ${notice.name}.`,
      { hint: "Narrow the route's when.model to the model of the artifact." },
    );
  }
}

async function findRelease(
  api: IReleaseApi,
  target: ReleaseTarget,
  definitionId: number,
  mark: string,
  since: number,
): Promise<Release | undefined> {
  // Ten minutes for clocks that differ. The list has no filter on the description.
  const from = new Date(since - 600_000);
  const none = undefined;
  const list = await call(target, "looking for a release that may have been created", "looked", () =>
    api.getReleases(target.project, definitionId, none, none, none, none, none, from, none, none, 100),
  );
  if (!Array.isArray(list)) throw unreadable(target, "the list of releases");
  return list.find(({ description }) => description?.includes(mark) === true);
}

const unreadable = (target: ReleaseTarget, what: string) =>
  new RelayFault("temporary", `${target.project}: Azure DevOps answered the question for ${what} with something else.`);

function describe(target: ReleaseTarget, release: Release | null | undefined): Started {
  if (typeof release?.id !== "number") {
    throw new RelayFault("unknown", `Azure DevOps answered ${target.project} with something other than a release.`, {
      hint: "A sign-in page instead of an answer means that the identity is not in the organization.",
    });
  }
  const project = encodeURIComponent(target.project);
  return {
    reference: `release ${release.id}`,
    url: `${target.organization}/${project}/_releaseProgress?releaseId=${release.id}&_a=release-pipeline-progress`,
  };
}

/**
 * Runs a call of the client and turns its errors into faults.
 * `created`: a lost answer may hide that something was made; `looked`: it cannot.
 */
async function call<T>(
  target: ReleaseTarget,
  doing: string,
  effect: "looked" | "created",
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof RelayFault) throw thrown;
    const error = thrown as { statusCode?: number; message?: string; code?: string };
    const status = error.statusCode;
    const message = `${target.project}: ${doing} failed${status === undefined ? "" : ` with ${status}`}: ${error.message ?? String(thrown)}`;
    const options = { cause: thrown, ...(status === undefined ? {} : { status }) };
    if (status === 401 || status === 403) {
      throw new RelayFault("permanent", message, {
        ...options,
        hint: "Add the relay's identity to the organization (Users, access level Basic) and to a group of the project that may create releases.",
      });
    }
    if (status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429) {
      throw new RelayFault("permanent", message, options);
    }
    // The outcome of a creation is known only where no connection was made, or the service says that it did nothing.
    const told = status === 429 || status === 203 || (status === undefined && neverConnected(error.code));
    const lost = effect === "created" && !told;
    throw new RelayFault(lost ? "unknown" : "temporary", message, options);
  }
}
