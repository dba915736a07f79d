// MLflow's model registry: the same models that the management plane keeps (facts/03 §5.6), in MLflow's words.

import type { Request } from "express";
import type { AssetContainer, AssetVersion } from "../arm/collection.ts";
import type { Author } from "../arm/envelope.ts";
import { author, type Principal } from "../identity.ts";
import { FilterError, parseFilter, satisfies } from "../jobs/filters.ts";
import type { AzureWorld } from "../world.ts";
import { MlflowError, type Mounting, missing, pageOf, pairsOf, text } from "./mlflow-protocol.ts";

export function mountModels(on: Mounting, world: AzureWorld): void {
  const { models } = world.assets;
  const container = (name: string): AssetContainer => {
    const found = models.container(name);
    if (found === undefined) throw missing(`Registered Model with name=${name} not found`);
    return found;
  };
  const version = (sent: Record<string, unknown>): AssetVersion => {
    const [name, wanted] = [text(sent, "name"), text(sent, "version")];
    const found = models.version(name, wanted);
    if (found === undefined) throw missing(`Model Version (name=${name}, version=${wanted}) not found`);
    return found;
  };
  const named = () =>
    models.containers().filter((one) => !one.versions.some((each) => each.properties["isAnonymous"] === true));
  const showModel = (one: AssetContainer) => {
    const latest = models.latest(one.name);
    return {
      name: one.name,
      creation_timestamp: Date.parse(one.stamps.createdAt),
      last_updated_timestamp: Date.parse(one.stamps.lastModifiedAt),
      description: one.properties["description"] ?? "",
      latest_versions: latest ? [showVersion(world, latest)] : [],
      tags: pairs(one.properties["tags"]),
    };
  };

  on("post", "/registered-models/create", (sent, request) => {
    const name = text(sent, "name");
    if (models.container(name))
      throw new MlflowError(400, "RESOURCE_ALREADY_EXISTS", `Registered Model (name=${name}) already exists.`);
    const made = models.putContainer(
      name,
      { description: sent["description"] ?? null, tags: pairsOf(sent["tags"]) },
      caller(request),
    );
    return { registered_model: showModel(made) };
  });
  on("get", "/registered-models/get", (sent) => ({ registered_model: showModel(container(text(sent, "name"))) }));
  on("get", "/registered-models/search", (sent) => {
    const clauses = parseFilter(sent["filter"] as string | undefined);
    const found = named().filter((one) =>
      clauses.every((clause) => satisfies(clause, clause.key === "name" ? one.name : undefined)),
    );
    return pageOf("registered_models", found.map(showModel), sent);
  });
  const latest = (sent: Record<string, unknown>) => {
    const found = models.latest(container(text(sent, "name")).name);
    return { model_versions: found ? [showVersion(world, found)] : [] };
  };
  on("get", "/registered-models/get-latest-versions", latest);
  on("post", "/registered-models/get-latest-versions", latest);

  on("post", "/model-versions/create", (sent, request) => {
    const { name } = container(text(sent, "name"));
    const source = text(sent, "source");
    const run = typeof sent["run_id"] === "string" && sent["run_id"] !== "" ? sent["run_id"] : null;
    const properties = {
      description: sent["description"] ?? null,
      tags: pairsOf(sent["tags"]),
      properties: {},
      isArchived: false,
      isAnonymous: false,
      flavors: {},
      modelType: "mlflow_model",
      modelUri: source,
      jobName: run,
      stage: null,
    };
    return {
      model_version: showVersion(world, models.put(name, models.nextVersion(name), properties, caller(request)).asset),
    };
  });
  on("get", "/model-versions/get", (sent) => ({ model_version: showVersion(world, version(sent)) }));
  on("get", "/model-versions/get-download-uri", (sent) => ({ artifact_uri: version(sent).properties["modelUri"] }));
  on("get", "/model-versions/search", (sent) => {
    const clauses = parseFilter(sent["filter"] as string | undefined);
    const unknown = clauses.find(({ key }) => !/^(name|run_id|source_path)$/.test(key));
    if (unknown) throw new FilterError(`Invalid attribute key '${unknown.key}'.`);
    const found = named()
      .flatMap((one) => one.versions)
      .filter((one) => clauses.every((clause) => satisfies(clause, versionField(one, clause.key))))
      .sort((one, other) => other.sequence - one.sequence);
    return pageOf(
      "model_versions",
      found.map((one) => showVersion(world, one)),
      sent,
    );
  });
  on("post", "/model-versions/set-tag", (sent, request) => {
    const found = version(sent);
    const tags = { ...(found.properties["tags"] as object), [text(sent, "key")]: String(sent["value"] ?? "") };
    models.put(found.name, found.version, { ...found.properties, tags }, caller(request));
    return {};
  });
}

function versionField(version: AssetVersion, key: string): string | undefined {
  const value = {
    name: version.name,
    run_id: version.properties["jobName"],
    source_path: version.properties["modelUri"],
  }[key];
  return typeof value === "string" ? value : undefined;
}

/** Azure ML has no MLflow stages of its own here: `None` unless the management plane's version has one. */
function showVersion(world: AzureWorld, version: AssetVersion): object {
  const { properties } = version;
  return {
    name: version.name,
    version: version.version,
    creation_timestamp: Date.parse(version.stamps.createdAt),
    last_updated_timestamp: Date.parse(version.stamps.lastModifiedAt),
    current_stage: properties["stage"] ?? "None",
    description: properties["description"] ?? "",
    source: properties["modelUri"],
    run_id: properties["jobName"] ?? "",
    run_link: properties["jobName"] ? `${world.urls.api}/runs/${String(properties["jobName"])}` : "",
    status: "READY",
    tags: pairs(properties["tags"]),
  };
}

function pairs(tags: unknown): { key: string; value: unknown }[] {
  return Object.entries((tags ?? {}) as object).map(([key, value]) => ({ key, value }));
}

function caller(request: Request): Author {
  return author(request.res?.locals["caller"] as Principal);
}
