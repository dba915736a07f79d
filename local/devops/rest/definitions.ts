// Build definitions, as far as clients look them up.
import type { Definition } from "../state/builds.ts";
import type { DevOpsWorld } from "../world.ts";
import { json, notFound, page, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import { buildBody, definitionReference, repositoryReference } from "./references.ts";
import type { Call, Resource } from "./routes.ts";

function definitionBody(world: DevOpsWorld, definition: Definition, whole: boolean): object {
  return {
    _links: {
      self: {
        href: `${world.collectionUri}${world.project.id}/_apis/build/Definitions/${definition.id}?revision=${definition.revision}`,
      },
      web: {
        href: `${world.collectionUri}${encodeURIComponent(world.project.name)}/_build/definition?definitionId=${definition.id}`,
      },
    },
    quality: "definition",
    queue: { id: 1, name: "Default", pool: { id: 1, name: "Default" } },
    ...definitionReference(world, definition),
    createdDate: time(definition.createdOn),
    ...(whole
      ? {
          tags: [...definition.tags],
          process: { yamlFilename: definition.yamlFilename, type: 2 },
          repository: {
            ...repositoryReference(world, definition.repository),
            defaultBranch: definition.repository.defaultBranch,
          },
        }
      : {}),
  };
}

function list(call: Call) {
  requireProject(call.world, call.route["project"]);
  const { query, world } = call;
  const name = query.get("name")?.toLowerCase();
  const ids = query.get("definitionIds")?.split(",").map(Number);
  const path = query.get("path");
  const yaml = query.get("yamlFilename");
  const found = world.builds.definitions.filter(
    (each) =>
      (name === undefined ||
        (name.endsWith("*")
          ? each.name.toLowerCase().startsWith(name.slice(0, -1))
          : each.name.toLowerCase() === name)) &&
      (ids === undefined || ids.includes(each.id)) &&
      (path === null || each.path === path) &&
      (yaml === null || each.yamlFilename === yaml),
  );
  const answer = page(found, query, 10_000);
  const latest = query.get("includeLatestBuilds") === "true";
  const bodies = (answer.list as Definition[]).map((definition) => {
    const ofIt = world.builds.all.filter((build) => build.definition === definition);
    const completed = ofIt.findLast((build) => build.status === "completed");
    return {
      ...definitionBody(world, definition, query.get("includeAllProperties") === "true"),
      ...(latest && ofIt.length > 0 ? { latestBuild: buildBody(world, ofIt.at(-1)!) } : {}),
      ...(latest && completed !== undefined ? { latestCompletedBuild: buildBody(world, completed) } : {}),
    };
  });
  return { ...answer, list: bodies, body: { count: bodies.length, value: bodies } };
}

export const definitions: readonly Resource[] = [
  {
    area: "build",
    id: "dbeaf647-6167-421a-bda9-c9327b25e2e6",
    name: "definitions",
    template: "{project}/_apis/{area}/{resource}/{definitionId}",
    version: 7,
    handlers: {
      GET: (call) => {
        const id = call.route["definitionId"];
        if (id === undefined) return list(call);
        requireProject(call.world, call.route["project"]);
        const definition = call.world.builds.definition(Number(id));
        if (definition === undefined)
          throw notFound("DefinitionNotFoundException", `The definition ${id} could not be found.`);
        return json(definitionBody(call.world, definition, true));
      },
    },
  },
];
