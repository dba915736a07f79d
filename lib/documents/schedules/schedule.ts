// Schedules: a trigger, and what it sets off: a job, a monitor or a data import (docs/facts/azureml-documents.md#2.12).
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { map, object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { looseText, nameText, text } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";
import { trigger } from "../language/trigger.ts";
import { dataImportUse } from "./data-import.ts";
import { monitorBody, monitorDefinition } from "./monitor.ts";
import { scheduledJob } from "./scheduled-job.ts";

const ACTIONS = ["create_job", "create_monitor", "import_data"] as const;

const shape = object(
  "a schedule",
  {
    name: required(nameText()),
    display_name: optional(text()),
    description: optional(text()),
    tags: optional(tags),
    properties: optional(map(looseText)),
    trigger: required(trigger),
    create_job: optional(scheduledJob),
    create_monitor: optional(monitorDefinition),
    import_data: optional(dataImportUse),
    id: readOnly(),
    is_enabled: readOnly(),
    provisioning_state: readOnly(),
    creation_context: readOnly(),
  },
  {
    check(value, node, at) {
      const given = ACTIONS.filter((name) => value[name] !== undefined);
      if (given.length !== 1)
        at.fault(node, `a schedule sets off one thing; this one has ${given.join(" and ") || "none"}.`, {
          allowed: ACTIONS,
        });
    },
  },
);
type ScheduleDocument = Infer<typeof shape>;

async function write(document: ScheduleDocument, resolver: Resolver) {
  return {
    path: `schedules/${segment(document.name, "the name")}`,
    body: {
      properties: present({
        displayName: document.display_name,
        description: document.description,
        tags: document.tags ?? {},
        properties: document.properties ?? {},
        trigger: await trigger.write(document.trigger, camelWriting(resolver)),
        action: await action(document, resolver),
      }),
    },
  };
}

async function action(document: ScheduleDocument, resolver: Resolver): Promise<object> {
  const to = camelWriting(resolver);
  if (document.create_job !== undefined)
    return { actionType: "CreateJob", jobDefinition: await scheduledJob.write(document.create_job, to) };
  if (document.import_data !== undefined)
    return { actionType: "ImportData", dataImportDefinition: await dataImportUse.write(document.import_data, to) };
  if (document.create_monitor === undefined) throw new Error("A schedule sets nothing off.");
  return {
    actionType: "CreateMonitor",
    monitorDefinition: await monitorBody(document.create_monitor, document.trigger, resolver),
  };
}

export const scheduleKind = defineKind({
  name: "schedule",
  order: 130,
  schemas: ["schedule", "monitorschedule"],
  marks: [{ has: ["trigger"] }],
  advice: "AzureMLApply creates a schedule; to run its job now, submit the job's own file.",
  shape,
  apiVersion: "2023-06-01-preview",
  keepsHash: true,
  write,
});
