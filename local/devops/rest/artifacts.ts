// Artifacts of builds, and the file containers that hold their files.
import { zipSync } from "fflate";
import type { Build } from "../state/builds.ts";
import type { Artifact } from "../state/containers.ts";
import { badRequest, collection, file, json, notFound, time } from "./answers.ts";
import { buildOf } from "./builds.ts";
import type { Call, Resource } from "./routes.ts";

function artifactBody(call: Call, build: Build, artifact: Artifact): object {
  const { world } = call;
  const url = `${world.collectionUri}${world.project.id}/_apis/build/builds/${build.id}/artifacts?artifactName=${encodeURIComponent(artifact.name)}&api-version=7.1`;
  return {
    id: artifact.id,
    name: artifact.name,
    source: artifact.source,
    resource: { type: artifact.type, data: artifact.data, properties: {}, url, downloadUrl: `${url}&%24format=zip` },
  };
}

function get(call: Call) {
  const build = buildOf(call);
  const name = call.query.get("artifactName");
  if (name === null) return collection(build.artifacts.map((each) => artifactBody(call, build, each)));
  const artifact = build.artifacts.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (artifact === undefined)
    throw notFound("ArtifactNotFoundException", `The artifact ${name} was not found for build ${build.id}.`);
  const wantsZip =
    call.query.get("$format")?.toLowerCase() === "zip" || /application\/zip/i.test(call.header("accept") ?? "");
  if (!wantsZip) return json(artifactBody(call, build, artifact));
  const files = [...call.world.containers.filesOf(artifact)].map(
    ([path, content]) => [`${artifact.name}/${path}`, content] as const,
  );
  return file(Buffer.from(zipSync(Object.fromEntries(files))), "application/zip");
}

function create(call: Call) {
  const build = buildOf(call);
  const sent = (call.body ?? {}) as { name?: string; source?: string; resource?: { type?: string; data?: string } };
  if (typeof sent.name !== "string") throw badRequest("Value cannot be null. Parameter name: artifact.Name");
  if (build.artifacts.some((each) => each.name.toLowerCase() === sent.name?.toLowerCase())) {
    throw badRequest(`Artifact ${sent.name} already exists for build ${build.id}.`, "ArtifactExistsException");
  }
  const artifact: Artifact = {
    id: build.artifacts.length + 1,
    name: sent.name,
    type: sent.resource?.type ?? "container",
    data: sent.resource?.data ?? "",
    source: sent.source ?? build.plan.planId,
  };
  build.artifacts.push(artifact);
  return json(artifactBody(call, build, artifact));
}

function itemBody(call: Call, path: string, content: Buffer): object {
  const container = Number(call.route["containerId"]);
  return {
    containerId: container,
    scopeIdentifier: call.world.project.id,
    path,
    itemType: "file",
    status: "created",
    fileLength: content.length,
    fileEncoding: 1,
    fileType: 1,
    dateCreated: time(call.world.now()),
    dateLastModified: time(call.world.now()),
    itemLocation: `${call.world.collectionUri}_apis/resources/Containers/${container}?itemPath=${encodeURIComponent(path)}`,
  };
}

function write(call: Call) {
  const path = call.query.get("itemPath");
  if (path === null || path === "") throw badRequest("Value cannot be null. Parameter name: itemPath");
  const container = Number(call.route["containerId"]);
  const from = Number(/^bytes (\d+)-/.exec(call.header("content-range") ?? "")?.[1] ?? 0);
  call.world.containers.write(container, path, call.bytes, from);
  return json(itemBody(call, path, call.bytes), 201);
}

function read(call: Call) {
  const container = Number(call.route["containerId"]);
  const path = call.query.get("itemPath") ?? "";
  const content = call.world.containers.files(container).get(path);
  if (content !== undefined && /octetstream/i.test(call.query.get("$format") ?? "")) return file(content);
  const found = call.world.containers.below(container, path);
  if (found.length === 0)
    throw notFound("ContainerItemNotFoundException", `The item ${path} in container ${container} could not be found.`);
  return collection(found.map(([each, bytes]) => itemBody(call, each, bytes)));
}

export const artifacts: readonly Resource[] = [
  {
    area: "build",
    id: "1db06c96-014e-44e1-ac91-90b2d4b3e984",
    name: "artifacts",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}",
    version: 5,
    handlers: { GET: get, POST: create },
  },
  {
    area: "Container",
    id: "e4f5c81e-e250-447b-9fef-bd48471bea5e",
    name: "Containers",
    template: "_apis/resources/{resource}/{containerId}",
    version: 4,
    handlers: { GET: read, PUT: write },
  },
];
