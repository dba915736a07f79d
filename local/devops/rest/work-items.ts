// Work items: look, make and change; what a release note or a model's evidence points to.
import type { PatchOperation, WorkItem } from "../state/work-items.ts";
import { badRequest, collection, json, notFound, RestError } from "./answers.ts";
import { requireProject } from "./core.ts";
import type { Call, Resource } from "./routes.ts";
import { requirePermission } from "./security.ts";

function missing(id: string): RestError {
  return notFound(
    "WorkItemUnauthorizedAccessException",
    `TF401232: Work item ${id} does not exist, or you do not have permissions to read it.`,
  );
}

function itemOf(call: Call): WorkItem {
  requireProject(call.world, call.route["project"]);
  const id = call.route["id"] ?? "";
  const item = call.world.workItems.get(Number(id));
  if (item === undefined) throw missing(id);
  return item;
}

function itemBody(call: Call, item: WorkItem): object {
  const fields = call.query.get("fields")?.split(",");
  const expand = (call.query.get("$expand") ?? "").toLowerCase();
  const relations = ["1", "4", "relations", "all"].includes(expand) && item.relations.length > 0;
  return {
    id: item.id,
    rev: item.rev,
    fields:
      fields === undefined
        ? item.fields
        : Object.fromEntries(Object.entries(item.fields).filter(([name]) => fields.includes(name))),
    ...(relations ? { relations: item.relations } : {}),
    url: `${call.world.collectionUri}${call.world.project.id}/_apis/wit/workItems/${item.id}`,
  };
}

function list(call: Call) {
  requireProject(call.world, call.route["project"]);
  const ids = call.query.get("ids")?.split(",") ?? [];
  if (ids.length > 200)
    throw badRequest("VS402337: The number of work items requested exceeds the limit of 200.", "VssServiceException");
  const omit = (call.query.get("errorPolicy") ?? "").toLowerCase();
  const found = ids.map((id) => {
    const item = call.world.workItems.get(Number(id));
    if (item === undefined && omit !== "omit" && omit !== "2") throw missing(id);
    return item === undefined ? null : itemBody(call, item);
  });
  return collection(found);
}

function patch(call: Call, item: WorkItem): void {
  if (!Array.isArray(call.body)) throw badRequest("You must pass a valid patch document in the body of the request.");
  const unknown = call.world.workItems.patch(item, call.body as PatchOperation[]);
  if (unknown !== undefined) throw badRequest(`The patch operation "${unknown}" is not supported.`);
}

function create(call: Call) {
  requireProject(call.world, call.route["project"]);
  requirePermission(call, "areas", "WORK_ITEM_WRITE");
  const type = (call.route["type"] ?? "").replace(/^\$/, "");
  const operations = (call.body ?? []) as PatchOperation[];
  const title = Array.isArray(operations)
    ? operations.find((each) => each.path === "/fields/System.Title")?.value
    : undefined;
  if (typeof title !== "string" || title === "") {
    throw new RestError(
      400,
      "RuleValidationException",
      "TF401320: Rule Error for field Title. Error code: Required, HasValues, LimitedToValues, AllowsOldValue, InvalidEmpty.",
    );
  }
  const item = call.world.workItems.create(type, title);
  patch(call, item);
  item.rev = 1;
  return json(itemBody(call, item));
}

export const workItems: readonly Resource[] = [
  {
    area: "wit",
    id: "72c7ddf8-2cdc-4f60-90cd-ab71c14a399b",
    name: "workItems",
    template: "{project}/_apis/{area}/{resource}/{id}",
    version: 3,
    handlers: {
      GET: (call) => (call.route["id"] === undefined ? list(call) : json(itemBody(call, itemOf(call)))),
      PATCH: (call) => {
        requirePermission(call, "areas", "WORK_ITEM_WRITE");
        const item = itemOf(call);
        patch(call, item);
        return json(itemBody(call, item));
      },
    },
  },
  {
    area: "wit",
    id: "62d3d110-0047-428c-ad3c-4fe872c91c74",
    name: "workItems",
    template: "{project}/_apis/{area}/{resource}/${type}",
    version: 3,
    handlers: { POST: create },
  },
];
