// YAML pipelines and their runs in the words of the pipelines API; the same definitions and builds as everywhere else.
import type { Build, Definition } from "../state/builds.ts";
import { fullRef } from "../state/builds.ts";
import { badRequest, json, notFound, page, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import type { Call, Resource } from "./routes.ts";
import { requireQueuing } from "./security.ts";

const root = (call: Call) => `${call.world.collectionUri}${call.world.project.id}/_apis/pipelines`;

function pipelineBody(call: Call, definition: Definition): object {
  const url = `${root(call)}/${definition.id}?revision=${definition.revision}`;
  return { url, id: definition.id, revision: definition.revision, name: definition.name, folder: definition.path };
}

function runBody(call: Call, build: Build): object {
  const { definition } = build;
  const url = `${root(call)}/${definition.id}/runs/${build.id}`;
  const state = build.status === "completed" ? "completed" : build.status === "cancelling" ? "canceling" : "inProgress";
  return {
    _links: { self: { href: url }, web: { href: call.world.buildUrl(build) } },
    templateParameters: build.templateParameters,
    pipeline: pipelineBody(call, definition),
    state,
    // RunResult knows no partial success.
    ...(build.result === undefined
      ? {}
      : { result: build.result === "partiallySucceeded" ? "succeeded" : build.result }),
    createdDate: time(build.queueTime),
    ...(build.finishTime === undefined ? {} : { finishedDate: time(build.finishTime) }),
    url,
    resources: {
      repositories: { self: { refName: build.sourceBranch, version: build.sourceVersion } },
      ...(build.consumed.size === 0 ? {} : { pipelines: consumedBy(call, build) }),
    },
    id: build.id,
    name: build.buildNumber,
  };
}

/** As the client's types have it (PipelineResource): the pipeline, and its run by number. */
function consumedBy(call: Call, build: Build): object {
  return Object.fromEntries(
    [...build.consumed].map(([alias, run]) => [
      alias,
      { pipeline: pipelineBody(call, run.definition), version: run.buildNumber },
    ]),
  );
}

function definitionOf(call: Call): Definition {
  requireProject(call.world, call.route["project"]);
  const id = call.route["pipelineId"] ?? "";
  const definition = call.world.builds.definition(Number(id));
  if (definition === undefined)
    throw notFound("PipelineNotFoundException", `The pipeline with the id ${id} could not be found.`);
  return definition;
}

function run(call: Call) {
  const definition = definitionOf(call);
  const { world } = call;
  const body = (call.body ?? {}) as {
    templateParameters?: Record<string, string>;
    variables?: Record<string, { value: string }>;
    previewRun?: boolean;
    resources?: { repositories?: { self?: { refName?: string; version?: string } } };
  };
  if (body.previewRun === true) throw badRequest("local Azure DevOps has not built previews of runs.");
  requireQueuing(call, definition, [body.templateParameters ?? {}, body.variables ?? {}]);
  const self = body.resources?.repositories?.self;
  const build = world.builds.queue(definition, {
    branch: fullRef(self?.refName ?? definition.repository.defaultBranch),
    commit: self?.version ?? "",
    reason: "manual",
    requestedFor:
      call.caller.planId === undefined
        ? world.person(call.caller.name)
        : { ...world.buildService, uniqueName: call.caller.name },
    parameters: Object.fromEntries(Object.entries(body.variables ?? {}).map(([name, { value }]) => [name, value])),
    templateParameters: body.templateParameters ?? {},
  });
  world.builds.emit("requested", build);
  return json(runBody(call, build));
}

export const pipelines: readonly Resource[] = [
  {
    area: "pipelines",
    id: "28e1305e-2afe-47bf-abaf-cbb0e6a91988",
    name: "pipelines",
    template: "{project}/_apis/{resource}/{pipelineId}",
    version: 1,
    handlers: {
      GET: (call) => {
        if (call.route["pipelineId"] !== undefined) return json(pipelineBody(call, definitionOf(call)));
        requireProject(call.world, call.route["project"]);
        const answer = page(call.world.builds.definitions, call.query, 10_000);
        const bodies = (answer.list as Definition[]).map((each) => pipelineBody(call, each));
        return { ...answer, list: bodies, body: { count: bodies.length, value: bodies } };
      },
    },
  },
  {
    area: "pipelines",
    id: "7859261e-d2e9-4a68-b820-a5d84cc5bb3d",
    name: "runs",
    template: "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}",
    version: 1,
    handlers: {
      GET: (call) => {
        const definition = definitionOf(call);
        const id = call.route["runId"];
        const builds = call.world.builds.all.filter((each) => each.definition === definition);
        if (id === undefined) {
          const bodies = builds.toReversed().map((each) => runBody(call, each));
          return { status: 200, list: bodies, body: { count: bodies.length, value: bodies } };
        }
        const found = builds.find((each) => each.id === Number(id));
        if (found === undefined) throw notFound("RunNotFoundException", `The run ${id} could not be found.`);
        return json(runBody(call, found));
      },
      POST: run,
    },
  },
];
