// Work items: look, make, change and comment; what a release note or a model's evidence points to. Shapes: the released REST reference
// (docs/facts/evidence.md#D.5).
// Tests: test/local/devops/rest/boards.test.ts
import { personOf } from "../state/identities.ts";
import type { PatchFault, PatchOperation, WorkItem } from "../state/work-items.ts";
import { badRequest, collection, json, notFound, RestError, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import { identityReference } from "./references.ts";
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
  requirePermission(call, "areas", "WORK_ITEM_READ");
  const id = call.route["id"] ?? "";
  const item = call.world.workItems.get(Number(id));
  if (item === undefined) throw missing(id);
  return item;
}

/** The address of a work item's resource. */
export const workItemUrl = (call: Call, id: number): string =>
  `${call.world.collectionUri}${call.world.project.id}/_apis/wit/workItems/${id}`;

function itemBody(call: Call, item: WorkItem): object {
  const fields = call.query.get("fields")?.split(",");
  const expand = (call.query.get("$expand") ?? "").toLowerCase();
  if (fields !== undefined && expand !== "" && !["0", "none"].includes(expand))
    throw badRequest(
      "The expand parameter can not be used with the fields parameter.",
      "ConflictingParametersException",
    );
  const relations = ["1", "4", "relations", "all"].includes(expand) && item.relations.length > 0;
  return {
    id: item.id,
    rev: item.rev,
    fields:
      fields === undefined
        ? { ...item.fields, "System.CommentCount": item.comments.length }
        : Object.fromEntries(Object.entries(item.fields).filter(([name]) => fields.includes(name))),
    ...(relations ? { relations: item.relations } : {}),
    url: workItemUrl(call, item.id),
  };
}

function list(call: Call) {
  requireProject(call.world, call.route["project"]);
  requirePermission(call, "areas", "WORK_ITEM_READ");
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

/** The document in the body. The words of the first refusal are the service's own (restsharp/RestSharp#1413), its status is not known. */
export function patchDocument(call: Call, method: string): PatchOperation[] {
  const type = (call.header("content-type") ?? "").split(";")[0]?.trim();
  if (type?.toLowerCase() !== "application/json-patch+json")
    throw new RestError(
      415,
      "VssRequestContentTypeNotSupportedException",
      `The request indicated a Content-Type of "${type}" for method type "${method}" which is not supported. Valid content types for this method are: application/json-patch+json.`,
    );
  const operations = call.body as PatchOperation[];
  if (!Array.isArray(operations) || operations.some(({ op, path }) => !op || !path))
    throw badRequest("You must pass a valid patch document in the body of the request.");
  return operations;
}

const STATUSES: Readonly<Record<PatchFault["kind"], number>> = { stale: 412, duplicate: 400, invalid: 400 };
const KEYS: Readonly<Record<PatchFault["kind"], string>> = {
  stale: "WorkItemRevisionMismatchException",
  duplicate: "WorkItemResourceLinkException",
  invalid: "VssPropertyValidationException",
};

function patch(call: Call, item: WorkItem, operations: PatchOperation[]): void {
  const fault = call.world.workItems.patch(item, operations, call.caller.name);
  if (fault !== undefined) throw new RestError(STATUSES[fault.kind], KEYS[fault.kind], fault.message);
}

function create(call: Call) {
  requireProject(call.world, call.route["project"]);
  requirePermission(call, "areas", "WORK_ITEM_WRITE");
  const operations = patchDocument(call, "POST");
  const type = (call.route["type"] ?? "").replace(/^\$/, "");
  const title = operations.find((each) => each.path === "/fields/System.Title")?.value;
  if (typeof title !== "string" || title === "" || title.length > 255) {
    throw new RestError(
      400,
      "RuleValidationException",
      "TF401320: Rule Error for field Title. Error code: Required, HasValues, LimitedToValues, AllowsOldValue, InvalidEmpty.",
    );
  }
  const item = call.world.workItems.create(type, title);
  try {
    patch(call, item, operations);
  } catch (error) {
    call.world.workItems.remove(item);
    throw error;
  }
  item.rev = 1;
  return json(itemBody(call, item));
}

function commentBody(call: Call, item: WorkItem, comment: WorkItem["comments"][number]): object {
  const by = identityReference(call.world, personOf(comment.by));
  return {
    workItemId: item.id,
    id: comment.id,
    version: 1,
    text: comment.text,
    createdBy: by,
    createdDate: time(comment.at),
    modifiedBy: by,
    modifiedDate: time(comment.at),
    url: `${workItemUrl(call, item.id)}/comments/${comment.id}`,
  };
}

function comments(call: Call) {
  const item = itemOf(call);
  const top = Math.min(Number(call.query.get("$top") ?? 200) || 200, 200);
  const ordered = call.query.get("order") === "asc" ? item.comments : item.comments.toReversed();
  const found = ordered.slice(0, top).map((each) => commentBody(call, item, each));
  return json({ totalCount: item.comments.length, count: found.length, comments: found });
}

function comment(call: Call) {
  requirePermission(call, "areas", "WORK_ITEM_WRITE");
  const item = itemOf(call);
  const { text } = (call.body ?? {}) as { text?: unknown };
  if (typeof text !== "string" || text === "") throw badRequest("The comment text is required.");
  return json(commentBody(call, item, call.world.workItems.comment(item, text, call.caller.name)));
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
        patch(call, item, patchDocument(call, "PATCH"));
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
  {
    area: "wit",
    id: "608aac0a-32e1-4493-a863-b9cf4566d257",
    name: "comments",
    template: "{project}/_apis/{area}/workItems/{id}/{resource}",
    version: 4,
    handlers: { GET: comments, POST: comment },
  },
];
