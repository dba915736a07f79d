// The agent's side of a run: attachments, timeline records, logs, and OIDC tokens, by hub and plan.
import type { Attachment, Plan, RecordResult, RecordState, TimelineRecord } from "../state/plans.ts";
import { badRequest, collection, enumName, json, none, notFound, RestError, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import { logBody, recordBody } from "./references.ts";
import { type Call, type Resource, resourcesOf } from "./routes.ts";

const states: Record<RecordState, number> = { pending: 0, inProgress: 1, completed: 2 };
const results: Record<RecordResult, number> = {
  succeeded: 0,
  succeededWithIssues: 1,
  failed: 2,
  canceled: 3,
  skipped: 4,
  abandoned: 5,
};
const plansRoot = "{scopeIdentifier}/_apis/{area}/hubs/{hubName}/plans/{planId}";

/** The plan that the route names; a job's token opens its own plan only (a stricter rule than is known of the real service). */
function planOf(call: Call): Plan {
  requireProject(call.world, call.route["scopeIdentifier"]);
  const { planId = "", hubName = "" } = call.route;
  const plan = call.world.plans.get(planId.toLowerCase());
  if (plan === undefined || plan.hub.toLowerCase() !== hubName.toLowerCase()) {
    throw notFound(
      "TaskOrchestrationPlanNotFoundException",
      `The orchestration plan ${planId} could not be found in the hub ${hubName}.`,
    );
  }
  if (call.caller.planId !== undefined && call.caller.planId !== plan.planId) {
    throw new RestError(
      403,
      "AccessDeniedException",
      `The identity ${call.caller.name} has no permission on the orchestration plan ${planId}.`,
    );
  }
  return plan;
}

function planUrl(call: Call, plan: Plan): string {
  return `${call.world.collectionUri}${call.world.project.id}/_apis/distributedtask/hubs/${plan.hub}/plans/${plan.planId}`;
}

function attachmentBody(call: Call, plan: Plan, each: Attachment): object {
  const href = `${planUrl(call, plan)}/timelines/${each.timelineId}/records/${each.recordId}/attachments/${encodeURIComponent(each.type)}/${encodeURIComponent(each.name)}`;
  return {
    name: each.name,
    type: each.type,
    timelineId: each.timelineId,
    recordId: each.recordId,
    createdOn: time(each.createdOn),
    lastChangedOn: time(each.createdOn),
    lastChangedBy: call.world.buildService.id,
    _links: { self: { href } },
  };
}

function attachments(call: Call) {
  const plan = planOf(call);
  return collection(
    plan
      .attachmentsOf(call.route["type"] ?? "", call.route["recordId"])
      .map((each) => attachmentBody(call, plan, each)),
  );
}

function attachment(call: Call) {
  const { recordId = "", type = "", name } = call.route;
  if (name === undefined) return attachments(call);
  const plan = planOf(call);
  const found = plan.attachmentsOf(type, recordId).find((each) => each.name === name);
  if (found === undefined)
    throw notFound("TaskAttachmentNotFoundException", `The attachment ${name} of type ${type} could not be found.`);
  // One address answers both the description and the content (TaskApi.getAttachment and getAttachmentContent): by what is accepted.
  return { ...json(attachmentBody(call, plan, found)), bytes: found.content, type: "application/octet-stream" };
}

function attach(call: Call) {
  const plan = planOf(call);
  const { recordId = "", type = "", name = "" } = call.route;
  return json(attachmentBody(call, plan, plan.attach(recordId, type, name, call.bytes)), 201);
}

const milliseconds = (value: unknown): number | undefined =>
  typeof value === "string" ? Date.parse(value) : undefined;

/** A record as the agent sends it (TaskAgentInterfaces.TimelineRecord), in our own terms. */
function recordOf(sent: Record<string, unknown>): Partial<TimelineRecord> & { id?: string } {
  const text = (key: string): string | undefined => (typeof sent[key] === "string" ? (sent[key] as string) : undefined);
  const issues = sent["issues"] as { type: unknown; message: string; category?: string }[] | undefined;
  const change: Record<string, unknown> = {
    id: text("id"),
    parentId: text("parentId"),
    type: text("type"),
    name: text("name"),
    refName: text("refName"),
    identifier: text("identifier"),
    state: enumName(sent["state"], states),
    result: enumName(sent["result"], results),
    startTime: milliseconds(sent["startTime"]),
    finishTime: milliseconds(sent["finishTime"]),
    order: sent["order"] ?? undefined,
    attempt: sent["attempt"] ?? undefined,
    percentComplete: sent["percentComplete"] ?? undefined,
    currentOperation: text("currentOperation"),
    workerName: text("workerName"),
    logId: (sent["log"] as { id?: number } | null | undefined)?.id,
    task: sent["task"] ?? undefined,
    variables: sent["variables"] ?? undefined,
    issues: issues?.map((issue) => ({ ...issue, type: enumName(issue.type, { error: 1, warning: 2 }) ?? "error" })),
  };
  return change as Partial<TimelineRecord> & { id?: string };
}

function patchRecords(call: Call) {
  const plan = planOf(call);
  const sent = (call.body as { value?: unknown } | undefined)?.value ?? call.body;
  if (!Array.isArray(sent)) throw badRequest("Value cannot be null. Parameter name: records");
  return collection(sent.map((each) => recordBody(plan.record(recordOf(each as Record<string, unknown>)))));
}

function timeline(call: Call) {
  const plan = planOf(call);
  const body = {
    id: plan.timelineId,
    changeId: plan.changeId,
    location: `${planUrl(call, plan)}/timelines/${plan.timelineId}`,
  };
  if (call.route["timelineId"] === undefined) return collection([body]);
  return json({ ...body, records: [...plan.records.values()].map(recordBody) });
}

function logs(call: Call) {
  const plan = planOf(call);
  const base = `${planUrl(call, plan)}/logs`;
  const log = plan.logs.find((each) => each.id === Number(call.route["logId"]));
  if (call.route["logId"] === undefined)
    return collection(plan.logs.map((each) => logBody(each, `${base}/${each.id}`)));
  if (log === undefined)
    throw notFound("TaskLogNotFoundException", `The log ${call.route["logId"]} could not be found.`);
  return collection(log.lines);
}

function writeLog(call: Call) {
  const plan = planOf(call);
  const base = `${planUrl(call, plan)}/logs`;
  if (call.route["logId"] === undefined) {
    const log = plan.createLog(String((call.body as { path?: string } | undefined)?.path ?? ""));
    return json(logBody(log, `${base}/${log.id}`), 201);
  }
  const log = plan.logs.find((each) => each.id === Number(call.route["logId"]));
  if (log === undefined)
    throw notFound("TaskLogNotFoundException", `The log ${call.route["logId"]} could not be found.`);
  plan.appendLog(log, call.bytes.toString("utf8"));
  return json(logBody(log, `${base}/${log.id}`));
}

/**
 * The report of an outside service about a task for which the server waits. Body as in docs/facts/extension.md#3.4; the refusals and the
 * empty answer are not verified against live Azure DevOps.
 */
function raiseEvent(call: Call) {
  const plan = planOf(call);
  const body = (call.body ?? {}) as Record<string, unknown>;
  const text = (key: string): string => {
    const value = Object.entries(body).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
    return value === undefined || value === null ? "" : String(value);
  };
  if (text("name") === "") throw badRequest("Value cannot be null. Parameter name: eventData.name");
  const result = text("result") === "" ? undefined : enumName(text("result"), results);
  if (text("result") !== "" && result === undefined)
    throw badRequest(`The result ${text("result")} is none of ${Object.keys(results).join(", ")}.`);
  plan.events.emit("event", {
    name: text("name"),
    taskId: text("taskId").toLowerCase(),
    jobId: text("jobId").toLowerCase(),
    result,
  });
  return none(200);
}

/** Lines for the live console of a record; what counts is in the log. */
function feed(call: Call) {
  const plan = planOf(call);
  const lines = (call.body as { value?: unknown } | undefined)?.value;
  if (Array.isArray(lines)) plan.events.emit("feed", (call.route["recordId"] ?? "").toLowerCase(), lines.map(String));
  return none(200);
}

/**
 * The token by which a job proves to Entra that it acts for a service connection. Refusals are not recorded anywhere:
 * their status and words are not verified against live Azure DevOps.
 */
function oidcToken(call: Call) {
  const { world, caller } = call;
  const plan = planOf(call);
  const jobId = (call.route["jobId"] ?? "").toLowerCase();
  if (caller.jobId !== undefined && caller.jobId !== jobId) {
    throw new RestError(403, "AccessDeniedException", `The access token was issued to another job than ${jobId}.`);
  }
  const id = call.query.get("serviceConnectionId");
  if (id === null) return json({ oidcToken: world.issueProjectOidcToken(plan) });
  const connection = world.connections.get(id);
  if (connection === undefined || connection.id !== id.toLowerCase()) {
    throw notFound(
      "ServiceEndpointNotFoundException",
      `The service connection ${id} does not exist in the project ${world.project.name}.`,
    );
  }
  if (caller.connectionIds !== undefined && !caller.connectionIds.includes(connection.id)) {
    throw new RestError(
      403,
      "AccessDeniedException",
      `The job is not authorized to use the service connection ${connection.name}.`,
    );
  }
  return json({ oidcToken: world.issueOidcToken(connection) });
}

const resource = resourcesOf("distributedtask", `${plansRoot}/`);

export const plans: readonly Resource[] = [
  resource("eb55e5d6-2f30-4295-b5ed-38da50b1fc52", "attachments", "{resource}/{type}", 1, { GET: attachments }),
  resource(
    "7898f959-9cdf-4096-b29e-7f293031629e",
    "attachments",
    "timelines/{timelineId}/records/{recordId}/{resource}/{type}/{name}",
    1,
    {
      GET: attachment,
      PUT: attach,
    },
  ),
  resource("8893bc5b-35b2-4be7-83cb-99e683551db4", "records", "timelines/{timelineId}/{resource}", 2, {
    GET: (call) => collection([...planOf(call).records.values()].map(recordBody)),
    PATCH: patchRecords,
  }),
  resource("83597576-cc2c-453c-bea6-2882ae6a1653", "timelines", "{resource}/{timelineId}", 2, { GET: timeline }),
  resource("46f5667d-263a-4684-91b1-dff7fdcf64e2", "logs", "{resource}/{logId}", 1, { GET: logs, POST: writeLog }),
  resource("858983e4-19bd-4c5e-864c-507b59b58b12", "feed", "timelines/{timelineId}/records/{recordId}/{resource}", 1, {
    POST: feed,
  }),
  // Its id is general knowledge: no client here discovers it, services post to the address.
  resource("557624af-b29e-4c20-8ab0-0399d2204f3f", "events", "{resource}", 1, { POST: raiseEvent }),
  resource("69a319f4-28c1-4bfd-93e6-ea0ff5c6f1a2", "oidctoken", "jobs/{jobId}/{resource}", 1, { POST: oidcToken }),
];
