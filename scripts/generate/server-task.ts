// Validation of server tasks' task.json: nothing else finds a mistake there before the service answers with a bad request.
import type { TaskJson } from "./task-json.ts";

/** Variables that the server itself provides (docs/facts/extension.md#3.4, and the headers that InvokeRestApi sends). */
const SYSTEM = new Set([
  "system.AccessToken",
  "system.CollectionUri",
  "system.HostType",
  "system.JobId",
  "system.PlanId",
  "system.TaskInstanceId",
  "system.TeamProjectId",
  "system.TimelineId",
]);
/** Parts of an Azure Resource Manager connection (docs/facts/extension.md#5.1). */
const ENDPOINT = new Set([
  "endpoint.url",
  "endpoint.subscriptionId",
  "endpoint.resourceGroupName",
  "endpoint.mlWorkspaceName",
]);

/**
 * The type of connection with which Azure DevOps gets a token without an agent (docs/facts/extension.md#3.3). Without its schemes, though a managed
 * identity does not work there: in no task.json of Microsoft's is AzureRM narrowed by scheme (only `github` and `Azure` are), and a
 * filter that matches nothing would refuse every connection.
 */
const SIGNS_IN = "connectedService:AzureRM";

/** Everything wrong with the server's part, as sentences. */
export function faultsOfServerTask(task: TaskJson): string[] {
  const faults: string[] = [];
  const others = task.runsOn.filter((place) => place !== "Server" && place !== "ServerGate");
  if (task.runsOn.length === 0 || others.length > 0)
    faults.push(
      `runsOn is ${task.runsOn.join(", ") || "empty"}: a task without Node handlers runs on Server or ServerGate only.`,
    );
  if (task.minimumAgentVersion !== undefined)
    faults.push("minimumAgentVersion says nothing about a task that runs on the server.");
  const handlers = Object.keys(task.execution);
  if (handlers.length !== 1 || !["HttpRequest", "HttpRequestChain"].includes(handlers[0] ?? ""))
    faults.push(
      `handlers are ${handlers.join(", ") || "none"}: a server task has one, HttpRequest or HttpRequestChain.`,
    );
  const names = new Set(task.inputs.map((input) => input.name));
  for (const text of textsOf(task.execution)) {
    for (const [, name = ""] of text.matchAll(/\$\(([^)]*)\)/g)) {
      if (!names.has(name) && !SYSTEM.has(name) && !ENDPOINT.has(name))
        faults.push(`$(${name}) is no input, and nothing that the server knows.`);
    }
    for (const [, name = ""] of text.matchAll(/\{\{#(?:if|unless)\s+(\w+)\}\}/g)) {
      if (!names.has(name)) faults.push(`{{#if ${name}}} names no input.`);
    }
  }
  for (const input of task.inputs) {
    if (input.type.startsWith("connectedService:") && input.type !== SIGNS_IN)
      faults.push(
        `input ${input.name} has type ${input.type}: Azure DevOps itself can sign in with ${SIGNS_IN} alone, in the form in which Microsoft's tasks name it.`,
      );
    // It is not known that the server replaces $(input) by nothing when an input has no value.
    if (!input.required && input.defaultValue === undefined)
      faults.push(`input ${input.name} is optional and has no defaultValue; an empty one will do.`);
  }
  return faults;
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
