// Environments: an image, an image with conda packages, or a Docker build context (docs/facts/azureml-documents.md#2.8).
// Tests: test/lib/documents/assets/assets.test.ts

import path from "node:path";

import { present } from "../../plain-objects.ts";
import { sha256 } from "../../sha256.ts";
import { API_VERSIONS, assetWrite } from "../language/asset-write.ts";
import { defineKind, MAY_CHANGE } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { includedFile } from "../language/included-file.ts";
import { map, object, optional, readOnly, required } from "../language/object.ts";
import { assetReference, datastore, type Reference, readLocalPath, resolveReference } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { anything, enumeration, integer, nameText, text, version } from "../language/scalar.ts";
import {
  type Below,
  described,
  FREE_BELOW,
  type Infer,
  type Reading,
  type Shape,
  type Writing,
} from "../language/shape.ts";
import type { MapNode, ScalarNode, YamlNode } from "../language/source.ts";
import { dumpSorted } from "./conda.ts";

/** The name that Azure's client gives to environments that a document holds inline. */
const ANONYMOUS_ENVIRONMENT = "CliV2AnonymousEnvironment";

const route = object("a route", { port: required(integer()), path: required(text()) });

/** The text of a conda file, whether it stands in a file of its own or inline. */
const condaFile: Shape<string> = {
  expects: "a path to a conda file, or the conda specification itself",
  below: FREE_BELOW,
  read(node, at) {
    if (node.kind === "map") return dumpSorted(node);
    if (node.kind !== "scalar" || node.type !== "string")
      return at.fault(node, `${at.name} is ${described(node)}; a path to a conda file is needed.`);
    const included = includedFile(node, at, "a conda environment");
    return included && dumpSorted(included.node);
  },
  write: (value) => value,
};

/** A folder with a Dockerfile, or the URL of one. */
const contextPath: Shape<string> = {
  expects: "a folder with a Dockerfile",
  below: { kind: "nothing" },
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string")
      return at.fault(node, `${at.name} is ${described(node)}; a folder is needed.`);
    return /^[a-z+]+:\/\//i.test(node.text) ? node.text : readLocalPath(node, at);
  },
  write: (value) => value,
};

const build = object("a build context", { path: optional(contextPath), dockerfile_path: optional(text()) });

const fields = {
  name: optional(nameText()),
  version: optional(version),
  description: optional(text()),
  tags: optional(tags),
  properties: optional(tags),
  image: optional(text()),
  conda_file: optional(condaFile),
  build: optional(build),
  os_type: optional(enumeration(["linux", "windows"], { rest: { linux: "Linux", windows: "Windows" } })),
  inference_config: optional(
    object("an inference configuration", {
      liveness_route: required(route),
      readiness_route: required(route),
      scoring_route: required(route),
    }),
  ),
  datastore: optional(datastore),
  auto_delete_setting: optional(map(anything)),
  id: readOnly(),
  latest_version: readOnly(),
  creation_context: readOnly(),
  intellectual_property: readOnly(),
};
const CONDA_HINT =
  "This looks like a conda file. Write an environment with `image:` and `conda_file:`, and name the conda file there.";
const hints = { channels: CONDA_HINT, dependencies: CONDA_HINT };

function checkSource(
  value: { image?: string; conda_file?: string; build?: Infer<typeof build> },
  node: MapNode,
  at: Reading,
): void {
  if (value.build !== undefined && value.image !== undefined)
    at.fault(node, `${at.name} has both an image and a build context.`, { hint: "Keep one of `image` and `build`." });
  if (value.build !== undefined && value.conda_file !== undefined)
    at.fault(node, `${at.name} has both a conda file and a build context.`, {
      hint: "Install the conda packages in the Dockerfile.",
    });
  if (value.conda_file !== undefined && value.image === undefined && value.build === undefined)
    at.fault(node, `${at.name} has a conda file but no image to install it on.`, { hint: "Add `image:`." });
  if (value.build === undefined && value.image === undefined && value.conda_file === undefined)
    at.fault(node, `${at.name} names no image and no build context.`, { hint: "Add `image:` or `build:`." });
}

const anonymousEnvironment = object("an environment", fields, { check: checkSource, hints });
const namedEnvironment = object(
  "an environment",
  { ...fields, name: required(nameText()) },
  { check: checkSource, hints },
);
type AnonymousEnvironment = Infer<typeof anonymousEnvironment>;
type EnvironmentDocument = Infer<typeof namedEnvironment>;

/**
 * Without a version it is the container's latest one: the service answers 200 when nothing
 * differs, and 409 when something does; then `resolver.nextVersion` is the version to use.
 */
async function write(document: EnvironmentDocument, resolver: Resolver) {
  const name = document.name;
  const chosen = document.version ?? (await currentVersion(name, resolver));
  const body = await environmentBody(document, resolver, false);
  return assetWrite("environments", name, chosen, body);
}

export const environmentKind = defineKind({
  name: "environment",
  order: 50,
  schemas: ["environment"],
  fields: [{ hasAny: ["image", "build", "conda_file"] }],
  advice: "AzureMLApply creates and updates environments.",
  shape: namedEnvironment,
  apiVersion: API_VERSIONS.environments,
  collection: "environments",
  asset: { mayChange: MAY_CHANGE },
  write,
});

async function currentVersion(name: string, resolver: Resolver): Promise<string> {
  const next = await resolver.nextVersion("environments", name);
  return next === "1" ? next : await resolver.version("environments", name, "latest");
}

async function environmentBody(
  document: AnonymousEnvironment,
  resolver: Resolver,
  isAnonymous: boolean,
): Promise<Record<string, unknown>> {
  const to = camelWriting(resolver);
  const context =
    document.build === undefined ? undefined : await buildBody(document.build, document.datastore, resolver);
  return {
    properties: present({
      description: document.description,
      isAnonymous,
      isArchived: false,
      condaFile: document.conda_file,
      image: document.image,
      build: context,
      osType: document.os_type && fields.os_type.shape.write(document.os_type, to),
      inferenceConfig:
        document.inference_config && (await fields.inference_config.shape.write(document.inference_config, to)),
      tags: document.tags,
      properties: document.properties,
    }),
  };
}

async function buildBody(context: Infer<typeof build>, store: string | undefined, resolver: Resolver): Promise<object> {
  const local = context.path !== undefined && path.isAbsolute(context.path);
  const uri =
    local && context.path
      ? `${(await resolver.upload(context.path, store)).httpsUri.replace(/\/+$/, "")}/`
      : context.path;
  return present({ contextUri: uri, dockerfilePath: context.dockerfile_path });
}

/** Registers an inline environment and answers its id. */
async function putAnonymousEnvironment(document: AnonymousEnvironment, resolver: Resolver): Promise<string> {
  const local =
    document.build?.path !== undefined && path.isAbsolute(document.build.path) ? document.build.path : undefined;
  const body = await environmentBody(document, resolver, true);
  const uploadHash = local === undefined ? undefined : (await resolver.upload(local, document.datastore)).hash;
  return await resolver.put("environments", ANONYMOUS_ENVIRONMENT, anonymousVersion(document, uploadHash), body);
}

/** Python's `separator.join(text)`: the separator between every two characters. */
const joinCharacters = (separator: string, value: string) => [...value].join(separator);

/** The version that Azure's client gives to the same environment, so that both find each other's (docs/facts/azureml-documents.md#2.8). */
function anonymousVersion(document: AnonymousEnvironment, uploadHash?: string): string {
  let hash = "";
  if (document.build !== undefined) {
    hash = joinCharacters(hash, sha256(uploadHash ?? document.build.path ?? ""));
    if (document.build.dockerfile_path !== undefined)
      hash = joinCharacters(hash, sha256(document.build.dockerfile_path));
  } else {
    hash = joinCharacters(hash, sha256(document.image ?? ""));
    // Azure's client hashes a Python object's dump here, which cannot be had; any text that tells configurations apart will do.
    if (document.inference_config) hash = joinCharacters(hash, sha256(JSON.stringify(document.inference_config)));
    if (document.conda_file) hash = joinCharacters(hash, sha256(document.conda_file));
  }
  return sha256(hash);
}

export type EnvironmentUse =
  | { readonly kind: "registered"; readonly reference: Reference }
  | { readonly kind: "inline"; readonly environment: AnonymousEnvironment };

const registered = assetReference("environments");
const below: Below = { kind: "either", shapes: [anonymousEnvironment as Shape<unknown>] };

/** The environment of a job, component or deployment: a reference, a mapping, or `file:` with a mapping. */
export const environmentUse: Shape<EnvironmentUse> = {
  expects: "a registered environment (azureml:<name>:<version>) or a mapping with image, conda_file or build",
  below,
  read(node, at) {
    if (node.kind === "map") return inline(node, at);
    if (node.kind === "scalar" && node.type === "string" && node.text.startsWith("file:")) return included(node, at);
    if (node.kind === "scalar" && node.type === "string" && LOOKS_LIKE_PATH.test(node.text)) return needsFile(node, at);
    const reference = registered.read(node, at);
    return reference && { kind: "registered", reference };
  },
  write: (value, to) => writeEnvironment(value, to),
};

const LOOKS_LIKE_PATH = /^\.{1,2}[\\/]|^(?!azureml:).*\.(ya?ml|json)$/i;

function needsFile(node: ScalarNode, at: Reading): undefined {
  const field = at.path.at(-1) ?? "environment";
  return at.fault(node, `${at.name} is ${described(node)}: a file has \`file:\` before its path here.`, {
    hint: `Write \`${field}: file:${node.text.replaceAll("\\", "/")}\`.`,
  });
}

function inline(node: YamlNode, at: Reading): EnvironmentUse | undefined {
  const environment = anonymousEnvironment.read(node, at);
  return environment && { kind: "inline", environment };
}

function included(node: ScalarNode, at: Reading): EnvironmentUse | undefined {
  const file = includedFile(node, at, "an environment");
  return file && inline(file.node, file.at);
}

async function writeEnvironment(value: EnvironmentUse, to: Writing): Promise<string> {
  const id =
    value.kind === "registered"
      ? await resolveReference(value.reference, "environments", to.resolver)
      : await putAnonymousEnvironment(value.environment, to.resolver);
  return to.style === "yaml" && id.startsWith("/") ? `azureml:${id}` : id;
}

/** The environment of a deployment: as `environmentUse`, but an inline one that has a name is registered under it. */
export const deploymentEnvironment: Shape<EnvironmentUse> = {
  ...environmentUse,
  async write(value, to) {
    if (value.kind === "registered" || value.environment.name === undefined) return await writeEnvironment(value, to);
    const named = { ...value.environment, name: value.environment.name };
    const { name, version: chosen, body } = await write(named, to.resolver);
    return await to.resolver.put("environments", name, chosen, body);
  },
};
