// Schedules: what starts a job by the clock (docs/facts/azureml-wire.md#14).
import { page } from "../arm/collection.ts";
import { newStamps, systemData, timestamp } from "../arm/envelope.ts";
import { ArmError, invalidRequest } from "../arm/errors.ts";
import { choice, paged } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import type { ScheduleActionBase, ScheduleProperties, TriggerOnceRequest } from "../contract/types.gen.ts";
import { refuseBadJob } from "../jobs/refusals.ts";
import { isCron, type Trigger, wallText } from "../schedules/due.ts";
import { scheduleShown, serviceMarks } from "../schedules/shape.ts";
import { fire, floor, type ScheduleRecord, schedulesOf, startDue } from "../schedules/watch.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

/** Milliseconds between two looks at the clock. */
const lookEvery = 1_000;

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const schedules = schedulesOf(world);
  const timer = setInterval(() => startDue(world), lookEvery);
  timer.unref();
  world.onClose(() => clearInterval(timer));
  const existing = (name: string): ScheduleRecord => {
    const found = schedules.get(name);
    if (found !== undefined) return found;
    throw new ArmError(404, "UserError", `Resource Trigger ${name} not found`, ["NotFound"]);
  };
  // No id and no type, as recorded; systemData only when it is read.
  const shown = (schedule: ScheduleRecord, apiVersion: string) => ({
    name: schedule.name,
    properties: scheduleShown(schedule, apiVersion),
    systemData: systemData(schedule.stamps, "full"),
  });

  arm.get(
    "/schedules",
    (request, response, { apiVersion }) => {
      const view = choice(request.query, "listViewType", ["EnabledOnly", "DisabledOnly", "All"]) ?? "EnabledOnly";
      const chosen = [...schedules.values()].filter(
        (one) => view === "All" || one.isEnabled === (view !== "DisabledOnly"),
      );
      response.json(page(chosen.toReversed(), request, world.urls.arm, (one) => shown(one, apiVersion)));
    },
    [...paged, "listViewType"],
  );

  arm.get("/schedules/:name", (request, response, { apiVersion }) => {
    response.json(shown(existing(parameter(request, "name")), apiVersion));
  });

  arm.put("/schedules/:name", (request, response, { apiVersion, author, caller }) => {
    const name = parameter(request, "name");
    if (!/^[A-Za-z0-9][\w-]{0,254}$/.test(name))
      throw invalidRequest("BadRequest", `The schedule name '${name}' is invalid.`);
    const sent = propertiesOf<ScheduleProperties>(request);
    const action = refuseBad(world, sent);
    const before = schedules.get(name);
    const now = world.clock.now();
    const schedule: ScheduleRecord = {
      name,
      stamps:
        before === undefined
          ? newStamps(now, author)
          : { ...before.stamps, lastModifiedAt: timestamp(now), lastModifiedBy: author },
      description: textOf(sent.description),
      tags: sent.tags ?? {},
      properties: { ...sent.properties, ...serviceMarks(action) },
      displayName: textOf(sent.displayName),
      isEnabled: sent.isEnabled !== false,
      trigger: sent.trigger as ScheduleRecord["trigger"],
      action,
      // A repeated PUT says so too.
      provisioningState: "Creating",
      clientId: caller.clientId,
      looked: floor(now),
      created: before?.created ?? now,
    };
    schedules.set(name, schedule);
    const operation = world.operations.start("s");
    world.operations.created(response, operation, apiVersion, `${world.urls.arm}${request.originalUrl}`);
    // A repeated PUT is 201 as well (docs/facts/azureml-wire.md#1.4).
    response.status(201).json({ properties: scheduleShown(schedule, apiVersion, true) });
    later(world, () => {
      schedule.began = before?.began ?? wallText(world.clock.now(), schedule.trigger.timeZone);
      schedule.provisioningState = "Succeeded";
      schedules.changed();
      operation.succeed();
    });
  });

  arm.delete("/schedules/:name", (request, response, { apiVersion }) => {
    const schedule = schedules.get(parameter(request, "name"));
    if (schedule === undefined) return response.status(204).end();
    const operation = world.operations.start("s");
    if (schedule.isEnabled) {
      // The operation fails, not the request; the words are those that the official client's own tests expect.
      world.operations.accepted(response, operation, apiVersion);
      const message = `Cannot delete an active trigger ${schedule.name}`;
      later(world, () => operation.fail({ code: "UserError", message }));
      return undefined;
    }
    schedule.provisioningState = "Deleting";
    world.operations.accepted(response, operation, apiVersion);
    later(world, () => {
      schedules.delete(schedule.name);
      operation.succeed();
    });
    return undefined;
  });

  // One turn now: only the official client's own words for it are known. A monitor's windows of data end at the time that is sent.
  arm.post("/schedules/:name/trigger", (request, response) => {
    const schedule = existing(parameter(request, "name"));
    const at = Date.parse(bodyOf<TriggerOnceRequest>(request).scheduleTime ?? "");
    if (Number.isNaN(at)) throw invalidRequest("BadRequest", "scheduleTime is required, as a time in ISO 8601.");
    response.json({ submissionId: fire(world, schedule, at), scheduleActionType: schedule.action.actionType });
  });
}

/** @returns what the schedule starts */
function refuseBad(world: AzureWorld, sent: ScheduleProperties): ScheduleActionBase {
  const trigger = sent.trigger as Trigger | undefined;
  const { action } = sent;
  if (trigger === undefined || typeof trigger.triggerType !== "string")
    throw invalidRequest("BadRequest", "properties.trigger is required.");
  if (action === undefined || action === null || typeof action.actionType !== "string")
    throw invalidRequest("BadRequest", "properties.action is required.");
  if (trigger.triggerType === "Cron" && !isCron(trigger.expression ?? "")) {
    throw new ArmError(400, "UserError", `The cron expression '${trigger.expression ?? ""}' is invalid.`, [
      "BadArgument",
    ]);
  }
  if (action.actionType !== "CreateJob") return action;
  if (!action.jobDefinition) throw invalidRequest("BadRequest", "properties.action.jobDefinition is required.");
  const definition: Json = { ...action.jobDefinition };
  const isReference = definition["sourceJobId"] && Object.keys(definition["jobs"] ?? {}).length === 0;
  if (!isReference) refuseBadJob(world, "scheduled", definition);
  return action;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function later(world: AzureWorld, work: () => void): void {
  world.clock.after(world.settings.online.endpoint, work);
}
