// The relay's one setting: which events start what. Read once, with every fault named at once.
import { isObject } from "./events.ts";
import { Reader } from "./reader.ts";

/** What an event has to be for a route. Patterns know `*` and `?`; a list is "any of". */
export interface ModelFilter {
  readonly kind: "model";
  readonly workspace: readonly string[];
  readonly model: readonly string[];
  /** Patterns of the value; null: the tag must not be there. */
  readonly tags: Readonly<Record<string, readonly string[] | null>>;
  readonly properties: Readonly<Record<string, readonly string[] | null>>;
  /** Empty: any. Compared without regard to case. */
  readonly stage: readonly string[];
}

export interface RunFilter {
  readonly kind: "run";
  readonly workspace: readonly string[];
  readonly events: readonly ("RunCompleted" | "RunStatusChanged")[];
  readonly experiment: readonly string[];
  /** Empty: any. Compared without regard to case. */
  readonly runStatus: readonly string[];
  readonly tags: Readonly<Record<string, readonly string[] | null>>;
  readonly properties: Readonly<Record<string, readonly string[] | null>>;
}

export interface WebhookTarget {
  readonly kind: "webhook";
  /** `https://dev.azure.com/contoso`, without a trailing slash. */
  readonly organization: string;
  /** The WebHook name of the incoming webhook connection. */
  readonly name: string;
  /** Name of the app setting that holds the secret; absent: the webhook is not signed. */
  readonly secretSetting: string | undefined;
  /** Header that the connection reads the signature from. */
  readonly header: string;
  readonly signaturePrefix: "" | "sha1=";
}

export interface ReleaseTarget {
  readonly kind: "release";
  readonly organization: string;
  readonly project: string;
  /** Id, or the whole name, of the classic release definition. */
  readonly definition: number | string;
  /** Alias of the artifact that gets the model version. */
  readonly alias: string;
  /** Release variables to set; they must be settable at release time. */
  readonly variables: Readonly<Record<string, string>>;
}

export type Target = WebhookTarget | ReleaseTarget;

export interface Route {
  readonly name: string;
  readonly when: ModelFilter | RunFilter;
  readonly start: Target;
}

export interface Configuration {
  /** ARM ids of workspaces and registries that events may come from and that the replay reads. Empty: any, and no replay. */
  readonly sources: readonly string[];
  /** ARM's URL without a trailing slash, and the scope of a token for it. */
  readonly resourceManager: string;
  readonly resourceManagerScope: string;
  readonly routes: readonly Route[];
  readonly retry: {
    /** Calls in one delivery or replay. */
    readonly attempts: number;
    readonly firstPauseSeconds: number;
    readonly maximumPauseSeconds: number;
    /** Hours after the first failure after which a temporary one is a permanent one. */
    readonly giveUpAfterHours: number;
  };
  readonly replay: {
    /** ISO 8601: where a new cursor begins; absent: at the moment it is made, so that history starts nothing. */
    readonly from: string | undefined;
    /** How far before the cursor a replay looks again, for versions that became visible late. */
    readonly overlapMinutes: number;
  };
  readonly handshake: { readonly origins: readonly string[]; readonly callbackHosts: readonly string[] };
}

export class ConfigurationError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The relay's routes have ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${faults.map((fault) => `- ${fault}`).join("\n")}`,
    );
    this.name = "ConfigurationError";
    this.faults = faults;
  }
}

const ARM_SOURCE =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.MachineLearningServices\/(workspaces|registries)\/[^/]+$/i;

/** Whether the ARM id names a registry: those send no events, only the replay finds their versions. */
export function isRegistry(source: string): boolean {
  return /\/registries\/[^/]+$/i.test(source);
}

/** The last part of the ARM id: the workspace's or registry's name. */
export function sourceName(source: string): string {
  return source.slice(source.lastIndexOf("/") + 1);
}

/** One text for each thing that can be started: versions are started once for each of these, whatever their routes are called. */
export function targetKey(target: Target): string {
  const place = target.organization.toLowerCase();
  return target.kind === "webhook"
    ? `webhook ${place} ${target.name.toLowerCase()}`
    : `release ${place} ${target.project.toLowerCase()} ${String(target.definition).toLowerCase()} ${target.alias.toLowerCase()}`;
}

/** Reads the setting. @throws ConfigurationError with every fault, each naming its place and what is allowed there. */
export function parseConfiguration(text: string): Configuration {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError([`The setting is not JSON: ${(error as Error).message}.`]);
  }
  if (!isObject(value)) throw new ConfigurationError(["The setting must be one JSON object with schema and routes."]);
  const reader = new Reader();
  const top = reader.object(value, "", [
    "$schema",
    "schema",
    "organization",
    "sources",
    "resourceManager",
    "resourceManagerScope",
    "routes",
    "retry",
    "replay",
    "handshake",
  ]);
  if (top.schema !== 1) reader.fault("schema", "must be 1, the only version there is");
  const organization = reader.address(top.organization, "organization");
  const sources = reader.list(top.sources, "sources").flatMap((source, index) => {
    const id = reader.text(source, `sources[${index}]`)?.replace(/\/+$/, "");
    if (id === undefined) return [];
    if (ARM_SOURCE.test(id)) return [id];
    reader.fault(
      `sources[${index}]`,
      "must be the ARM id of a workspace or a registry: /subscriptions/…/resourceGroups/…/providers/Microsoft.MachineLearningServices/workspaces/…",
    );
    return [];
  });
  const resourceManager = reader.address(top.resourceManager, "resourceManager") ?? "https://management.azure.com";
  const items = reader.list(top.routes, "routes");
  if (items.length === 0) reader.fault("routes", "must name at least one route");
  const routes = items.flatMap((item, index) => readRoute(reader, item, `routes[${index}]`, organization) ?? []);
  const names = new Set<string>();
  routes.forEach((route, index) => {
    if (names.has(route.name)) reader.fault(`routes[${index}].name`, `is used twice: ${route.name}`);
    names.add(route.name);
  });
  const retry = reader.object(top.retry ?? {}, "retry", [
    "attempts",
    "firstPauseSeconds",
    "maximumPauseSeconds",
    "giveUpAfterHours",
  ]);
  const replay = reader.object(top.replay ?? {}, "replay", ["from", "overlapMinutes"]);
  const handshake = reader.object(top.handshake ?? {}, "handshake", ["origins", "callbackHosts"]);
  const from = replay.from === undefined ? undefined : reader.text(replay.from, "replay.from");
  if (from !== undefined && Number.isNaN(Date.parse(from))) {
    reader.fault("replay.from", `must be a date and time such as 2026-01-31T08:00:00Z; it is ${JSON.stringify(from)}`);
  }
  const configuration: Configuration = {
    sources,
    resourceManager,
    resourceManagerScope:
      (top.resourceManagerScope === undefined
        ? undefined
        : reader.text(top.resourceManagerScope, "resourceManagerScope")) ?? `${resourceManager}/.default`,
    routes,
    retry: {
      attempts: reader.number(retry.attempts, "retry.attempts", 4, { from: 1, to: 10, whole: true }),
      firstPauseSeconds: reader.number(retry.firstPauseSeconds, "retry.firstPauseSeconds", 1, { from: 0, to: 10 }),
      maximumPauseSeconds: reader.number(retry.maximumPauseSeconds, "retry.maximumPauseSeconds", 8, {
        from: 0,
        to: 60,
      }),
      giveUpAfterHours: reader.number(retry.giveUpAfterHours, "retry.giveUpAfterHours", 24, { from: 0, to: 240 }),
    },
    replay: {
      from,
      overlapMinutes: reader.number(replay.overlapMinutes, "replay.overlapMinutes", 5, { from: 0, to: 1440 }),
    },
    handshake: {
      origins: reader.patterns(handshake.origins, "handshake.origins") ?? ["eventgrid.azure.net"],
      callbackHosts: reader.patterns(handshake.callbackHosts, "handshake.callbackHosts") ?? ["*.eventgrid.azure.net"],
    },
  };
  if (reader.faults.length > 0) throw new ConfigurationError(reader.faults);
  return configuration;
}

const RUN_EVENTS = ["RunCompleted", "RunStatusChanged"] as const;

function readRoute(
  reader: Reader,
  item: unknown,
  place: string,
  organization: string | undefined,
): Route[] | undefined {
  const route = reader.object(item, place, ["name", "when", "start"]);
  const name = reader.text(route.name, `${place}.name`);
  const when = readFilter(reader, route.when ?? {}, `${place}.when`);
  const start = readTarget(reader, route.start, `${place}.start`, organization);
  if (start?.kind === "release" && when?.kind === "run") {
    reader.fault(
      `${place}.start`,
      "is a classic release, whose artifact is a model version: only ModelRegistered can start it; for runs take kind webhook",
    );
  }
  return name === undefined || when === undefined || start === undefined ? undefined : [{ name, when, start }];
}

function readFilter(reader: Reader, item: unknown, place: string): ModelFilter | RunFilter | undefined {
  const keys = ["events", "workspace", "model", "tags", "properties", "stage", "experiment", "runStatus"];
  const when = reader.object(item, place, keys);
  const events = reader.patterns(when.events, `${place}.events`) ?? ["ModelRegistered"];
  const known: readonly string[] = ["ModelRegistered", ...RUN_EVENTS];
  for (const event of events) {
    if (!known.includes(event)) reader.fault(`${place}.events`, `knows ${known.join(", ")}; it has ${event}`);
  }
  const ofModels = events.includes("ModelRegistered");
  const ofRuns = RUN_EVENTS.filter((event) => events.includes(event));
  if (ofModels && ofRuns.length > 0) {
    reader.fault(`${place}.events`, "mixes models and runs: make two routes of it");
    return undefined;
  }
  const foreign = ofModels ? ["experiment", "runStatus"] : ["model", "stage"];
  for (const key of foreign) {
    if (when[key] !== undefined) {
      reader.fault(`${place}.${key}`, `does not go with ${events.join(", ")}, whose events do not carry it`);
    }
  }
  const both = {
    workspace: reader.patterns(when.workspace, `${place}.workspace`) ?? ["*"],
    tags: reader.dictionary(when.tags, `${place}.tags`),
    properties: reader.dictionary(when.properties, `${place}.properties`),
  };
  return ofModels
    ? {
        kind: "model",
        ...both,
        model: reader.patterns(when.model, `${place}.model`) ?? ["*"],
        stage: reader.patterns(when.stage, `${place}.stage`) ?? [],
      }
    : {
        kind: "run",
        ...both,
        events: ofRuns,
        experiment: reader.patterns(when.experiment, `${place}.experiment`) ?? ["*"],
        runStatus: reader.patterns(when.runStatus, `${place}.runStatus`) ?? [],
      };
}

function readTarget(reader: Reader, item: unknown, place: string, shared: string | undefined): Target | undefined {
  const kind = isObject(item) ? item.kind : undefined;
  if (kind !== "webhook" && kind !== "release") {
    reader.fault(
      `${place}.kind`,
      `must be webhook or release${kind === undefined ? "" : `; it is ${JSON.stringify(kind)}`}`,
    );
    return undefined;
  }
  const own =
    kind === "webhook"
      ? ["name", "secretSetting", "header", "signaturePrefix"]
      : ["project", "definition", "alias", "variables"];
  const start = reader.object(item, place, ["kind", "organization", ...own]);
  const organization = reader.address(start.organization, `${place}.organization`) ?? shared;
  if (organization === undefined) {
    reader.fault(`${place}.organization`, "is missing, here and at the top: https://dev.azure.com/your-organization");
  }
  if (kind === "webhook") {
    const name = reader.text(start.name, `${place}.name`);
    const prefix = start.signaturePrefix ?? "";
    if (prefix !== "" && prefix !== "sha1=") reader.fault(`${place}.signaturePrefix`, 'must be "" or "sha1="');
    const header = start.header === undefined ? "X-Aml-Signature" : reader.text(start.header, `${place}.header`);
    if (header !== undefined && !/^[A-Za-z0-9-]+$/.test(header)) {
      reader.fault(`${place}.header`, "must be the name of an HTTP header: letters, digits and hyphens");
    }
    const secretSetting =
      start.secretSetting === undefined ? undefined : reader.text(start.secretSetting, `${place}.secretSetting`);
    if (name === undefined || organization === undefined || header === undefined) return undefined;
    return { kind, organization, name, header, secretSetting, signaturePrefix: prefix === "sha1=" ? "sha1=" : "" };
  }
  const project = reader.text(start.project, `${place}.project`);
  const alias = reader.text(start.alias, `${place}.alias`);
  const definition =
    typeof start.definition === "number" && Number.isSafeInteger(start.definition) && start.definition > 0
      ? start.definition
      : reader.text(start.definition, `${place}.definition`);
  const variables: Record<string, string> = {};
  for (const [key, value] of Object.entries(reader.object(start.variables ?? {}, `${place}.variables`))) {
    const text = reader.text(value, `${place}.variables.${key}`);
    if (text !== undefined) variables[key] = text;
  }
  if (project === undefined || alias === undefined || definition === undefined || organization === undefined)
    return undefined;
  return { kind, organization, project, alias, definition, variables };
}
