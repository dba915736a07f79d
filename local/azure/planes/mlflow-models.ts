// MLflow's model registry: the same models that the management plane keeps (facts/03 §5.6), in MLflow's words.

import type { Request } from "express";
import type { AssetContainer, AssetVersion } from "../arm/collection.ts";
import type { Author } from "../arm/envelope.ts";
import { author, type Principal } from "../identity.ts";
import { type FilterClause, FilterError, parseFilter, satisfies } from "../jobs/filters.ts";
import { declaredFlavors, storedModelUri } from "../resources/models.ts";
import type { AzureWorld } from "../world.ts";
import { MlflowError, type Mounting, missing, pageOf, pairsOf, text, textsOf } from "./mlflow-protocol.ts";

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
      aliases: Object.entries((one.properties["aliases"] ?? {}) as Record<string, string>).map(([alias, to]) => ({
        alias,
        version: to,
      })),
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
    const found = named().filter((one) => clauses.every((clause) => fits(one, clause)));
    return pageOf("registered_models", found.map(showModel), sent);
  });
  // Without stages: the last version of all. With stages: the last one of each.
  const latest = (sent: Record<string, unknown>) => {
    const { name, versions } = container(text(sent, "name"));
    const stages = textsOf(sent["stages"]);
    const newest = (of: readonly AssetVersion[]) => of.toSorted((one, other) => other.sequence - one.sequence)[0];
    const found =
      stages.length === 0
        ? [models.latest(name)]
        : stages.map((stage) => newest(versions.filter((one) => stageOf(one) === stage)));
    return { model_versions: found.flatMap((one) => (one === undefined ? [] : [showVersion(world, one)])) };
  };
  on("get", "/registered-models/get-latest-versions", latest);
  on("post", "/registered-models/get-latest-versions", latest);
  on("patch", "/registered-models/update", (sent, request) => {
    const { name } = container(text(sent, "name"));
    const description = String(sent["description"] ?? "");
    return { registered_model: showModel(models.putContainer(name, { description }, caller(request))) };
  });
  on("delete", "/registered-models/delete", (sent) => {
    models.deleteContainer(container(text(sent, "name")).name);
    return {};
  });
  const tagModel = (sent: Record<string, unknown>, request: Request, value: string | undefined) => {
    const { name, properties } = container(text(sent, "name"));
    models.putContainer(name, { tags: tagged(properties["tags"], text(sent, "key"), value) }, caller(request));
    return {};
  };
  on("post", "/registered-models/set-tag", (sent, request) => tagModel(sent, request, String(sent["value"] ?? "")));
  on("delete", "/registered-models/delete-tag", (sent, request) => tagModel(sent, request, undefined));

  // Aliases are MLflow's own; that Azure ML keeps them is not verified against live Azure.
  const aliased = (sent: Record<string, unknown>, request: Request, to: string | undefined) => {
    const { name, properties } = container(text(sent, "name"));
    const aliases = tagged(properties["aliases"], text(sent, "alias"), to);
    models.putContainer(name, { aliases }, caller(request));
    return {};
  };
  on("post", "/registered-models/alias", (sent, request) => aliased(sent, request, version(sent).version));
  on("delete", "/registered-models/alias", (sent, request) => aliased(sent, request, undefined));
  on("get", "/registered-models/alias", (sent) => {
    const { name, properties } = container(text(sent, "name"));
    const alias = text(sent, "alias");
    const to = ((properties["aliases"] ?? {}) as Record<string, string>)[alias];
    const found = to === undefined ? undefined : models.version(name, to);
    if (found === undefined) {
      throw new MlflowError(400, "INVALID_PARAMETER_VALUE", `Registered model alias ${alias} not found.`);
    }
    return { model_version: showVersion(world, found) };
  });

  on("post", "/model-versions/create", async (sent, request) => {
    const { name } = container(text(sent, "name"));
    const source = text(sent, "source");
    const run = typeof sent["run_id"] === "string" && sent["run_id"] !== "" ? sent["run_id"] : null;
    const properties = {
      description: sent["description"] ?? null,
      tags: pairsOf(sent["tags"]),
      properties: {},
      isArchived: false,
      isAnonymous: false,
      flavors: await declaredFlavors(world, source),
      modelType: "mlflow_model",
      modelUri: storedModelUri(world, source),
      // MLflow shows where it was registered from, the management plane where it lies.
      source,
      jobName: run,
      stage: null,
    };
    return {
      model_version: showVersion(world, models.put(name, models.nextVersion(name), properties, caller(request)).asset),
    };
  });
  on("get", "/model-versions/get", (sent) => ({ model_version: showVersion(world, version(sent)) }));
  on("get", "/model-versions/get-download-uri", (sent) => ({ artifact_uri: sourceOf(version(sent)) }));
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
    change(found, { tags: tagged(found.properties["tags"], text(sent, "key"), String(sent["value"] ?? "")) }, request);
    return {};
  });
  on("delete", "/model-versions/delete-tag", (sent, request) => {
    const found = version(sent);
    change(found, { tags: tagged(found.properties["tags"], text(sent, "key"), undefined) }, request);
    return {};
  });
  on("patch", "/model-versions/update", (sent, request) => {
    const found = version(sent);
    change(found, { description: String(sent["description"] ?? "") }, request);
    return { model_version: showVersion(world, found) };
  });
  on("delete", "/model-versions/delete", (sent) => {
    const found = version(sent);
    models.delete(found.name, found.version);
    return {};
  });
  on("post", "/model-versions/transition-stage", (sent, request) => {
    const found = version(sent);
    const stage = stages.find((one) => one.toLowerCase() === text(sent, "stage").toLowerCase());
    if (stage === undefined) {
      const message = `Invalid Model Version stage: ${String(sent["stage"])}. Value must be one of ${stages.join(", ")}.`;
      throw new MlflowError(400, "INVALID_PARAMETER_VALUE", message);
    }
    if (String(sent["archive_existing_versions"]) === "true") {
      const others = container(found.name).versions.filter((one) => one !== found && stageOf(one) === stage);
      for (const other of others) change(other, { stage: "Archived" }, request);
    }
    change(found, { stage }, request);
    return { model_version: showVersion(world, found) };
  });

  function change(of: AssetVersion, properties: Record<string, unknown>, request: Request): void {
    models.put(of.name, of.version, { ...of.properties, ...properties }, caller(request));
  }
}

const stages = ["None", "Staging", "Production", "Archived"];

function stageOf(version: AssetVersion): string {
  return String(version.properties["stage"] ?? "None");
}

/** MLflow's own reference, or the place of a model that came over the management plane. */
function sourceOf(version: AssetVersion): unknown {
  return version.properties["source"] ?? version.properties["modelUri"];
}

/** The map with `key` set to `value`, or without it. */
function tagged(map: unknown, key: string, value: string | undefined): Record<string, string> {
  const { [key]: _before, ...others } = (map ?? {}) as Record<string, string>;
  return value === undefined ? others : { ...others, [key]: value };
}

/** A tag that is not there differs from every value: MLflow's clients leave prompts out by `tag.… != 'true'`. */
function fits(model: AssetContainer, clause: FilterClause): boolean {
  if (clause.group !== "tag") return satisfies(clause, clause.key === "name" ? model.name : undefined);
  const value = ((model.properties["tags"] ?? {}) as Record<string, string>)[clause.key];
  return value === undefined ? clause.operator === "!=" : satisfies(clause, value);
}

function versionField(version: AssetVersion, key: string): string | undefined {
  const value = {
    name: version.name,
    run_id: version.properties["jobName"],
    source_path: sourceOf(version),
  }[key];
  return typeof value === "string" ? value : undefined;
}

/** Stage and `stage` of the management plane are one and the same; not verified against live Azure. */
function showVersion(world: AzureWorld, version: AssetVersion): object {
  const { properties } = version;
  return {
    name: version.name,
    version: version.version,
    creation_timestamp: Date.parse(version.stamps.createdAt),
    last_updated_timestamp: Date.parse(version.stamps.lastModifiedAt),
    current_stage: stageOf(version),
    description: properties["description"] ?? "",
    source: sourceOf(version),
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
