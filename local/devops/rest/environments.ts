// Environments: their deployment history, approvals and the configurations of their checks. Shapes: the released REST reference and its
// examples (docs/facts/evidence.md#D.6); words of refusals are general knowledge, not verified against live Azure DevOps.
// Tests: test/local/devops/rest/boards.test.ts
import type { Approval, Check, Environment } from "../state/environments.ts";
import { personOf } from "../state/identities.ts";
import { badRequest, collection, json, notFound, RestError, time } from "./answers.ts";
import { projectReference, requireProject } from "./core.ts";
import { identityReference } from "./references.ts";
import type { Call, Resource } from "./routes.ts";

const apis = (call: Call): string => `${call.world.collectionUri}${call.world.project.id}/_apis`;

function environmentOf(call: Call): Environment {
  requireProject(call.world, call.route["project"]);
  const id = call.route["environmentId"] ?? "";
  const environment = /^\d+$/.test(id) ? call.world.environments.get(id) : undefined;
  if (environment === undefined)
    throw notFound("EnvironmentNotFoundException", `Environment with ID ${id} does not exist or has been deleted.`);
  return environment;
}

const environmentBody = (call: Call, environment: Environment): object => ({
  id: environment.id,
  name: environment.name,
  description: "",
  createdOn: time(environment.createdOn),
  project: projectReference(call.world),
});

function environments(call: Call) {
  if (call.route["environmentId"] !== undefined) return json(environmentBody(call, environmentOf(call)));
  requireProject(call.world, call.route["project"]);
  const name = call.query.get("name");
  const found = call.world.environments.all.filter((one) => name === null || one.name === name);
  return collection(found.map((one) => environmentBody(call, one)));
}

function deploymentRecords(call: Call) {
  const environment = environmentOf(call);
  const top = Number(call.query.get("top") ?? 100);
  const found = call.world.environments.records.filter((one) => one.environment === environment).toReversed();
  return collection(
    found.slice(0, top).map(({ id, build, ...record }) => ({
      id,
      environmentId: environment.id,
      requestIdentifier: `${build.id}.${record.stageName}.${record.jobName}`,
      serviceOwner: "00025394-6065-48ca-87d9-7f5672854ef7",
      scopeId: call.world.project.id,
      planType: "Build",
      planId: build.plan.planId,
      stageName: record.stageName,
      jobName: record.jobName,
      stageAttempt: record.stageAttempt,
      jobAttempt: record.jobAttempt,
      definition: { id: build.definition.id, name: build.definition.name },
      owner: { id: build.id, name: build.buildNumber, _links: { web: { href: call.world.buildUrl(build) } } },
      queueTime: time(record.queueTime),
      startTime: time(record.startTime),
      finishTime: time(record.finishTime),
      result: record.result,
    })),
  );
}

function approvalBody(call: Call, approval: Approval): object {
  const { build, status, assigned, decidedBy, comment, createdOn, changedOn } = approval;
  const isExpanded = (call.query.getAll("$expand").join() ?? "").toLowerCase().includes("steps");
  const by = decidedBy && identityReference(call.world, decidedBy);
  const step = {
    assignedApprover: identityReference(call.world, assigned),
    ...(by === undefined ? {} : { actualApprover: by }),
    status,
    ...(comment === undefined ? {} : { comment }),
    lastModifiedOn: time(changedOn),
    order: 1,
    lastModifiedBy: by ?? identityReference(call.world, call.world.buildService),
    initiatedOn: time(createdOn),
    history: [],
  };
  const { definition } = build;
  return {
    id: approval.id,
    steps: isExpanded ? [step] : [],
    status,
    createdOn: time(createdOn),
    lastModifiedOn: time(changedOn),
    executionOrder: "anyOrder",
    minRequiredApprovers: 1,
    blockedApprovers: [],
    instructions: approval.instructions,
    _links: { self: { href: `${apis(call)}/pipelines/approvals/${approval.id}` } },
    pipeline: {
      owner: { _links: { web: { href: call.world.buildUrl(build) } }, id: build.id, name: build.buildNumber },
      id: String(definition.id),
      name: definition.name,
    },
  };
}

function approvals(call: Call) {
  requireProject(call.world, call.route["project"]);
  const { query, world } = call;
  const wanted = call.route["approvalId"]?.toLowerCase();
  if (wanted !== undefined) {
    const approval = world.environments.approvals.find(({ id }) => id === wanted);
    if (approval === undefined)
      throw notFound("ApprovalNotFoundException", `The approval ${wanted} could not be found.`);
    return json(approvalBody(call, approval));
  }
  const ids = query.get("approvalIds")?.toLowerCase().split(",");
  const state = query.get("state");
  const found = world.environments.approvals.filter(
    ({ id, status }) =>
      (ids === undefined || ids.includes(id)) && (state === null || state === "all" || status === state),
  );
  return collection(found.slice(0, Number(query.get("top") ?? 1_000)).map((one) => approvalBody(call, one)));
}

/** Decisions of people; a job decides nothing. */
function decide(call: Call) {
  requireProject(call.world, call.route["project"]);
  if (call.caller.planId !== undefined)
    throw new RestError(403, "ApprovalUnauthorizedException", "The build service is not an approver of this approval.");
  if (!Array.isArray(call.body)) throw badRequest("Value cannot be null. Parameter name: updateParameters");
  const updates = call.body as { approvalId?: unknown; status?: unknown; comment?: unknown }[];
  const decided = updates.map(({ approvalId, status, comment }) => {
    const approval = call.world.environments.approvals.find(({ id }) => id === String(approvalId).toLowerCase());
    if (approval === undefined)
      throw notFound("ApprovalNotFoundException", `The approval ${approvalId} could not be found.`);
    if (status !== "approved" && status !== "rejected") throw badRequest(`The status ${status} is not built.`);
    const by = personOf(call.caller.name);
    if (!call.world.environments.decide(approval, status, by, comment === undefined ? undefined : String(comment)))
      throw badRequest(`The approval ${approvalId} has been decided already.`, "ApprovalUpdateException");
    return approval;
  });
  call.query.set("$expand", "steps");
  return collection(decided.map((one) => approvalBody(call, one)));
}

function checkBody(call: Call, check: Check, isExpanded: boolean): object {
  const url = `${apis(call)}/pipelines/checks/configurations/${check.id}`;
  const by = identityReference(call.world, check.createdBy);
  const at = time(check.createdOn);
  return {
    ...(isExpanded ? { settings: check.settings } : {}),
    ...{ createdBy: by, createdOn: at, modifiedBy: by, modifiedOn: at },
    timeout: check.timeout,
    _links: { self: { href: url } },
    id: check.id,
    type: check.type,
    url,
    resource: check.resource,
  };
}

function checks(call: Call) {
  requireProject(call.world, call.route["project"]);
  const { query, world } = call;
  const expand = (query.get("$expand") ?? "").toLowerCase();
  const isExpanded = expand === "settings" || expand === "1";
  const id = call.route["id"];
  if (id !== undefined) {
    const check = world.environments.checks.find((one) => String(one.id) === id);
    if (check === undefined) throw notFound("CheckConfigurationNotFoundException", `Check ${id} could not be found.`);
    return json(checkBody(call, check, isExpanded));
  }
  const type = query.get("resourceType");
  const resource = query.get("resourceId");
  if (type === null || resource === null) throw badRequest("resourceType and resourceId are required.");
  const found = world.environments.checks.filter((one) => one.resource.type === type && one.resource.id === resource);
  return collection(found.map((one) => checkBody(call, one, isExpanded)));
}

const TASK_CHECK = "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7";

/** Adds a check of the type Task Check to an environment. An administrator does that, and no job. */
function addCheck(call: Call) {
  requireProject(call.world, call.route["project"]);
  if (call.caller.planId !== undefined)
    throw new RestError(
      403,
      "AccessDeniedException",
      "The build service needs the role Administrator of the environment.",
    );
  const { type, settings, resource, timeout } = (call.body ?? {}) as Partial<Check>;
  if (type?.id !== TASK_CHECK) throw new RestError(501, "NotImplementedException", "Only task checks are built here.");
  const { definitionRef, displayName, inputs, retryInterval } = (settings ?? {}) as Record<string, unknown>;
  const { id, name, version } = (definitionRef ?? {}) as Record<string, unknown>;
  for (const [what, value] of Object.entries({ id, name, version, displayName }))
    if (typeof value !== "string" || value === "") throw badRequest(`The check's settings have no ${what}.`);
  if (typeof inputs !== "object" || inputs === null || Object.values(inputs).some((value) => typeof value !== "string"))
    throw badRequest("The inputs of a check are texts by name.");
  if (resource?.type !== "environment" || call.world.environments.get(resource.id) === undefined)
    throw badRequest("The check names no environment of this project.");
  const minutes = timeout ?? 43_200;
  // No more than ten evaluations within the timeout, or one alone (docs/facts/evidence.md#D.6).
  if (typeof retryInterval !== "number" || (retryInterval !== 0 && retryInterval < minutes / 10))
    throw badRequest(`A retry interval is 0, or at least a tenth of the timeout of ${minutes} minutes.`);
  const check = { type, settings: settings ?? {}, resource, timeout: minutes, createdBy: personOf(call.caller.name) };
  return json(checkBody(call, call.world.environments.addCheck(check), true));
}

export const environmentResources: readonly Resource[] = [
  {
    area: "distributedtask",
    id: "8572b1fc-2482-47fa-8f74-7e3ed53ee54b",
    name: "environments",
    template: "{project}/_apis/{area}/{resource}/{environmentId}",
    version: 1,
    handlers: { GET: environments },
  },
  {
    area: "distributedtask",
    // The id that clients know this resource by was not found; none of them asks for it here.
    id: "00000000-0000-4000-8000-000000000001",
    name: "environmentdeploymentrecords",
    template: "{project}/_apis/{area}/environments/{environmentId}/{resource}",
    version: 1,
    handlers: { GET: deploymentRecords },
  },
  {
    area: "approval",
    id: "37794717-f36f-4d78-b2bf-4dc30d0cfbcd",
    name: "approvals",
    template: "{project}/_apis/pipelines/{resource}/{approvalId}",
    version: 1,
    handlers: { GET: approvals, PATCH: decide },
  },
  {
    area: "PipelinesChecks",
    id: "86c8381e-5aee-4cde-8ae4-25c0c7f5eaea",
    name: "configurations",
    template: "{project}/_apis/pipelines/checks/{resource}/{id}",
    version: 1,
    handlers: { GET: checks, POST: addCheck },
  },
];
