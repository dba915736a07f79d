// The page that a job's studio link leads to: not studio, and it says so, but what there is to see of the job.
import type { Express, Response } from "express";
import { type JobService, jobService } from "../jobs/service.ts";
import { type JobRecord, runFolder } from "../records/job.ts";
import type { AzureWorld } from "../world/world.ts";

/** Nobody signs in to these pages: a browser on this machine has no token, and the cloud listens on this machine alone. */
export function mount(app: Express, world: AzureWorld): void {
  const service = jobService(world);
  app.get("/runs/:job", (request, response) => {
    const name = String(request.params["job"]);
    const job = service.get(name);
    if (job === undefined)
      return send(response, 404, page("No such job", [paragraph(`There is no job ${name} here.`)]));
    send(response, 200, jobPage(world, service, job));
  });
  app.get("/runs/:job/log", async (request, response) => {
    const job = service.get(String(request.params["job"]));
    const file = String(request.query["path"] ?? "");
    // Only what the job lists: the path is the asker's.
    if (job?.logFiles.includes(file) !== true) {
      return send(response, 404, page("No such log", [paragraph(`The job has no log ${file}.`)]));
    }
    const text = await world.blobs.get("azureml", `${runFolder(job.reusedFrom ?? job.name)}${file}`);
    response
      .status(200)
      .type("text/plain; charset=utf-8")
      .set(GUARD)
      .send(text ?? "");
  });
}

/** Text of jobs is text: nothing in it runs, whatever a browser takes it for. */
const GUARD = {
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
  "X-Content-Type-Options": "nosniff",
};

function send(response: Response, status: number, html: string): void {
  response.status(status).type("text/html; charset=utf-8").set(GUARD).send(html);
}

function jobPage(world: AzureWorld, service: JobService, job: JobRecord): string {
  const link = (name: string, text: string) => anchor(`/runs/${encodeURIComponent(name)}`, text);
  const time = (at: number | undefined) => (at === undefined ? "" : escaped(new Date(at).toISOString()));
  const parts = [
    table([
      ["Name", escaped(job.name)],
      ["Status", escaped(job.status)],
      ["Kind", escaped(job.body.jobType)],
      ["Experiment", escaped(job.experimentName)],
      ["Started", time(job.started)],
      ["Ended", time(job.ended)],
      ["Part of", job.parent === undefined ? "" : link(job.parent.name, job.parent.name)],
      ["Reused from", job.reusedFrom === undefined ? "" : link(job.reusedFrom, job.reusedFrom)],
      ["Failure", escaped(job.failure?.message ?? job.cancelReason ?? "")],
    ]),
  ];
  const run = service.tracking.runs.get(job.name);
  const metrics = run === undefined ? [] : service.tracking.latestMetrics(run);
  parts.push(
    ...section(
      "Metrics",
      metrics.map(({ key, value }) => [escaped(key), escaped(String(value))] as const),
    ),
  );
  const children = service.all().filter(({ parent }) => parent?.name === job.name);
  parts.push(
    ...section(
      "Jobs of it",
      children.map((one) => [link(one.name, one.parent?.node ?? one.name), escaped(one.status)]),
    ),
  );
  parts.push(
    ...section(
      "Outputs",
      Object.entries(job.outputUris).map(([name, uri]) => [escaped(name), escaped(uri)]),
    ),
  );
  const logs = job.logFiles.map((file) => {
    const at = `/runs/${encodeURIComponent(job.name)}/log?path=${encodeURIComponent(file)}`;
    return [anchor(at, file), ""] as const;
  });
  parts.push(...section("Logs", logs));
  parts.push(paragraph(`Workspace ${world.workspaceName}, resource group ${world.resourceGroup}.`));
  return page(job.displayName || job.name, parts);
}

type Row = readonly [name: string, value: string];

function section(title: string, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : [`<h2>${escaped(title)}</h2>`, table(rows, true)];
}

function table(rows: readonly Row[], all = false): string {
  const lines = rows
    .filter(([, value]) => all || value !== "")
    .map(([name, value]) => `<tr><th>${name}</th><td>${value}</td></tr>`);
  return `<table>${lines.join("")}</table>`;
}

const anchor = (href: string, text: string) => `<a href="${escaped(href)}">${escaped(text)}</a>`;
const paragraph = (text: string) => `<p>${escaped(text)}</p>`;

function page(title: string, parts: readonly string[]): string {
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>`,
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}",
    "th{text-align:left;font-weight:normal;color:#555;padding-right:2rem;vertical-align:top}td{overflow-wrap:anywhere}",
    "header{background:#fff4ce;padding:.5rem 1rem}</style></head><body>",
    "<header>Simulated studio page of local Azure: made on this machine, and not what Azure Machine Learning studio looks like.</header>",
    `<h1>${escaped(title)}</h1>`,
    ...parts,
    "</body></html>",
  ].join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
