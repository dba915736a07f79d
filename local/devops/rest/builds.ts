// Builds: queue, look, list, change, and the tags and properties on them.
import type { Build, BuildReason, BuildResult, BuildStatus } from "../state/builds.ts";
import { fullRef } from "../state/builds.ts";
import { badRequest, collection, enumName, json, notFound, page } from "./answers.ts";
import { requireProject } from "./core.ts";
import { buildBody, identityIn } from "./references.ts";
import type { Call, Resource } from "./routes.ts";
import { requirePermission, requireQueuing } from "./security.ts";
import { patchDocument } from "./work-items.ts";

// Numbers of BuildInterfaces' enumerations, for clients that send numbers.
const statuses: Record<BuildStatus | "none" | "postponed" | "all", number> = {
  none: 0,
  inProgress: 1,
  completed: 2,
  cancelling: 4,
  postponed: 8,
  notStarted: 32,
  all: 47,
};
const results: Record<BuildResult | "none", number> = {
  none: 0,
  succeeded: 2,
  partiallySucceeded: 4,
  failed: 8,
  canceled: 32,
};
const reasons: Record<BuildReason, number> = {
  manual: 1,
  individualCI: 2,
  batchedCI: 4,
  schedule: 8,
  userCreated: 32,
  pullRequest: 256,
  buildCompletion: 512,
  resourceTrigger: 1024,
  triggered: 943,
};

/** The build that the route names. */
export function buildOf(call: Call): Build {
  requireProject(call.world, call.route["project"]);
  const id = call.route["buildId"] ?? "";
  const build = call.world.builds.get(Number(id));
  if (build === undefined) throw notFound("BuildNotFoundException", `The requested build ${id} could not be found.`);
  return build;
}

function bodyOf(call: Call): Record<string, unknown> {
  if (typeof call.body !== "object" || call.body === null || Array.isArray(call.body))
    throw badRequest("Value cannot be null. Parameter name: build");
  return call.body as Record<string, unknown>;
}

function list(call: Call) {
  requireProject(call.world, call.route["project"]);
  const { query } = call;
  const numbers = (name: string) => query.get(name)?.split(",").map(Number);
  const definitions = numbers("definitions");
  const ids = numbers("buildIds");
  const status = enumName(query.get("statusFilter") ?? undefined, statuses);
  const result = enumName(query.get("resultFilter") ?? undefined, results);
  const reason = enumName(query.get("reasonFilter") ?? undefined, reasons);
  const branch = query.get("branchName");
  const tags = query.get("tagFilters")?.split(",") ?? [];
  const number = query.get("buildNumber");
  const repository = query.get("repositoryId");
  const requestedFor = query.get("requestedFor")?.toLowerCase();
  const least = query.get("minTime");
  const most = query.get("maxTime");
  const found = call.world.builds.all.filter(
    (build) =>
      (definitions === undefined || definitions.includes(build.definition.id)) &&
      (ids === undefined || ids.includes(build.id)) &&
      (status === undefined || status === "all" || build.status === status) &&
      (result === undefined || build.result === result) &&
      (reason === undefined || build.reason === reason) &&
      (branch === null || build.sourceBranch === fullRef(branch)) &&
      tags.every((tag) => build.tags.has(tag)) &&
      (number === null ||
        (number.endsWith("*") ? build.buildNumber.startsWith(number.slice(0, -1)) : build.buildNumber === number)) &&
      (repository === null || build.definition.repository.id === repository) &&
      (requestedFor === undefined ||
        [build.requestedFor.displayName, build.requestedFor.uniqueName].some(
          (name) => name.toLowerCase() === requestedFor,
        )) &&
      (least === null || (build.finishTime ?? build.queueTime) >= Date.parse(least)) &&
      (most === null || (build.finishTime ?? build.queueTime) <= Date.parse(most)),
  );
  // The newest first, for every field of time in the request; only the direction can be reversed.
  const ascending =
    /ascending/i.test(query.get("queryOrder") ?? "") || ["2", "5", "7"].includes(query.get("queryOrder") ?? "");
  const ordered = ascending ? found : found.toReversed();
  const each = Number(query.get("maxBuildsPerDefinition") ?? Number.POSITIVE_INFINITY);
  const seen = new Map<number, number>();
  const kept = ordered.filter((build) => {
    const count = (seen.get(build.definition.id) ?? 0) + 1;
    seen.set(build.definition.id, count);
    return count <= each;
  });
  const answer = page(kept, query);
  const bodies = (answer.list as Build[]).map((build) => buildBody(call.world, build));
  return { ...answer, list: bodies, body: { count: bodies.length, value: bodies } };
}

function queue(call: Call) {
  requireProject(call.world, call.route["project"]);
  const body = call.body === undefined ? {} : bodyOf(call);
  const wanted = (body["definition"] as { id?: number } | undefined)?.id ?? call.query.get("definitionId");
  const definition = wanted == null ? undefined : call.world.builds.definition(wanted);
  if (definition === undefined)
    throw notFound("DefinitionNotFoundException", `The definition ${wanted ?? ""} could not be found.`);
  const parameters =
    typeof body["parameters"] === "string" ? (JSON.parse(body["parameters"]) as Record<string, string>) : {};
  const templateParameters = (body["templateParameters"] as Record<string, string> | undefined) ?? {};
  requireQueuing(call, definition, [parameters, templateParameters]);
  const build = call.world.builds.queue(definition, {
    branch: String(body["sourceBranch"] ?? definition.repository.defaultBranch),
    commit: String(body["sourceVersion"] ?? ""),
    reason: enumName(body["reason"], reasons) ?? "manual",
    requestedFor: identityIn(body, "requestedFor") ?? {
      id: call.world.buildService.id,
      displayName: call.caller.name,
      uniqueName: call.caller.name,
    },
    triggerInfo: (body["triggerInfo"] as Record<string, string> | undefined) ?? {},
    ...{ parameters, templateParameters },
  });
  call.world.builds.emit("requested", build);
  return json(buildBody(call.world, build));
}

function update(call: Call) {
  const build = buildOf(call);
  const body = bodyOf(call);
  const status = enumName(body["status"], statuses);
  const result = enumName(body["result"], results);
  if (typeof body["buildNumber"] === "string") build.buildNumber = body["buildNumber"];
  if (typeof body["keepForever"] === "boolean") build.keepForever = body["keepForever"];
  build.changedAt = call.world.now();
  if (status === "cancelling" && build.status !== "completed") build.status = "cancelling";
  else if (status === "inProgress" && build.status === "notStarted") call.world.builds.start(build);
  else if (status === "completed")
    call.world.builds.finish(build, result === undefined || result === "none" ? "succeeded" : result);
  return json(buildBody(call.world, build));
}

/** The build that the route names, for a change of its tags or properties. */
function changedBuild(call: Call): Build {
  requirePermission(call, "build", "UpdateBuildInformation");
  return buildOf(call);
}

function addTags(call: Call) {
  const build = changedBuild(call);
  const tags =
    call.route["tag"] === undefined ? (Array.isArray(call.body) ? call.body.map(String) : []) : [call.route["tag"]];
  for (const tag of tags) build.tags.add(tag);
  return collection([...build.tags]);
}

/** Properties as the service writes them: `{"count":1,"value":{"name":{"$type":"System.String","$value":"…"}}}`. */
function properties(build: Build, filter: string[] | undefined) {
  const kept = [...build.properties].filter(
    ([name]) => filter === undefined || filter.some((each) => each.toLowerCase() === name.toLowerCase()),
  );
  const value = Object.fromEntries(
    kept.map(([name, content]) => [
      name,
      { $type: typeof content === "number" ? "System.Int32" : "System.String", $value: content },
    ]),
  );
  return json({ count: kept.length, value });
}

function patchProperties(call: Call) {
  const build = changedBuild(call);
  for (const { op, path, value } of patchDocument(call, "PATCH")) {
    const name = path.replace(/^\//, "");
    if (op === "remove") build.properties.delete(name);
    else if (op === "add" || op === "replace") build.properties.set(name, value);
    else throw badRequest(`The operation ${op} is not supported on build properties.`);
  }
  return properties(build, undefined);
}

export const builds: readonly Resource[] = [
  {
    area: "build",
    id: "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
    name: "builds",
    template: "{project}/_apis/{area}/{resource}/{buildId}",
    version: 7,
    handlers: {
      GET: (call) => (call.route["buildId"] === undefined ? list(call) : json(buildBody(call.world, buildOf(call)))),
      POST: queue,
      PATCH: update,
    },
  },
  {
    area: "build",
    id: "6e6114b2-8161-44c8-8f6c-c5505782427f",
    name: "tags",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}/{tag}",
    version: 3,
    handlers: {
      GET: (call) => collection([...buildOf(call).tags]),
      PUT: addTags,
      POST: addTags,
      PATCH: (call) => {
        const build = changedBuild(call);
        const change = (call.body ?? {}) as { tagsToAdd?: string[]; tagsToRemove?: string[] };
        for (const tag of change.tagsToAdd ?? []) build.tags.add(tag);
        for (const tag of change.tagsToRemove ?? []) build.tags.delete(tag);
        return collection([...build.tags]);
      },
      DELETE: (call) => {
        const build = changedBuild(call);
        build.tags.delete(call.route["tag"] ?? "");
        return collection([...build.tags]);
      },
    },
  },
  {
    area: "build",
    id: "d84ac5c6-edc7-43d5-adc9-1b34be5dea09",
    name: "tags",
    template: "{project}/_apis/{area}/{resource}",
    version: 3,
    handlers: { GET: ({ world }) => collection([...new Set(world.builds.all.flatMap((build) => [...build.tags]))]) },
  },
  {
    area: "build",
    id: "0a6312e9-0627-49b7-8083-7d74a64849c9",
    name: "properties",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}",
    version: 1,
    handlers: {
      GET: (call) => properties(buildOf(call), call.query.get("filter")?.split(",")),
      PATCH: patchProperties,
    },
  },
  {
    area: "build",
    id: "5a21f5d2-5642-47e4-a0bd-1356e6731bee",
    name: "workitems",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}",
    version: 2,
    handlers: {
      GET: (call) => {
        const ids = [...buildOf(call).workItems].slice(0, Number(call.query.get("$top") ?? 100));
        return collection(
          ids.map((id) => ({ id: String(id), url: `${call.world.collectionUri}_apis/wit/workItems/${id}` })),
        );
      },
    },
  },
  {
    area: "build",
    id: "54481611-01f4-47f3-998f-160da0f0c229",
    name: "latest",
    template: "{project}/_apis/{area}/{resource}/{definition}",
    version: 1,
    handlers: {
      GET: (call) => {
        const definition = call.world.builds.definition(call.route["definition"] ?? "");
        const branch = call.query.get("branchName");
        const latest = call.world.builds.all.findLast(
          (build) =>
            build.definition === definition &&
            build.status === "completed" &&
            (branch === null || build.sourceBranch === fullRef(branch)),
        );
        if (latest === undefined)
          throw notFound("BuildNotFoundException", "No completed builds were found for the definition.");
        return json(buildBody(call.world, latest));
      },
    },
  },
];
