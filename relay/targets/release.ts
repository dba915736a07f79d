// Starts a classic release whose artifact is the model version.
import type { ReleaseDefinition } from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import type { ReleaseApi } from "azure-devops-node-api/ReleaseApi.js";
import { type ReleaseFailures, ReleaseStarter, type ReleaseStep, releaseApi } from "../../lib/agent/release-starter.ts";
import { neverConnected } from "../../lib/azure/retry.ts";
import { sourceName } from "../core/configuration.ts";
import type { StartContext, Started } from "../core/dispatch.ts";
import { passes, RelayFault } from "../core/fault.ts";
import { USER_AGENT } from "../core/http.ts";
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
  const { project, alias, variables } = target;
  const place = { collectionUri: target.organization, project };
  const releases = new ReleaseStarter(await connect(target, parts), place, failuresOf(target));
  const wanted = target.definition;
  const id = typeof wanted === "number" ? wanted : (await releases.definitionNamed(wanted)).id;
  const definition = await releases.definition(id);
  checkArtifact(definition, target, notice);
  // The mark tells this start from any release that a person made of the same version.
  const mark = `[relay ${context.id}]`;
  if (context.uncertain) {
    const made = await releases.find(definition.id, new Date(context.since), [mark]);
    if (made !== undefined) return made;
  }
  const source = sourceName(notice.source);
  return releases.create({ definitionId: definition.id, alias, model: notice, source, mark, variables });
}

let connected: { readonly key: string; readonly api: ReleaseApi } | undefined;

async function connect(target: ReleaseTarget, parts: ReleaseParts): Promise<ReleaseApi> {
  const accessToken = await parts.token(parts.scope ?? DEVOPS_SCOPE);
  const { organization: collectionUri } = target;
  const key = `${collectionUri}\n${parts.caFile ?? ""}\n${accessToken}`;
  // The client asks where things are before its first call: the answer is kept as long as the token is.
  if (connected?.key === key) return connected.api;
  const api = releaseApi(
    { collectionUri, accessToken, userAgent: USER_AGENT, caFile: parts.caFile },
    { socketTimeout: 15_000, allowRedirects: false },
  );
  connected = { key, api };
  return api;
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

/** Requests that Azure DevOps refuses, as faults of the relay. */
function failuresOf(target: ReleaseTarget): ReleaseFailures {
  const { project, definition } = target;
  const named = typeof definition === "number" ? String(definition) : `"${definition}"`;
  const doings: Readonly<Record<ReleaseStep, string>> = {
    findDefinition: `looking for the release definition ${definition}`,
    readDefinition: `reading release definition ${definition}`,
    create: `creating a release of ${definition}`,
    findRelease: "looking for a release that may have been created",
  };
  return {
    ask: (step, work) => call(target, doings[step], step === "create", work),
    noAnswer: (step) =>
      step === "create"
        ? new RelayFault("unknown", `Azure DevOps answered ${project} with something other than a release.`, {
            hint: "A sign-in page instead of an answer means that the identity is not in the organization.",
          })
        : new RelayFault("temporary", `${project}: ${doings[step]}: Azure DevOps answered with something else.`),
    missing: () =>
      new RelayFault(
        "permanent",
        `The project ${project} has no release definition ${named} that the relay's identity may see.`,
        {
          hint: "Check the name, and that the identity is a member of the project with View release pipeline and Create releases.",
        },
      ),
    several: (found) =>
      new RelayFault("permanent", `The project ${project} has ${found.length} release definitions ${named}.`, {
        hint: `Name it by its id: ${found.map(({ id, path }) => `${id} in ${path ?? "\\"}`).join(", ")}.`,
      }),
  };
}

/** Runs a request, and turns its failure into a fault. @param creates a lost answer may hide that something was made */
async function call<T>(target: ReleaseTarget, doing: string, creates: boolean, work: () => Promise<T>): Promise<T> {
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
    if (status !== undefined && status >= 300 && !passes(status)) {
      throw new RelayFault("permanent", message, options);
    }
    // The outcome of a creation is known only where no connection was made, or the service says that it did nothing.
    const told = status === 429 || status === 203 || (status === undefined && neverConnected(error.code));
    const lost = creates && !told;
    throw new RelayFault(lost ? "unknown" : "temporary", message, options);
  }
}
