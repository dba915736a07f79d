// One route of the relay: which events it is for, and what it starts.
import { isObject } from "../../lib/plain-objects.ts";
import type { Reader } from "./reader.ts";

/** The filter of a route. Patterns know `*` and `?`; a list is "any of". */
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

/** One text for each thing that can be started: a version starts each of these once, also if routes are renamed. */
export function targetKey(target: Target): string {
  const place = target.organization.toLowerCase();
  return target.kind === "webhook"
    ? `webhook ${place} ${target.name.toLowerCase()}`
    : `release ${place} ${target.project.toLowerCase()} ${String(target.definition).toLowerCase()} ${target.alias.toLowerCase()}`;
}

const RUN_EVENTS = ["RunCompleted", "RunStatusChanged"] as const;

/** One route, as a list of it; undefined where something of it cannot be used, which `reader` then knows. */
export function readRoute(
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
