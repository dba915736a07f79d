// The routes that every kind of asset has: containers and versions, created by PUT, listed, labelled, archived.
import type { Request, Response } from "express";
import {
  type AssetContainer,
  type AssetNoun,
  type AssetStore,
  type AssetVersion,
  page,
  select,
  selected,
} from "../../arm/collection.ts";
import { envelope, type SystemDataVariant, systemData } from "../../arm/envelope.ts";
import { type ArmError, userError } from "../../arm/errors.ts";
import { text, whole } from "../../arm/query.ts";
import { type ArmContext, type ArmRouter, answerCreated, bodyOf, parameter, propertiesOf } from "../../arm/router.ts";
import type { AzureWorld } from "../../world/world.ts";

/** One PUT of a version, as the kind gets it to normalise. */
interface VersionWrite {
  readonly name: string;
  readonly version: string;
  /** The version in the URL, which for an anonymous asset may be another one. */
  readonly asked: string;
  /** `properties` of the body, as sent. */
  readonly sent: Record<string, unknown>;
  /** The stored version of this name, if there is one. */
  readonly existing: AssetVersion | undefined;
  readonly context: ArmContext;
}

/** Rules of one kind of asset. */
export interface AssetKind {
  readonly noun: AssetNoun;
  readonly systemData: SystemDataVariant;
  /** Of a container that is read alone; in a list, and unless said, it is that of the versions. */
  readonly containerSystemData?: SystemDataVariant;
  /** Status of a PUT on a version that exists: 200, or 201 without end (docs/facts/azureml-wire.md#1.4). */
  readonly repeatedPut: 200 | 201;
  /**
   * The stored form of a PUT. The keys that all kinds share are merged in afterwards.
   * @throws ArmError when the service refuses the body or the change
   */
  normalise(write: VersionWrite, world: AzureWorld): Record<string, unknown> | Promise<Record<string, unknown>>;
  /** A version's properties below the shared ones, as this api-version shows them, in wire order. */
  show(stored: Record<string, unknown>, apiVersion: string): Record<string, unknown>;
  /** A container's properties, in wire order. */
  showContainer(container: AssetContainer, store: AssetStore, apiVersion: string, now: number): Record<string, unknown>;
  /** 404 for a version, or for the container when `version` is absent. */
  notFound(name: string, version?: string): ArmError;
  /** The list's own query parameters, in addition to those of every list of versions. */
  readonly filters?: readonly string[];
  /** Under which version an anonymous asset is kept, when the service chooses its own. */
  ownVersion?(write: VersionWrite): string;
}

/** The query parameters of a list of versions, in a workspace or a registry. */
export const versionQuery = (kind: AssetKind): readonly string[] => [...selected, "stage", ...(kind.filters ?? [])];

/** As `select` does, and by `version`; `offset` is how many of them are left out at the beginning. */
export function selectVersions(versions: readonly AssetVersion[], query: Request["query"]): AssetVersion[] {
  const version = text(query, "version");
  const chosen = versions.filter((one) => version === undefined || one.version === version);
  return select(chosen, query).slice(whole(query, "offset") ?? 0);
}

/** Mounts `/{noun}`, `/{noun}/:name`, `…/versions`, `…/versions/:version` and `…/labels/:label`. */
export function mountAssets(arm: ArmRouter, world: AzureWorld, kind: AssetKind): void {
  const store = world.assets[kind.noun];
  const base = `/${kind.noun}`;
  const showVersion = (asset: AssetVersion, apiVersion: string) => versionBody(world, kind, asset, apiVersion);
  const showContainer = (container: AssetContainer, apiVersion: string) =>
    containerBody(world, kind, container, apiVersion, kind.containerSystemData ?? kind.systemData);
  const listContainer = (container: AssetContainer, apiVersion: string) =>
    containerBody(world, kind, container, apiVersion, kind.systemData);

  arm.get(
    base,
    (request, response, { apiVersion }) => {
      // Anonymous assets have no name of their own and are in no list of names. Not verified against live Azure.
      const named = store.containers().filter((one) => !one.versions.some((each) => each.properties["isAnonymous"]));
      response.json(
        page(select(named, request.query), request, world.urls.arm, (one) => listContainer(one, apiVersion)),
      );
    },
    selected,
  );

  arm.get(`${base}/:name`, (request, response, { apiVersion }) => {
    const container = store.container(parameter(request, "name"));
    if (container === undefined) throw kind.notFound(parameter(request, "name"));
    response.json(showContainer(container, apiVersion));
  });

  arm.put(`${base}/:name`, (request, response, { apiVersion, author }) => {
    const name = parameter(request, "name");
    requireName(name);
    const existed = store.container(name) !== undefined;
    const { description, tags, properties, isArchived, dataType } = propertiesOf(request);
    const sent = Object.entries({ description, tags, properties, isArchived, dataType });
    const kept = Object.fromEntries(sent.filter(([, value]) => value !== undefined));
    const container = store.putContainer(name, kept, author);
    const body = showContainer(container, apiVersion);
    if (existed) response.json(body);
    else answerCreated(request, response, world.urls.arm, body);
  });

  arm.delete(`${base}/:name`, (request, response) => {
    response.status(store.deleteContainer(parameter(request, "name")) ? 200 : 204).end();
  });

  arm.get(
    `${base}/:name/versions`,
    (request, response, { apiVersion }) => {
      // A name that nobody has used has no versions: an empty list, as the code look-up shows (docs/facts/azureml-wire.md#4.1).
      const versions = store.container(parameter(request, "name"))?.versions ?? [];
      const chosen = selectVersions(versions, request.query);
      response.json(page(chosen, request, world.urls.arm, (one) => showVersion(one, apiVersion)));
    },
    versionQuery(kind),
  );

  arm.get(`${base}/:name/versions/:version`, (request, response, { apiVersion }) => {
    const version = parameter(request, "version");
    const asset = found(request, version);
    const shown = showVersion(asset, apiVersion);
    // Found by this word, it is named by its label (recorded for components).
    const id = `${world.workspaceId}/${kind.noun}/${asset.name}/labels/default`;
    response.json(version === "azureml_default" ? { ...shown, id } : shown);
  });

  arm.get(`${base}/:name/labels/:label`, (request, response, { apiVersion }) => {
    const label = parameter(request, "label");
    const latest = label === "latest" || label === "default" ? store.latest(parameter(request, "name")) : undefined;
    if (latest === undefined) throw kind.notFound(parameter(request, "name"), label);
    response.json(showVersion(latest, apiVersion));
  });

  arm.put(`${base}/:name/versions/:version`, (request, response, context) =>
    putVersion(world, kind, request, response, context),
  );

  arm.delete(`${base}/:name/versions/:version`, (request, response) => {
    response.status(store.delete(parameter(request, "name"), parameter(request, "version")) ? 200 : 204).end();
  });

  function found(request: Request, version: string): AssetVersion {
    const name = parameter(request, "name");
    // A component asked for without a version is asked for by this one (docs/facts/azureml-documents.md#2.3).
    const asset = version === "azureml_default" ? store.latest(name) : store.version(name, version);
    if (asset === undefined) throw kind.notFound(name, version);
    return asset;
  }
}

async function putVersion(
  world: AzureWorld,
  kind: AssetKind,
  request: Request,
  response: Response,
  context: ArmContext,
): Promise<void> {
  if (typeof bodyOf(request)["properties"] !== "object") throw requiredField("properties");
  const store = world.assets[kind.noun];
  const name = parameter(request, "name");
  requireName(name);
  const asked = {
    name,
    version: parameter(request, "version"),
    asked: parameter(request, "version"),
    sent: propertiesOf(request),
    existing: undefined,
    context,
  };
  const version = kind.ownVersion?.(asked) ?? asked.version;
  const existing = store.version(name, version);
  const kept = await kind.normalise({ ...asked, version, existing }, world);
  const { sent } = asked;
  const { asset, created } = store.put(
    name,
    version,
    {
      description: sent["description"] ?? null,
      tags: sent["tags"] ?? {},
      properties: sent["properties"] ?? {},
      isArchived: sent["isArchived"] === true,
      isAnonymous: sent["isAnonymous"] === true,
      ...kept,
    },
    context.author,
  );
  const body = versionBody(world, kind, asset, context.apiVersion);
  // What has no name of its own is created at every PUT, as far as the answer tells.
  if (created || kind.repeatedPut === 201 || (kind.noun === "components" && sent["isAnonymous"] === true))
    answerCreated(request, response, world.urls.arm, body);
  else response.status(200).json(body);
}

/** A version as the wire shows it; also for planes that hand assets out by other routes. */
export function versionBody(world: AzureWorld, kind: AssetKind, asset: AssetVersion, apiVersion: string): object {
  const { description, tags, properties, isArchived, isAnonymous } = asset.properties;
  return envelope({
    id: `${world.workspaceId}/${kind.noun}/${asset.name}/versions/${asset.version}`,
    name: asset.version,
    type: `${kind.noun}/versions`,
    properties: {
      description,
      tags,
      properties,
      isArchived,
      isAnonymous,
      ...kind.show(asset.properties, apiVersion),
    },
    systemData: systemData(asset.stamps, variantOf(kind, asset)),
  });
}

/** Data tell who changed them once somebody has (recorded for archiving and restoring). */
function variantOf(kind: AssetKind, { stamps }: AssetVersion): SystemDataVariant {
  const isChanged = stamps.lastModifiedAt !== stamps.createdAt;
  return kind.systemData === "data" && isChanged ? "full" : kind.systemData;
}

function containerBody(
  world: AzureWorld,
  kind: AssetKind,
  container: AssetContainer,
  apiVersion: string,
  variant: SystemDataVariant,
): object {
  return envelope({
    id: `${world.workspaceId}/${kind.noun}/${container.name}`,
    name: container.name,
    type: kind.noun,
    properties: kind.showContainer(container, world.assets[kind.noun], apiVersion, world.clock.now()),
    systemData: systemData(container.stamps, variant),
  });
}

/**
 * The published types name containers by `^[a-zA-Z0-9][a-zA-Z0-9\\-_]{0,254}$`; a dot is let through besides, because
 * curated environments have one. The sentence is not verified against live Azure.
 */
function requireName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}$/.test(name)) return;
  throw userError(
    400,
    `The name '${name}' is invalid: names have up to 255 letters, digits, '-', '_' and '.', and begin with a letter or digit.`,
    ["BadArgument", "ArgumentInvalid"],
  );
}

/** The common fields of all containers. `empty` is shown if no tags or properties were ever written: `{}`, or null for data (docs/facts/azureml-wire.md#5, #6). */
export function containerProperties(
  container: AssetContainer,
  store: AssetStore,
  empty: object | null,
): Record<string, unknown> {
  const { description, tags, properties, isArchived } = container.properties;
  return {
    description: description ?? null,
    tags: tags ?? empty,
    properties: properties ?? empty,
    isArchived: isArchived === true,
    latestVersion: store.latest(container.name)?.version ?? null,
    nextVersion: store.nextVersion(container.name),
  };
}

/** 400 for a body that lacks what the kind cannot do without. The wording is not verified against live Azure. */
export function requiredField(path: string): ArmError {
  return userError(400, `The request is invalid: ${path} is required.`, ["BadArgument", "ArgumentInvalid"]);
}

/** The text that a request has to send as a property. @throws ArmError where it is missing or no text */
export function sentText(sent: Readonly<Record<string, unknown>>, name: string): string {
  const value = sent[name];
  if (typeof value !== "string") throw requiredField(`properties.${name}`);
  return value;
}

/**
 * Holds an existing version to its location. The client's own constant proves the message; its exchange was never
 * recorded (docs/facts/azureml-wire.md#16).
 * @throws ArmError 400 for another one
 */
export function keepPath(existing: AssetVersion | undefined, name: string, location: string): void {
  if (existing !== undefined && existing.properties[name] !== location)
    throw userError(400, "Asset paths cannot be updated.", ["BadArgument"]);
}

/** Whether an api-version is one of the previews that show registry keys (published types 2023-04-01-preview to 2024-01-01-preview). */
export function showsPreviewKeys(apiVersion: string): boolean {
  return apiVersion.endsWith("-preview") && apiVersion >= "2023-04-01" && apiVersion <= "2024-01-01-preview";
}
