// The relay's setting: routes from events to targets, and retry limits. It is read once, and every fault in it is reported at once.
import { isObject } from "../../lib/plain-objects.ts";
import { Reader } from "./reader.ts";
import { type Route, readRoute } from "./routes.ts";

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
    /** The overlap of a replay: the time before its cursor that it reads again, for versions that became visible late. */
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
