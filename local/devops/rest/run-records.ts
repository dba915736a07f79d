// Attachments, timeline and logs of a build, as a results tab and people read them.
import { collection, file, json, notFound } from "./answers.ts";
import { buildOf } from "./builds.ts";
import { logBody, recordBody } from "./references.ts";
import type { Call, Resource } from "./routes.ts";

function attachments(call: Call) {
  const build = buildOf(call);
  const { world } = call;
  return collection(
    build.plan.attachmentsOf(call.route["type"] ?? "").map((each) => ({
      _links: {
        self: {
          href: `${world.collectionUri}${world.project.id}/_apis/build/builds/${build.id}/${each.timelineId}/${each.recordId}/attachments/${encodeURIComponent(each.type)}/${encodeURIComponent(each.name)}`,
        },
      },
      name: each.name,
    })),
  );
}

function attachment(call: Call) {
  const { recordId = "", type = "", name = "" } = call.route;
  const found = buildOf(call)
    .plan.attachmentsOf(type, recordId)
    .find((each) => each.name === name);
  if (found === undefined)
    throw notFound("AttachmentNotFoundException", `The attachment ${name} of type ${type} could not be found.`);
  return file(found.content);
}

function timeline(call: Call) {
  const build = buildOf(call);
  const { plan } = build;
  const changed = Number(call.query.get("changeId") ?? 0);
  return json({
    records: [...plan.records.values()].filter((record) => record.changeId > changed).map(recordBody),
    lastChangedBy: call.world.buildService.id,
    lastChangedOn: new Date(build.changedAt).toISOString(),
    id: plan.timelineId,
    changeId: plan.changeId,
    url: `${call.world.collectionUri}${call.world.project.id}/_apis/build/builds/${build.id}/Timeline/${plan.timelineId}`,
  });
}

function logs(call: Call) {
  const build = buildOf(call);
  const base = `${call.world.collectionUri}${call.world.project.id}/_apis/build/builds/${build.id}/logs`;
  const id = call.route["logId"];
  if (id === undefined) return collection(build.plan.logs.map((log) => logBody(log, `${base}/${log.id}`)));
  const log = build.plan.logs.find((each) => each.id === Number(id));
  if (log === undefined)
    throw notFound("BuildLogNotFoundException", `The log ${id} of build ${build.id} could not be found.`);
  const first = Number(call.query.get("startLine") ?? 0);
  const last = Number(call.query.get("endLine") ?? log.lines.length);
  const lines = log.lines.slice(first, last + 1);
  // As text, or as lines, by what the client accepts.
  return { ...collection(lines), bytes: Buffer.from(lines.map((line) => `${line}\r\n`).join("")), type: "text/plain" };
}

export const runRecords: readonly Resource[] = [
  {
    area: "build",
    id: "f2192269-89fa-4f94-baf6-8fb128c55159",
    name: "attachments",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}/{type}",
    version: 2,
    isPreview: true,
    handlers: { GET: attachments },
  },
  {
    area: "build",
    id: "af5122d3-3438-485e-a25a-2dbbfde84ee6",
    name: "attachments",
    template: "{project}/_apis/{area}/builds/{buildId}/{timelineId}/{recordId}/{resource}/{type}/{name}",
    version: 2,
    isPreview: true,
    handlers: { GET: attachment },
  },
  {
    area: "build",
    id: "8baac422-4c6e-4de5-8532-db96d92acffa",
    name: "Timeline",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}",
    version: 3,
    handlers: { GET: timeline },
  },
  {
    area: "build",
    id: "35a80daf-7f30-45fc-86e8-6b813d9c90df",
    name: "logs",
    template: "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}",
    version: 2,
    handlers: { GET: logs },
  },
];
