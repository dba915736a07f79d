// Permissions of the job's identity in Azure DevOps, evaluated by the service itself: nothing is tried out, and nothing changed.
// Tests: test/bundle/least-roles.test.ts
import { BuildApi } from "azure-devops-node-api/BuildApi.js";
import type { ClientApiBase } from "azure-devops-node-api/ClientApiBases.js";
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import { systemClock } from "../poll.ts";
import { again, say, unreadableAnswer } from "./asking.ts";
import { type AzureDevOpsSettings, namedAs, requestHandlers, requestOptions } from "./azure-devops.ts";
import { onlyAnswers } from "./devops-answers.ts";
import { REST_VERSION } from "./rest-version.ts";

export interface RightsAccess {
  readonly settings: AzureDevOpsSettings;
  readonly projectId: string;
  /** 0 in a classic release. */
  readonly definitionId: number;
  /** `\` for the root. */
  readonly folder: string;
  /** The repository in Azure Repos; undefined where the code lies elsewhere. */
  readonly repositoryId: string | undefined;
}

/** A permission: its bit in a namespace, and the name under which people find it. */
interface Right {
  readonly bit: number;
  readonly name: string;
}

/**
 * Namespaces, bits and names of rights: Microsoft's reference of security namespaces, and public listings of
 * `_apis/securitynamespaces`. Tokens: the same reference.
 */
const BUILD = "33344d9c-fc72-4d6f-aba5-fa317101a7e9";
const PROJECT = "52d39943-cb85-4d7f-8fa8-c6baac873819";
const GIT = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87";
const AREAS = "83e28ad4-2d72-4ceb-97b0-c7726d5502c3";

const VIEW_BUILDS: Right = { bit: 1, name: "View builds" };
const UPDATE_BUILD: Right = { bit: 64, name: "Update build information" };
const QUEUE_BUILDS: Right = { bit: 128, name: "Queue builds" };
/** Values of parameters that may hold any text, since sprint 237 of Azure DevOps (its release notes). */
const CONFIGURE_QUEUING: Right = { bit: 65_536, name: "Edit queue build configuration" };
const CREATE_TEST_RUNS: Right = { bit: 8, name: "Create test runs" };
const COMMENT: Right = { bit: 16384, name: "Contribute to pull requests" };
const READ_ITEMS: Right = { bit: 16, name: "View work items in this node" };
const WRITE_ITEMS: Right = { bit: 32, name: "Edit work items in this node" };

export interface FoundRights {
  readonly asked: readonly string[];
  readonly lacking: readonly string[];
  readonly where: string;
  /** Those of `asked` that only whoever starts runs needs, on what is started. */
  readonly toStart?: readonly string[];
}

interface Evaluated {
  readonly evaluations?: readonly { readonly value?: unknown }[];
}

/** Asks `POST _apis/security/permissionevaluationbatch`, which evaluates for the caller. */
export class Rights {
  readonly #access: RightsAccess;
  readonly #api: ClientApiBase;

  constructor(access: RightsAccess) {
    const { settings } = access;
    this.#access = access;
    this.#api = onlyAnswers(
      new BuildApi(
        settings.collectionUri,
        requestHandlers(settings, BearerCredentialHandler),
        requestOptions(settings),
        namedAs("Build", settings),
      ),
    );
  }

  /** @param startsRuns whether a task of the pipeline starts other runs and remembers that on its own */
  async builds(startsRuns: boolean): Promise<FoundRights> {
    const { projectId, definitionId, folder } = this.#access;
    const path = folder.split("\\").filter((part) => part !== "");
    const token = [projectId, ...path, ...(definitionId > 0 ? [definitionId] : [])].join("/");
    const toStart = startsRuns ? [UPDATE_BUILD, QUEUE_BUILDS, CONFIGURE_QUEUING] : [];
    const rights = [VIEW_BUILDS, ...toStart];
    const found = await this.#evaluate(BUILD, token, rights, "Pipelines, the pipeline's menu, Manage security");
    return { ...found, toStart: toStart.map(({ name }) => name) };
  }

  tests(): Promise<FoundRights> {
    const token = `$PROJECT:vstfs:///Classification/TeamProject/${this.#access.projectId}`;
    return this.#evaluate(PROJECT, token, [CREATE_TEST_RUNS], "Project settings, Permissions, Test");
  }

  /** Undefined where the code of this run does not lie in Azure Repos. */
  async pullRequests(): Promise<FoundRights | undefined> {
    const { projectId, repositoryId } = this.#access;
    if (repositoryId === undefined) return undefined;
    return this.#evaluate(
      GIT,
      `repoV2/${projectId}/${repositoryId}`,
      [COMMENT],
      "Project settings, Repositories, Security",
    );
  }

  async workItems(): Promise<FoundRights> {
    const { settings, projectId } = this.#access;
    const url = `${settings.collectionUri}${projectId}/_apis/wit/classificationnodes/areas?${REST_VERSION}`;
    const doing = "read the root of the project's areas";
    const root = await this.#asked(doing, async () => (await this.#api.rest.get<{ identifier?: string }>(url)).result);
    if (typeof root?.identifier !== "string") throw unreadableAnswer(doing);
    const token = `vstfs:///Classification/Node/${root.identifier}`;
    return this.#evaluate(
      AREAS,
      token,
      [READ_ITEMS, WRITE_ITEMS],
      "Project settings, Project configuration, Areas, Security",
    );
  }

  async #evaluate(namespace: string, token: string, rights: readonly Right[], where: string): Promise<FoundRights> {
    const url = `${this.#access.settings.collectionUri}_apis/security/permissionevaluationbatch?${REST_VERSION}`;
    const body = {
      alwaysAllowAdministrators: false,
      evaluations: rights.map(({ bit }) => ({ securityNamespaceId: namespace, token, permissions: bit })),
    };
    const doing = "evaluate what the build service may do";
    const answer = await this.#asked(doing, async () => (await this.#api.rest.create<Evaluated>(url, body)).result);
    const values = answer?.evaluations?.map(({ value }) => value);
    if (values?.length !== rights.length || values.some((value) => typeof value !== "boolean"))
      throw unreadableAnswer(doing);
    const names = rights.map(({ name }) => name);
    return { asked: names, lacking: names.filter((_name, index) => values[index] === false), where };
  }

  #asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return again(this.#access.settings.clock ?? systemClock, () => say(doing, "View project-level information", work));
  }
}
