// Starts classic releases whose artifact is a model version, and finds a release whose answer was lost. WatchModels and the relay
// start releases with it; each words its failures itself.
// Tests: test/tasks/watch.test.ts, test/relay/release.test.ts
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import {
  type Release,
  type ReleaseDefinition,
  ReleaseReason,
} from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import { type IReleaseApi, ReleaseApi } from "azure-devops-node-api/ReleaseApi.js";
import { namedAs, requestHandlers } from "./azure-devops.ts";
import { releaseServiceOf } from "./collection.ts";
import { onlyAnswers } from "./devops-answers.ts";

/** Access to the service of releases. */
interface ReleaseAccess {
  /** Address of the organization. */
  readonly collectionUri: string;
  readonly accessToken: string;
  readonly userAgent: string;
  /** PEM file of authorities to trust beside Node's. */
  readonly caFile?: string | undefined;
}

/** The client of the service of releases. @param options of the client: proxy, time limits */
export function releaseApi(access: ReleaseAccess, options: ConstructorParameters<typeof ReleaseApi>[2]): ReleaseApi {
  const { collectionUri } = access;
  const handlers = requestHandlers(access, BearerCredentialHandler);
  return onlyAnswers(new ReleaseApi(releaseServiceOf(collectionUri), handlers, options, namedAs("Release", access)));
}

/** The requests that a start consists of. */
export type ReleaseStep = "findDefinition" | "readDefinition" | "create" | "findRelease";

/** The errors to throw: a task and the relay word them differently. */
export interface ReleaseFailures {
  /** Runs the request of a step, and throws its failure in the caller's words. @param model what a creation is for */
  ask<T>(step: ReleaseStep, work: () => Promise<T>, model?: ModelVersion): Promise<T>;
  /** For an answer that does not hold what the step asked for: its outcome is not known. */
  noAnswer(step: ReleaseStep, model?: ModelVersion): Error;
  /** There is no such definition, or not for this identity. */
  missing(): Error;
  /** Several definitions have the name. */
  several(found: readonly { readonly id?: number; readonly path?: string }[]): Error;
}

export interface ModelVersion {
  readonly name: string;
  readonly version: string;
}

interface StartedRelease {
  /** `release 7` */
  readonly reference: string;
  readonly url: string;
}

interface ReleaseWanted {
  readonly definitionId: number;
  /** Of the artifact that gets the version. */
  readonly alias: string;
  readonly model: ModelVersion;
  /** Where the model is registered, for the description. */
  readonly source?: string;
  /** Stands in the description, where `find` looks for it. */
  readonly mark: string;
  /** Variables that are settable at release time. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Minutes that the clocks of the services of Azure DevOps may differ. */
export const CLOCK_SKEW_MINUTES = 10;

export class ReleaseStarter {
  readonly #api: IReleaseApi;
  readonly #collectionUri: string;
  readonly #project: string;
  readonly #failures: ReleaseFailures;

  constructor(
    api: IReleaseApi,
    place: { readonly collectionUri: string; readonly project: string },
    failures: ReleaseFailures,
  ) {
    this.#api = api;
    this.#collectionUri = place.collectionUri.replace(/\/*$/, "/");
    this.#project = place.project;
    this.#failures = failures;
  }

  /** The definition of this name, in any case of its letters. @throws where there is none, or more than one */
  async definitionNamed(name: string): Promise<{ readonly id: number; readonly name: string }> {
    const none = undefined;
    const list = await this.#failures.ask("findDefinition", () =>
      this.#api.getReleaseDefinitions(this.#project, name, ...[none, none, none, none, none, none, none], true),
    );
    if (!Array.isArray(list)) throw this.#failures.noAnswer("findDefinition");
    return onlyOneNamed(name, list, this.#failures);
  }

  /** A definition with its artifacts. @throws where there is none */
  async definition(id: number): Promise<ReleaseDefinition & { readonly id: number }> {
    const found = await this.#failures.ask("readDefinition", () => this.#api.getReleaseDefinition(this.#project, id));
    if (typeof found?.id !== "number") throw this.#failures.missing();
    return found as ReleaseDefinition & { readonly id: number };
  }

  async create(wanted: ReleaseWanted): Promise<StartedRelease> {
    const { model, source } = wanted;
    const variables = Object.entries(wanted.variables ?? {}).map(([name, value]) => [name, { value }] as const);
    const start = {
      definitionId: wanted.definitionId,
      description: `Model ${model.name}:${model.version}${source === undefined ? "" : ` of ${source}`} ${wanted.mark}`,
      isDraft: false,
      reason: ReleaseReason.ContinuousIntegration,
      artifacts: [{ alias: wanted.alias, instanceReference: { id: model.version, name: model.version } }],
      ...(variables.length === 0 ? {} : { variables: Object.fromEntries(variables) }),
    };
    const release = await this.#failures.ask("create", () => this.#api.createRelease(start, this.#project), model);
    if (typeof release?.id !== "number") throw this.#failures.noAnswer("create", model);
    return this.#describe(release.id);
  }

  /**
   * A release that was created since then with one of these marks in its description, although nobody may have seen the answer.
   * @param since by the caller's clock; the search starts ten minutes before it
   */
  async find(definitionId: number, since: Date, marks: readonly string[]): Promise<StartedRelease | undefined> {
    const from = new Date(since.getTime() - CLOCK_SKEW_MINUTES * 60_000);
    const none = undefined;
    // The list has no filter on the description.
    const list = await this.#failures.ask("findRelease", () =>
      this.#api.getReleases(this.#project, definitionId, ...[none, none, none, none, none], from, none, none, 100),
    );
    if (!Array.isArray(list)) throw this.#failures.noAnswer("findRelease");
    const made = (list as Release[]).find(({ description }) => marks.some((mark) => description?.includes(mark)));
    return made?.id === undefined ? undefined : this.#describe(made.id);
  }

  #describe(id: number): StartedRelease {
    const page = `${this.#collectionUri}${encodeURIComponent(this.#project)}/_releaseProgress`;
    return { reference: `release ${id}`, url: `${page}?releaseId=${id}&_a=release-pipeline-progress` };
  }
}

/** The one of this name, in any case of its letters. @throws where there is none, or more than one */
export function onlyOneNamed<T extends { readonly id?: number; readonly name?: string; readonly path?: string }>(
  name: string,
  list: readonly T[],
  failures: Pick<ReleaseFailures, "missing" | "several">,
): { readonly id: number; readonly name: string } {
  const fitting = list.filter((one) => one.name?.toLowerCase() === name.toLowerCase());
  if (fitting.length > 1) throw failures.several(fitting);
  const [only] = fitting;
  if (only?.id === undefined) throw failures.missing();
  return { id: only.id, name: only.name ?? name };
}
