// Jobs of the workspace on the management plane: submit, read, list, update, cancel, delete (docs/facts/azureml-wire.md#9, #10).
import type { Request } from "express";
import { page, select, selected } from "../arm/collection.ts";
import { systemData } from "../arm/envelope.ts";
import { ArmError, notImplemented } from "../arm/errors.ts";
import { flag, text } from "../arm/query.ts";
import { type ArmRouter, answerCreated, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import { canPatchJobs, jobNotifications, webhooksOf } from "../jobs/notifications.ts";
import { refuseBadJob, refuseOverLimits } from "../jobs/refusals.ts";
import { type JobService, jobService } from "../jobs/service.ts";
import { jobResource } from "../jobs/shape/shape.ts";
import { submitterOf } from "../jobs/submitter.ts";
import { isTerminal, type JobBody, type JobRecord } from "../records/job.ts";
import type { AzureWorld } from "../world/world.ts";

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const service = jobService(world);
  const notifications = jobNotifications(world);
  const show = (job: JobRecord, apiVersion: string) =>
    jobResource(
      job,
      { ...world, api: world.urls.api, studio: world.urls.api },
      apiVersion,
      systemData(job.stamps, "job"),
    );

  arm.get(
    "/jobs",
    (request, response, { apiVersion }) => {
      const wanted = service.own().filter(ofType(request)).filter(ofSchedule(request, apiVersion));
      const jobs = select(wanted.map(listed), request.query);
      response.json(page(jobs, request, world.urls.arm, ({ job }) => show(job, apiVersion)));
    },
    [...selected, "jobType", "tag", "properties", "scheduled", "scheduleId"],
  );

  arm.get("/jobs/:name", (request, response, { apiVersion }) => {
    response.json(show(existing(service, parameter(request, "name")), apiVersion));
  });

  arm.put("/jobs/:name", (request, response, context) => {
    const name = parameter(request, "name");
    const body = propertiesOf<JobBody>(request);
    const before = service.get(name);
    if (before !== undefined) {
      update(service, before, body);
      response.status(200).json(show(before, context.apiVersion));
      return;
    }
    refuseBadJob(world, name, body);
    const job = service.submit(name, body, submitterOf(world, context.caller, context.apiVersion));
    answerCreated(request, response, world.urls.arm, show(job, context.apiVersion));
  });

  // Documented for the waiting of Azure Pipelines alone; its answer is in no recording.
  arm.patch("/jobs/:name", (request, response, { apiVersion }) => {
    const job = existing(service, parameter(request, "name"));
    if (!canPatchJobs(apiVersion)) {
      throw notImplemented(`PATCH of jobs with api-version ${apiVersion}: 2023-04-01-preview to 2024-04-01 have it`);
    }
    const webhooks = webhooksOf(bodyOf(request));
    if (webhooks === undefined) {
      throw new ArmError(400, "UserError", "A PATCH of a job changes properties.notificationSetting.webhooks only.", [
        "BadArgument",
      ]);
    }
    notifications.add(job, webhooks);
    const shown = show(job, apiVersion) as { properties: Record<string, unknown> };
    const setting = { emailOn: null, emails: null, webhooks: notifications.shown(job.name) };
    response.json({ ...shown, properties: { ...shown.properties, notificationSetting: setting } });
  });

  arm.post("/jobs/:name/cancel", (request, response, { apiVersion }) => {
    const job = existing(service, parameter(request, "name"));
    if (isTerminal(job.status)) {
      if (job.body.jobType === "Pipeline") throw cancelledTooLate(job);
      response.status(200).end();
      return;
    }
    const operation = world.operations.start("jc", "PT1H", job.name);
    void service.cancel(job).then(() => operation.succeed());
    world.operations.accepted(response, operation, apiVersion);
  });

  // Published: 200, 202 or 204; which of them when is in no recording.
  arm.delete("/jobs/:name", (request, response) => {
    const job = service.get(parameter(request, "name"));
    if (job === undefined) {
      response.status(204).end();
      return;
    }
    if (!isTerminal(job.status)) {
      // Not verified against live Azure.
      throw new ArmError(400, "UserError", `Job ${job.name} is ${job.status} and cannot be deleted; cancel it first.`, [
        "BadArgument",
      ]);
    }
    service.forget(job);
    response.status(200).end();
  });
}

/** Recorded for pipelines (15 times in 2023); a command job that has ended is answered 200 and nothing (docs/facts/recorded-operations.md#4.1). */
function cancelledTooLate({ name }: JobRecord): ArmError {
  return new ArmError(400, "UserError", `The pipeline run ${name} is in terminal status, it can't be canceled.`, [
    ...["BadArgument", "ArgumentInvalid", "CancelPipelineRunInTerminalStatus"],
  ]);
}

function existing(service: JobService, name: string): JobRecord {
  const job = service.get(name);
  if (job !== undefined) return job;
  throw new ArmError(404, "UserError", `Job ${name} not found.`, ["NotFound", "JobNotFound"], {
    format: "Job {jobId} not found.",
    parameters: { jobId: name },
  });
}

/**
 * A repeated PUT of an unfinished job changes tags, display name, description and archiving, and may add properties
 * (docs/facts/azureml-wire.md#9.3); the rest is not looked at. Of a finished job it changes nothing: the one that changes nothing is answered with the job
 * (docs/facts/recorded-operations.md#4.1), and every other is refused, in words that users of the service report (MicrosoftDocs/azure-docs#122250,
 * Azure/azure-sdk-for-python#42156). Those words promise that tags may change; the reports are of PUTs that changed only tags.
 */
function update(service: JobService, job: JobRecord, body: Partial<JobBody>): void {
  const sent = body.properties ?? {};
  if (isTerminal(job.status)) {
    if (!changesDetails(job, body)) return;
    const message =
      "A job with this name already exists. If you are trying to create a new job, use a different name. If you are trying to update an existing job, the existing job's Settings, Inputs, Outputs, Jobs, InputBindings, OutputBindings cannot be changed. Only description, tags, displayName, properties, and isArchived can be updated.";
    throw new ArmError(400, "UserError", message, ["BadArgument"]);
  }
  const changed = Object.keys(sent).find((key) => key in job.properties && sent[key] !== job.properties[key]);
  if (changed !== undefined) {
    // That existing properties may not change is known (docs/facts/azureml-services.md#5.7); the words are not verified against live Azure.
    throw new ArmError(
      400,
      "UserError",
      `The property '${changed}' of job ${job.name} is immutable and cannot be changed.`,
      ["BadArgument"],
    );
  }
  refuseOverLimits(body);
  service.update(job, {
    ...(typeof body.displayName === "string" ? { displayName: body.displayName } : {}),
    ...("description" in body ? { description: body.description ?? null } : {}),
    ...(typeof body.isArchived === "boolean" ? { isArchived: body.isArchived } : {}),
    ...("tags" in body ? { tags: { ...ofTheService(job.tags), ...body.tags } } : {}),
    properties: { ...job.properties, ...sent },
  });
}

/** Tags of the service's own stay, whatever is sent; inferred. */
function ofTheService(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => name.startsWith("_aml_system_")));
}

function changesDetails(job: JobRecord, body: Partial<JobBody>): boolean {
  type Texts = Readonly<Record<string, string>>;
  const isWithin = (sent: Texts | null | undefined, there: Texts) =>
    Object.entries(sent ?? {}).every(([name, value]) => there[name] === value);
  const isSame = (name: "displayName" | "description" | "isArchived") =>
    body[name] === undefined || body[name] === null || body[name] === job[name];
  return !(
    isWithin(body.tags, job.tags) &&
    isWithin(body.properties, job.properties) &&
    isSame("displayName") &&
    isSame("description") &&
    isSame("isArchived")
  );
}

function ofType(request: Request): (job: JobRecord) => boolean {
  const wanted = text(request.query, "jobType");
  return wanted !== undefined ? (job) => job.body.jobType.toLowerCase() === wanted.toLowerCase() : () => true;
}

/**
 * Jobs of schedules, and of one of them: azure-ai-ml 1.35.2 sends these two to 2024-01-01-preview alone (docs/facts/operations.md#F.4).
 * That a schedule's id there is its name is not verified against live Azure.
 */
function ofSchedule(request: Request, apiVersion: string): (job: JobRecord) => boolean {
  const [scheduled, schedule] = [flag(request.query, "scheduled"), text(request.query, "scheduleId")];
  if (scheduled === undefined && schedule === undefined) return () => true;
  if (apiVersion !== "2024-01-01-preview")
    throw notImplemented(`scheduled and scheduleId of a list of jobs with api-version ${apiVersion}`);
  return ({ properties }) => {
    const name = properties["azureml.scheduleName"];
    return (
      (scheduled === undefined || scheduled === (name !== undefined)) && (schedule === undefined || schedule === name)
    );
  };
}

function listed(job: JobRecord) {
  const { tags, properties, isArchived, stamps, sequence } = job;
  return { job, properties: { tags, properties, isArchived }, stamps, sequence };
}
