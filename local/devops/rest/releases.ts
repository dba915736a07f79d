// Classic releases: look and create. Who runs them listens to the state (local/pipeline/classic does).
import type { Release, ReleaseArtifact, ReleaseDefinition, ReleaseReason } from "../state/releases.ts";
import { badRequest, enumName, json, notFound, page, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import { identityIn, identityReference } from "./references.ts";
import type { Call, Resource } from "./routes.ts";

const reasons: Record<ReleaseReason, number> = {
  none: 0,
  manual: 1,
  continuousIntegration: 2,
  schedule: 3,
  pullRequest: 4,
};

function definitionBody(call: Call, definition: ReleaseDefinition): object {
  return {
    ...definition.document,
    id: definition.id,
    name: definition.name,
    path: "\\",
    source: "userInterface",
    environments:
      definition.document?.["environments"] ??
      definition.environments.map((each, index) => ({ ...each, rank: index + 1 })),
    artifacts: definition.artifacts,
    url: `${call.world.collectionUri}${call.world.project.id}/_apis/Release/definitions/${definition.id}`,
  };
}

function releaseBody(call: Call, release: Release): object {
  const { world } = call;
  const url = `${world.collectionUri}${world.project.id}/_apis/Release/releases/${release.id}`;
  return {
    id: release.id,
    name: release.name,
    status: "active",
    createdOn: time(release.createdOn),
    createdBy: identityReference(world, release.createdBy),
    environments: release.environments.map((each, index) => ({
      id: each.id,
      releaseId: release.id,
      name: each.name,
      status: each.status,
      definitionEnvironmentId: each.definitionEnvironmentId,
      rank: index + 1,
      // Members of the published type ReleaseApproval.
      preDeployApprovals: (each.approvedBy ?? []).map((person, order) => ({
        ...{ id: each.id * 100 + order, approvalType: "preDeploy", status: "approved", isAutomated: false },
        ...{ attempt: each.attempt, rank: order + 1, trialNumber: 1 },
        approver: identityReference(world, person),
        approvedBy: identityReference(world, person),
      })),
      deploySteps:
        each.status === "notStarted"
          ? []
          : [{ attempt: each.attempt, releaseDeployPhases: [{ runPlanId: each.plan.planId }] }],
    })),
    artifacts: release.artifacts,
    variables: release.variables,
    releaseDefinition: { id: release.definition.id, name: release.definition.name, path: "\\" },
    reason: release.reason,
    description: release.description,
    comment: release.comment,
    keepForever: release.keepForever,
    tags: [...release.tags],
    projectReference: { id: world.project.id, name: world.project.name },
    url,
    _links: {
      self: { href: url },
      web: {
        href: `${world.collectionUri}${encodeURIComponent(world.project.name)}/_releaseProgress?releaseId=${release.id}`,
      },
    },
  };
}

function releaseOf(call: Call): Release {
  requireProject(call.world, call.route["project"]);
  const id = call.route["releaseId"] ?? "";
  const release = call.world.releases.get(Number(id));
  if (release === undefined)
    throw notFound(
      "ReleaseNotFoundException",
      `VS402962: Release with ID ${id} does not exist. Specify a valid ID and try again.`,
    );
  return release;
}

function update(call: Call) {
  const release = releaseOf(call);
  const { name, keepForever, comment } = (call.body ?? {}) as {
    name?: unknown;
    keepForever?: unknown;
    comment?: unknown;
  };
  if (typeof name === "string") release.name = name;
  if (typeof keepForever === "boolean") release.keepForever = keepForever;
  if (typeof comment === "string") release.comment = comment;
  return json(releaseBody(call, release));
}

function list(call: Call) {
  requireProject(call.world, call.route["project"]);
  const definition = call.query.get("definitionId");
  const { query } = call;
  const [least, most] = [query.get("minCreatedTime"), query.get("maxCreatedTime")];
  const text = query.get("searchText")?.toLowerCase();
  const found = call.world.releases.all.filter(
    (each) =>
      (definition === null || each.definition.id === Number(definition)) &&
      (least === null || each.createdOn >= Date.parse(least)) &&
      (most === null || each.createdOn <= Date.parse(most)) &&
      (text === undefined || each.name.toLowerCase().includes(text)),
  );
  const answer = page(found.toReversed(), call.query, 100);
  const bodies = (answer.list as Release[]).map((each) => releaseBody(call, each));
  return { ...answer, list: bodies, body: { count: bodies.length, value: bodies } };
}

interface SentArtifact {
  alias: string;
  instanceReference?: { id?: string; name?: string };
}

/**
 * The version of an artifact of which the caller said nothing, as far as it can be known here: a fixed one, the tip of a
 * repository's branch, the latest good run of a pipeline. Others would have to be asked of their own service.
 */
async function defaultVersion(call: Call, artifact: ReleaseArtifact): Promise<{ id: string; name: string }> {
  const { world } = call;
  const reference = (key: string) => artifact.definitionReference[key];
  const fixed = reference("defaultVersionSpecific");
  if (fixed?.id) return fixed;
  const source = reference("definition");
  if (artifact.type === "Git") {
    const repository = world.repositories.get(source?.id ?? "") ?? world.repositories.get(source?.name ?? "");
    const branch =
      reference("defaultVersionBranch")?.id || reference("branches")?.id || repository?.defaultBranch || "";
    const [tip] = repository === undefined ? [] : await world.repositories.commits(repository, branch, 0, 1);
    if (tip !== undefined) return { id: tip.commitId, name: tip.commitId.slice(0, 8) };
  }
  if (artifact.type === "Build") {
    const build = world.builds.all.findLast(
      (each) => String(each.definition.id) === source?.id && /succeeded/i.test(each.result ?? ""),
    );
    if (build !== undefined) return { id: String(build.id), name: build.buildNumber };
  }
  throw badRequest(
    `No version is given for the artifact ${artifact.alias}, and none is known for its type ${artifact.type}.`,
    "InvalidRequestException",
  );
}

async function create(call: Call) {
  requireProject(call.world, call.route["project"]);
  const body = (call.body ?? {}) as Record<string, unknown>;
  const definition = call.world.releases.definition(Number(body["definitionId"]));
  if (definition === undefined) {
    throw notFound(
      "ReleaseDefinitionNotFoundException",
      `VS402870: Release definition with ID ${body["definitionId"]} does not exist. Specify a valid ID and try again.`,
    );
  }
  const sent = (body["artifacts"] as SentArtifact[] | undefined) ?? [];
  for (const { alias } of sent) {
    if (!definition.artifacts.some((each) => each.alias === alias))
      throw badRequest(
        `The release definition ${definition.name} has no artifact ${alias}.`,
        "InvalidRequestException",
      );
  }
  const artifacts: ReleaseArtifact[] = [];
  for (const artifact of definition.artifacts) {
    const chosen = sent.find((each) => each.alias === artifact.alias)?.instanceReference;
    // A definition that nobody runs needs no versions.
    const version =
      chosen !== undefined
        ? { id: chosen.id ?? "", name: chosen.name ?? chosen.id ?? "" }
        : definition.document === undefined
          ? undefined
          : await defaultVersion(call, artifact);
    const { definitionReference } = artifact;
    artifacts.push(
      version === undefined ? artifact : { ...artifact, definitionReference: { ...definitionReference, version } },
    );
  }
  const release = call.world.releases.create(definition, {
    createdBy: identityIn(body, "createdFor") ?? call.world.person(call.caller.name),
    description: String(body["description"] ?? ""),
    reason: enumName(body["reason"], reasons) ?? "manual",
    artifacts,
    variables: (body["variables"] as Record<string, { value: string }> | undefined) ?? {},
  });
  return json(releaseBody(call, release));
}

export const releases: readonly Resource[] = [
  {
    area: "Release",
    id: "a166fde7-27ad-408e-ba75-703c2cc9d500",
    name: "releases",
    template: "{project}/_apis/{area}/{resource}/{releaseId}",
    version: 9,
    handlers: {
      GET: (call) => (call.route["releaseId"] === undefined ? list(call) : json(releaseBody(call, releaseOf(call)))),
      POST: create,
      PATCH: update,
    },
  },
  {
    area: "Release",
    id: "d8f96f24-8ea7-4cb6-baab-2df8fc515665",
    name: "definitions",
    template: "{project}/_apis/{area}/{resource}/{definitionId}",
    version: 4,
    handlers: {
      GET: (call) => {
        requireProject(call.world, call.route["project"]);
        const id = call.route["definitionId"];
        if (id === undefined) {
          const text = call.query.get("searchText")?.toLowerCase();
          const exact = call.query.get("isExactNameMatch") === "true";
          const found = call.world.releases.definitions.filter(({ name }) => {
            const lower = name.toLowerCase();
            return text === undefined || (exact ? lower === text : lower.includes(text));
          });
          const answer = page(found, call.query, 10_000);
          const bodies = (answer.list as ReleaseDefinition[]).map((each) => definitionBody(call, each));
          return { ...answer, list: bodies, body: { count: bodies.length, value: bodies } };
        }
        const definition = call.world.releases.definition(Number(id));
        if (definition === undefined) {
          throw notFound(
            "ReleaseDefinitionNotFoundException",
            `VS402870: Release definition with ID ${id} does not exist. Specify a valid ID and try again.`,
          );
        }
        return json(definitionBody(call, definition));
      },
    },
  },
];
