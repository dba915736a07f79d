// The local Azure DevOps organization: its state, and what the local pipeline and the demo do to it without HTTP.

import { guidOf } from "../text/guid.ts";
import { EndpointProxy } from "./endpoint-proxy/proxy.ts";
import { EndpointTypes } from "./endpoint-proxy/types.ts";
import { ServerTasks } from "./server-tasks/index.ts";
import { type Build, type BuildResult, Builds, type Definition, type WantedBuild } from "./state/builds.ts";
import { CommitStatuses } from "./state/commit-statuses.ts";
import { type Connection, Connections } from "./state/connections.ts";
import { Containers } from "./state/containers.ts";
import { type Approval, type DeploymentRecord, Environments } from "./state/environments.ts";
import { Extensions } from "./state/extensions.ts";
import { type Identity, personOf } from "./state/identities.ts";
import { type EntraIdentity, Members } from "./state/members.ts";
import { Permissions } from "./state/permissions.ts";
import type { Attachment, Plan } from "./state/plans.ts";
import { Releases } from "./state/releases.ts";
import { Repositories } from "./state/repositories.ts";
import { TestRuns } from "./state/test-runs.ts";
import { type Caller, Tokens } from "./state/tokens.ts";
import { Webhooks } from "./state/webhooks.ts";
import { WorkItems } from "./state/work-items.ts";

export interface DevOpsOptions {
  /** Default `contoso`. */
  readonly organization?: string;
  /** Default `breast-cancer`. */
  readonly project?: string;
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly now?: () => number;
  /** Told every token issued here, so that none is ever written down. */
  readonly addSecret?: (value: string) => void;
  /** Called for each connection that is added, so that Entra can be told which subject to trust. */
  readonly onConnection?: (connection: Connection, subject: string) => void;
  /** How a Delay task waits, where that is not by the machine's clock. */
  readonly delay?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Asked at each request of a server task: a PEM file of an authority that is trusted besides those of the machine. */
  readonly network?: () => { readonly caFile?: string | undefined };
  /** The identity of a token of Microsoft Entra for Azure DevOps; undefined for any other token. */
  readonly entra?: (token: string) => EntraIdentity | undefined;
}

/** One organization with one project. Everything is in memory. */
export class DevOpsWorld {
  readonly organization: { readonly id: string; readonly name: string };
  readonly project: { readonly id: string; readonly name: string };
  readonly now: () => number;
  readonly builds: Builds;
  readonly releases: Releases;
  readonly repositories: Repositories;
  readonly workItems: WorkItems;
  readonly testRuns: TestRuns;
  readonly environments: Environments;
  readonly commitStatuses: CommitStatuses;
  readonly connections: Connections;
  readonly webhooks: Webhooks;
  readonly members = new Members();
  /** Denied permissions of the build service. */
  readonly permissions = new Permissions();
  readonly containers = new Containers();
  readonly tokens: Tokens;
  /** Installed extensions, whose pages are framed beside a run. */
  readonly extensions = new Extensions();
  /** Types of service connections that can be made here. */
  readonly endpointTypes = new EndpointTypes();
  /** Asks connections' own hosts on behalf of editors. */
  readonly endpointProxy: EndpointProxy;
  /** Runs tasks where no agent is. */
  readonly serverTasks: ServerTasks;
  /** All plans by id, of builds and of releases. */
  readonly plans = new Map<string, Plan>();
  /** Routes that were asked for and are not built: `GET /contoso/_apis/…`. */
  readonly notBuilt: string[] = [];
  /** The newest version of REST that is taken: that of Azure DevOps Services; 7.0 of Azure DevOps Server 2022 (docs/install.md). */
  newestRest = "7.2";
  private readonly options: DevOpsOptions;
  private origin = "";
  private pagesOrigin = "";

  constructor(options: DevOpsOptions = {}) {
    this.options = options;
    this.now = options.now ?? Date.now;
    const organization = options.organization ?? "contoso";
    const project = options.project ?? "breast-cancer";
    this.organization = { name: organization, id: guidOf(`organization ${organization}`) };
    this.project = { name: project, id: guidOf(`project ${organization}/${project}`) };
    const open = (plan: Plan) => void this.plans.set(plan.planId, plan);
    this.builds = new Builds(this.now, open);
    this.releases = new Releases(this.now, open);
    this.repositories = new Repositories(this.now);
    this.workItems = new WorkItems(project, this.now);
    this.testRuns = new TestRuns(this.now);
    this.environments = new Environments(this.now);
    this.commitStatuses = new CommitStatuses(this.now);
    this.connections = new Connections((connection) => {
      const { secret } = connection.authorization.parameters;
      if (secret !== undefined) options.addSecret?.(secret);
      options.onConnection?.(connection, this.subjectOf(connection));
    });
    this.webhooks = new Webhooks(this.connections);
    this.tokens = new Tokens(this.now);
    this.endpointProxy = new EndpointProxy(this, options.network ?? (() => ({})));
    this.serverTasks = new ServerTasks(this, options.network ?? (() => ({})), undefined, options.delay);
  }

  /** Set once by the listener: `https://localhost:<port>`. */
  listensAt(url: string): void {
    this.origin = url;
    this.tokens.issuer = `${url}/vstoken/${this.organization.id}`;
  }

  /** Set once by the listener of extensions' files, which are another origin than the organization. */
  pagesAt(url: string): void {
    this.pagesOrigin = url;
  }

  get pagesUrl(): string {
    return this.pagesOrigin;
  }

  /** `https://localhost:<port>`, without a trailing slash. */
  get url(): string {
    return this.origin;
  }

  /** System.CollectionUri: `https://localhost:<port>/contoso/`, with its trailing slash. */
  get collectionUri(): string {
    return `${this.origin}/${encodeURIComponent(this.organization.name)}/`;
  }

  /** The build service, which runs jobs. */
  get buildService(): Identity {
    return {
      id: guidOf(`build service ${this.project.id}`),
      displayName: `${this.project.name} Build Service (${this.organization.name})`,
      uniqueName: `Build\\${this.project.id}`,
    };
  }

  person(name: string): Identity {
    return personOf(name);
  }

  /** The subject of a connection's OIDC tokens: `sc://<organization>/<project>/<connection>` (docs/facts/extension.md#5.5). */
  subjectOf(connection: Connection): string {
    return `sc://${this.organization.name}/${this.project.name}/${connection.name}`;
  }

  /** System.OidcRequestUri of a job (docs/facts/agent.md#1.9). */
  oidcRequestUri(plan: Plan, jobId: string): string {
    return `${this.collectionUri}${this.project.id}/_apis/distributedtask/hubs/${plan.hub}/plans/${plan.planId}/jobs/${jobId}/oidctoken`;
  }

  /**
   * The access token of a job (System.AccessToken, and AccessToken of SystemVssConnection).
   * @param job.connectionIds connections the job may get OIDC tokens for; absent: all
   * @param job.minutes how long it is good for; default 65
   */
  issueJobToken(job: { plan: Plan; jobId: string; connectionIds?: readonly string[]; minutes?: number }): string {
    const caller: Omit<Caller, "expires"> = {
      name: this.buildService.uniqueName,
      planId: job.plan.planId,
      jobId: job.jobId.toLowerCase(),
      connectionIds: job.connectionIds?.map((id) => id.toLowerCase()),
    };
    return this.secret(this.tokens.issue(caller, job.minutes ?? 65));
  }

  /** A personal access token of `person`; any client may use it as Bearer or as the password of Basic. */
  issuePersonalToken(person: string, minutes = 24 * 60): string {
    return this.secret(this.tokens.issue({ name: personOf(person).uniqueName }, minutes));
  }

  /** The token that a framed page gets: the person's, for no more than the extension's scopes. */
  issuePageToken(person: string, scopes: readonly string[]): string {
    return this.secret(this.tokens.issue({ name: personOf(person).uniqueName, scopes }, 60));
  }

  /** The OIDC token of a connection. */
  issueOidcToken(connection: Connection): string {
    return this.secret(this.tokens.issueOidc(this.subjectOf(connection)));
  }

  /** The OIDC token of a pipeline itself, without a connection: `p://<organization>/<project>/<pipeline>`. */
  issueProjectOidcToken(plan: Plan): string {
    const pipeline = this.builds.ofPlan(plan.planId)?.definition.name ?? "release";
    return this.secret(this.tokens.issueOidc(`p://${this.organization.name}/${this.project.name}/${pipeline}`));
  }

  /** Queues a run. `requestedFor` is a person's name or mail address; the definition is made when it is new. */
  createBuild(definition: Definition | string, wanted: WantedBuild<Build>): Build {
    const known = typeof definition === "string" ? this.builds.definition(definition) : definition;
    const used =
      known ??
      this.builds.define(
        String(definition),
        this.repositories.add(wanted.repository ?? this.project.name),
        wanted.yamlFilename ?? "azure-pipelines.yml",
      );
    return this.builds.queue(used, { ...wanted, requestedFor: personOf(wanted.requestedFor) });
  }

  startBuild(build: Build): void {
    this.builds.start(build);
  }

  finishBuild(build: Build, result: BuildResult): void {
    this.builds.finish(build, result);
  }

  /** Keeps a decision about a stage of a run, as the approvals API answers it. */
  keepApproval(
    build: Build,
    given: { environment: string; by: string; decision: "approved" | "rejected"; comment?: string },
  ): Approval {
    const by = personOf(given.by);
    const approval = this.environments.ask(this.environments.add(given.environment), build, by);
    this.environments.decide(approval, given.decision, by, given.comment);
    return approval;
  }

  /** Adds a deployment job to the history of its environment. */
  keepDeployment(
    build: Build,
    {
      environment,
      ...ended
    }: Omit<DeploymentRecord, "id" | "environment" | "build" | "queueTime" | "stageAttempt" | "jobAttempt"> & {
      environment: string;
    },
  ): void {
    const place = this.environments.add(environment);
    const attempts = { stageAttempt: 1, jobAttempt: 1 };
    this.environments.deployed({ ...ended, ...attempts, environment: place, build, queueTime: ended.startTime });
  }

  /** All attachments of a type on a run, in the order they were made. */
  attachmentsOf(build: Build, type: string): Attachment[] {
    return build.plan.attachmentsOf(type);
  }

  /** The identity of this token: a job, a person, or a member of the organization by its token of Microsoft Entra. */
  callerOf(token: string): Caller | undefined {
    const known = this.tokens.caller(token);
    if (known !== undefined) return known;
    const identity = this.options.entra?.(token);
    if (identity === undefined || !this.members.has(identity)) return undefined;
    return { name: identity.displayName, expires: Number.POSITIVE_INFINITY };
  }

  /** The page of a run. */
  buildUrl(build: Build): string {
    return `${this.collectionUri}${encodeURIComponent(this.project.name)}/_build/results?buildId=${build.id}`;
  }

  /** Build.Repository.Uri. Azure Repos puts the organization into it as user information (docs/facts/azureml-documents.md#9.1). */
  repositoryUri(name: string, withUser = true): string {
    const url = new URL(
      `${this.collectionUri}${encodeURIComponent(this.project.name)}/_git/${encodeURIComponent(name)}`,
    );
    if (withUser) url.username = this.organization.name;
    return url.href;
  }

  private secret(token: string): string {
    this.options.addSecret?.(token);
    return token;
  }
}
