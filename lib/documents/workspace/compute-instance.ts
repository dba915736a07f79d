// Compute instances: one machine for one person, with schedules, applications and scripts of its own.
// Tests: test/lib/documents/workspace/compute.test.ts

import { present } from "../../plain-objects.ts";
import { list, map, type ObjectOf, object, optional, readOnly, required } from "../language/object.ts";
import { boolean, enumeration, integer, looseText, nameText, text } from "../language/scalar.ts";
import type { Writing } from "../language/shape.ts";
import { computeTrigger, type Trigger } from "../language/trigger.ts";
import { computeHeader, computeIdentity, DEFAULT_SIZE, networkSettings, subnetOf } from "./compute-settings.ts";

const startStop = object("a schedule", {
  action: required(enumeration(["start", "stop"])),
  state: optional(enumeration(["enabled", "disabled"])),
  trigger: required(computeTrigger),
  schedule_id: readOnly(),
  provisioning_state: readOnly(),
});

const port = required(integer({ minimum: 1, maximum: 65535 }));
const application = object("a custom application", {
  name: required(nameText()),
  type: optional(enumeration(["docker"])),
  image: required(object("an image", { reference: required(text()) })),
  endpoints: required(list(object("an endpoint", { target: port, published: port }))),
  environment_variables: optional(map(looseText)),
  bind_mounts: optional(list(object("a bind mount", { source: required(text()), target: required(text()) }))),
});

const script = object("a script", {
  path: required(text()),
  command: optional(text()),
  timeout_minutes: optional(integer({ minimum: 1 })),
});

const fields = {
  ...computeHeader,
  type: required(enumeration(["computeinstance"])),
  size: optional(text()),
  network_settings: optional(networkSettings),
  create_on_behalf_of: optional(
    object("a user", { user_tenant_id: required(text()), user_object_id: required(text()) }),
  ),
  ssh_settings: optional(
    object("SSH settings", { ssh_key_value: optional(text()), admin_username: readOnly(), ssh_port: readOnly() }),
  ),
  ssh_public_access_enabled: optional(boolean),
  schedules: optional(object("schedules", { compute_start_stop: optional(list(startStop)) })),
  identity: optional(computeIdentity),
  idle_time_before_shutdown: optional(text()),
  idle_time_before_shutdown_minutes: optional(integer({ minimum: 1 })),
  custom_applications: optional(list(application)),
  setup_scripts: optional(
    object("setup scripts", { creation_script: optional(script), startup_script: optional(script) }),
  ),
  enable_node_public_ip: optional(boolean),
  enable_sso: optional(boolean),
  enable_root_access: optional(boolean),
  release_quota_on_stop: optional(boolean),
  enable_os_patching: optional(boolean),
  state: readOnly(),
  last_operation: readOnly(),
  services: readOnly(),
  os_image_metadata: readOnly(),
};
export const computeInstance = object("a compute instance", fields);
export type Instance = ObjectOf<typeof fields>;

/** The REST properties of a compute instance. */
export async function instanceProperties(document: Instance, to: Writing): Promise<Record<string, unknown>> {
  const isOpen = document.ssh_public_access_enabled;
  const minutes = document.idle_time_before_shutdown_minutes;
  const owner = document.create_on_behalf_of;
  return {
    computeType: "ComputeInstance",
    disableLocalAuth: !isOpen,
    properties: present({
      vmSize: document.size ?? DEFAULT_SIZE,
      applicationSharingPolicy: "Shared",
      computeInstanceAuthorizationType: "personal",
      subnet: subnetOf(document.network_settings, to.resolver),
      sshSettings:
        isOpen === undefined && document.ssh_settings?.ssh_key_value === undefined
          ? undefined
          : present({
              sshPublicAccess: isOpen === undefined ? undefined : isOpen ? "Enabled" : "Disabled",
              adminPublicKey: document.ssh_settings?.ssh_key_value,
            }),
      personalComputeInstanceSettings: owner && {
        assignedUser: { objectId: owner.user_object_id, tenantId: owner.user_tenant_id },
      },
      idleTimeBeforeShutdown: minutes === undefined ? document.idle_time_before_shutdown : `PT${minutes}M`,
      schedules: document.schedules && (await schedulesBody(document.schedules, to)),
      customServices: document.custom_applications?.map(applicationBody),
      setupScripts: document.setup_scripts && scriptsBody(document.setup_scripts),
      enableNodePublicIp: document.enable_node_public_ip ?? true,
      enableSSO: document.enable_sso ?? true,
      enableRootAccess: document.enable_root_access ?? true,
      enableOSPatching: document.enable_os_patching ?? false,
      releaseQuotaOnStop: document.release_quota_on_stop ?? false,
    }),
  };
}

async function schedulesBody(schedules: NonNullable<Instance["schedules"]>, to: Writing): Promise<object> {
  const bodies: object[] = [];
  for (const { action, state, trigger } of schedules.compute_start_stop ?? []) {
    const body = { action, status: state ?? "Enabled" };
    const when = await triggerBody(trigger, to);
    bodies.push(
      trigger.type === "cron"
        ? { ...body, triggerType: "Cron", cron: when }
        : { ...body, triggerType: "Recurrence", recurrence: when },
    );
  }
  return { computeStartStop: bodies };
}

/** A compute has its times with a T between day and hour; a schedule has them with a space. */
async function triggerBody(trigger: Trigger, to: Writing): Promise<object> {
  const body = (await computeTrigger.write(trigger, to)) as Record<string, unknown>;
  const start = body["startTime"];
  return typeof start === "string" ? { ...body, startTime: start.replace(" ", "T") } : body;
}

function applicationBody(value: NonNullable<Instance["custom_applications"]>[number]): object {
  const variables = value.environment_variables;
  return present({
    name: value.name,
    type: "docker",
    image: { type: "docker", reference: value.image.reference },
    docker: { privileged: true },
    endpoints: value.endpoints.map((endpoint) => ({ name: "connect", protocol: "http", ...endpoint })),
    environmentVariables:
      variables &&
      Object.fromEntries(Object.entries(variables).map(([name, text]) => [name, { type: "local", value: text }])),
    volumes: value.bind_mounts?.map((mount) => ({ type: "bind", readOnly: false, ...mount })),
  });
}

function scriptsBody(scripts: NonNullable<Instance["setup_scripts"]>): object {
  const body = (value: NonNullable<(typeof scripts)["startup_script"]> | undefined) =>
    value &&
    present({
      scriptSource: "workspaceStorage",
      scriptData: value.path,
      scriptArguments: value.command,
      timeout: value.timeout_minutes === undefined ? undefined : `${value.timeout_minutes}m`,
    });
  return {
    scripts: present({ startupScript: body(scripts.startup_script), creationScript: body(scripts.creation_script) }),
  };
}
