// Queries of work items: by the artifacts that they link to, and by WIQL in the few shapes that are sent here. Any other WIQL answers 501:
// a query that is half understood would find the wrong work items.
// Tests: test/local/devops/rest/boards.test.ts
import type { WorkItem } from "../state/work-items.ts";
import { badRequest, json, RestError, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import type { Call, Resource } from "./routes.ts";
import { requirePermission } from "./security.ts";
import { workItemUrl } from "./work-items.ts";

const DAY = 86_400_000;

/** A condition of a query. @returns undefined where it is none that is built */
function condition(text: string, call: Call): ((item: WorkItem) => boolean) | undefined {
  const tag = /^\[System\.Tags\] CONTAINS '((?:[^']|'')+)'$/i.exec(text)?.[1];
  if (tag !== undefined) return (item) => tagsOf(item).includes(tag.replaceAll("''", "'").toLowerCase());
  if (/^\[System\.TeamProject\] = @project$/i.test(text))
    return (item) => item.fields["System.TeamProject"] === call.world.project.name;
  const state = /^\[System\.State\] <> '([^']+)'$/i.exec(text)?.[1];
  if (state !== undefined) return (item) => String(item.fields["System.State"]) !== state;
  const states = /^\[System\.State\] NOT IN \(((?:'[^']+',? ?)+)\)$/i.exec(text)?.[1];
  if (states !== undefined) {
    const closed = [...states.matchAll(/'([^']+)'/g)].map(([, name]) => name);
    return (item) => !closed.includes(String(item.fields["System.State"]));
  }
  const days = /^\[System\.ChangedDate\] >= @today(?: - (\d+))?$/i.exec(text);
  if (days !== null) {
    const midnight = Math.floor(call.world.now() / DAY) * DAY - Number(days[1] ?? 0) * DAY;
    return (item) => Date.parse(String(item.fields["System.ChangedDate"])) >= midnight;
  }
  return undefined;
}

const tagsOf = (item: WorkItem): string[] =>
  String(item.fields["System.Tags"] ?? "")
    .split(/[;,]/)
    .map((each) => each.trim().toLowerCase());

function wiql(call: Call) {
  requireProject(call.world, call.route["project"]);
  requirePermission(call, "areas", "WORK_ITEM_READ");
  const { query } = (call.body ?? {}) as { query?: unknown };
  if (typeof query !== "string" || query === "") throw badRequest("The query is required.");
  const [, where] = /^SELECT \[System\.Id\] FROM WorkItems WHERE (.+)$/is.exec(query.trim()) ?? [];
  const groups = (where ?? "").split(/ AND (?![^(]*\))/i).map((group) =>
    group
      .replace(/^\((.*)\)$/s, "$1")
      .split(/ OR /i)
      .map((each) => condition(each.trim(), call)),
  );
  if (where === undefined || groups.some((group) => group.includes(undefined)))
    throw new RestError(501, "NotImplementedException", `local Azure DevOps has not built this WIQL: ${query}`);
  const found = call.world.workItems.all.filter((item) => groups.every((group) => group.some((one) => one?.(item))));
  const top = Number(call.query.get("$top") ?? 20_000);
  return json({
    queryType: "flat",
    queryResultType: "workItem",
    asOf: time(call.world.now()),
    columns: [{ referenceName: "System.Id", name: "ID", url: `${call.world.collectionUri}_apis/wit/fields/System.Id` }],
    workItems: found.slice(0, top).map(({ id }) => ({ id, url: workItemUrl(call, id) })),
  });
}

function byArtifact(call: Call) {
  requireProject(call.world, call.route["project"]);
  requirePermission(call, "areas", "WORK_ITEM_READ");
  const { artifactUris } = (call.body ?? {}) as { artifactUris?: unknown };
  if (!Array.isArray(artifactUris)) throw badRequest("Value cannot be null. Parameter name: artifactUris");
  const found = artifactUris
    .map(String)
    .map((uri) => [
      uri,
      call.world.workItems.all
        .filter(({ relations }) => relations.some(({ url }) => url.toLowerCase() === uri.toLowerCase()))
        .map(({ id }) => ({ id, url: workItemUrl(call, id) })),
    ]);
  return json({ artifactUrisQueryResult: Object.fromEntries(found) });
}

export const workItemQueries: readonly Resource[] = [
  {
    area: "wit",
    id: "1a9c53f7-f243-4447-b110-35ef023636e4",
    name: "wiql",
    template: "{project}/_apis/{area}/{resource}",
    version: 2,
    handlers: { POST: wiql },
  },
  {
    area: "wit",
    id: "a9a9aa7a-8c09-44d3-ad1b-46e855c1e3d3",
    name: "artifactUriQuery",
    template: "{project}/_apis/{area}/{resource}",
    version: 1,
    handlers: { POST: byArtifact },
  },
];
