// MLflow's model registry: the same models that the management plane keeps (docs/facts/azureml-services.md#5.6), in MLflow's words.

import type { Request } from "express";
import { author, type Principal } from "../arm/caller.ts";
import type { AssetContainer, AssetVersion } from "../arm/collection.ts";
import type { Author } from "../arm/envelope.ts";
import { storedModelUri } from "../resources/assets/models.ts";
import { declaredFlavors } from "../workspace/flavors.ts";
import type { AzureWorld } from "../world/world.ts";
import {
  aliasesOf,
  latestOf,
  modelField,
  modelSource,
  searchedModels,
  searchedVersions,
  showVersion,
  sourceOf,
  stageNamed,
  stageOf,
  tagged,
  times,
  versionField,
} from "./mlflow-model-shape.ts";
import {
  invalid,
  MlflowError,
  type Mounting,
  missing,
  notSupported,
  onlyFields,
  pageOf,
  pairs,
  pairsOf,
  text,
  textsOf,
} from "./mlflow-protocol.ts";
import { searching } from "./mlflow-search.ts";

const searchFields = ["filter", "max_results", "order_by", "page_token"];

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
    return {
      name: one.name,
      ...times(one.stamps),
      description: one.properties["description"] ?? "",
      latest_versions: latestOf(one, []).map((each) => showVersion(world, each)),
      tags: pairs(one.properties["tags"]),
      aliases: one.versions.flatMap((each) => aliasesOf(each).map((alias) => ({ alias, version: each.version }))),
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
    onlyFields(sent, searchFields);
    const choose = searching(sent, searchedModels, modelField);
    const found = choose(named().sort((one, other) => (one.name < other.name ? -1 : 1)));
    return pageOf("registered_models", found.map(showModel), sent);
  });
  const latest = (sent: Record<string, unknown>) => ({
    model_versions: latestOf(container(text(sent, "name")), textsOf(sent["stages"]).map(stageNamed)).map((one) =>
      showVersion(world, one),
    ),
  });
  on("get", "/registered-models/get-latest-versions", latest);
  on("post", "/registered-models/get-latest-versions", latest);
  on("patch", "/registered-models/update", (sent, request) => {
    const { name } = container(text(sent, "name"));
    const description = String(sent["description"] ?? "");
    return { registered_model: showModel(models.putContainer(name, { description }, caller(request))) };
  });
  on("delete", "/registered-models/delete", (sent) => {
    container(text(sent, "name"));
    throw notSupported("deleting entire model containers");
  });
  on("post", "/registered-models/rename", (sent) => {
    container(text(sent, "name"));
    throw notSupported("renaming models");
  });
  const tagModel = (sent: Record<string, unknown>, request: Request, value: string | undefined) => {
    const { name, properties } = container(text(sent, "name"));
    models.putContainer(name, { tags: tagged(properties["tags"], text(sent, "key"), value) }, caller(request));
    return {};
  };
  on("post", "/registered-models/set-tag", (sent, request) => tagModel(sent, request, String(sent["value"] ?? "")));
  on("delete", "/registered-models/delete-tag", (sent, request) => tagModel(sent, request, undefined));

  // Aliases are MLflow's own; that Azure ML keeps them is not verified against live Azure. A version has its own, so that they go with it.
  on("post", "/registered-models/alias", (sent, request) => {
    const alias = text(sent, "alias");
    const found = version(sent);
    withoutAlias(container(found.name), alias, request);
    change(found, { aliases: [...aliasesOf(found), alias] }, request);
    return {};
  });
  on("delete", "/registered-models/alias", (sent, request) => {
    withoutAlias(container(text(sent, "name")), text(sent, "alias"), request);
    return {};
  });
  on("get", "/registered-models/alias", (sent) => {
    const alias = text(sent, "alias");
    const found = container(text(sent, "name")).versions.find((one) => aliasesOf(one).includes(alias));
    if (found === undefined) throw invalid(`Registered model alias ${alias} not found.`);
    return { model_version: showVersion(world, found) };
  });

  on("post", "/model-versions/create", async (sent, request) => {
    const { name } = container(text(sent, "name"));
    const source = modelSource(text(sent, "source"));
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
    onlyFields(sent, searchFields);
    const choose = searching(sent, searchedVersions, versionField);
    const newest = named()
      .flatMap((one) => one.versions)
      .sort((one, other) => other.sequence - one.sequence);
    const found = choose(newest);
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
    const stage = stageNamed(text(sent, "stage"));
    if (String(sent["archive_existing_versions"]) === "true") {
      const others = container(found.name).versions.filter((one) => one !== found && stageOf(one) === stage);
      for (const other of others) change(other, { stage: "Archived" }, request);
    }
    change(found, { stage }, request);
    return { model_version: showVersion(world, found) };
  });

  function withoutAlias(model: AssetContainer, alias: string, request: Request): void {
    for (const one of model.versions.filter((each) => aliasesOf(each).includes(alias)))
      change(one, { aliases: aliasesOf(one).filter((each) => each !== alias) }, request);
  }

  function change(of: AssetVersion, properties: Record<string, unknown>, request: Request): void {
    models.put(of.name, of.version, { ...of.properties, ...properties }, caller(request));
  }
}

function caller(request: Request): Author {
  return author(request.res?.locals["caller"] as Principal);
}
