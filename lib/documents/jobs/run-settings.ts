// Settings that the runs of several job kinds share: identity, resources, distribution, services, limits, queue.
// Tests: test/lib/documents/jobs/command.test.ts
import { present } from "../../plain-objects.ts";
import { byType } from "../language/by-type.ts";
import { list, map, object, optional, readOnly, required } from "../language/object.ts";
import { valueText } from "../language/python-text.ts";
import { anything, boolean, duration, enumeration, integer, looseText, ownWord, text } from "../language/scalar.ts";
import { type Infer, type Shape, snakeCase } from "../language/shape.ts";

function typed<const N extends string>(name: N, rest: string, as: string) {
  return required(enumeration([name], { rest: { [name]: rest }, fold: "snake" }), { as });
}

const foldSnake = snakeCase;

export interface JobIdentity {
  readonly type: string;
  readonly client_id?: string;
  readonly object_id?: string;
  readonly msi_resource_id?: string;
}

const managedFields = {
  client_id: optional(text()),
  object_id: optional(text()),
  msi_resource_id: optional(text(), { as: "resource_id" }),
};

/** The identity that a job runs with. */
export const jobIdentity: Shape<JobIdentity> = byType<JobIdentity>(
  "an identity",
  {
    // Where a body has an identity as a YAML has it, it has the longer of the two names.
    managed: object(
      "a managed identity",
      { type: typed("managed", "Managed", "identity_type"), ...managedFields },
      { finish: (body, _value, to) => (to.style === "yaml" ? { ...body, type: "managed_identity" } : body) },
    ),
    managed_identity: object("a managed identity", {
      type: typed("managed_identity", "Managed", "identity_type"),
      ...managedFields,
    }),
    user_identity: object("the user's identity", { type: typed("user_identity", "UserIdentity", "identity_type") }),
    aml_token: object("an Azure ML token", { type: typed("aml_token", "AMLToken", "identity_type") }),
  },
  { fold: foldSnake },
);

const dockerArguments: Shape<string | readonly string[]> = {
  expects: "text, or a list of texts",
  below: { kind: "nothing" },
  read: (node, at) => (node.kind === "list" ? list(text()).read(node, at) : text().read(node, at)),
  write: (value) => value,
};

/** Names of settings that are known whatever their case; the first is what a target of that name was called before. */
const TARGETS: Readonly<Record<string, string>> = {
  singularity: "AISuperComputer",
  aisupercomputer: "AISuperComputer",
  itp: "itp",
  target_selector: "target_selector",
};

/** Settings of a compute target. A component's are not renamed: Azure's client does not send them at all. */
const targetSettings: Shape<Readonly<Record<string, unknown>>> = {
  ...map(anything),
  write: (value, to) =>
    to.style === "yaml"
      ? value
      : Object.fromEntries(Object.entries(value).map(([name, item]) => [TARGETS[name.toLowerCase()] ?? name, item])),
};

/** The number and size of machines. */
export const jobResources = object(
  "resources",
  {
    instance_count: optional(integer()),
    instance_type: optional(text()),
    properties: optional(targetSettings),
    locations: optional(list(text())),
    max_instance_count: optional(integer()),
    docker_args: optional(dockerArguments),
    shm_size: optional(text()),
  },
  {
    finish(body, value, to) {
      if (!Array.isArray(value.docker_args) || to.style === "yaml") return body;
      const { dockerArgs, docker_args, locations, maxInstanceCount, max_instance_count, ...rest } = body;
      return { ...rest, [to.style === "camel" ? "dockerArgsList" : "docker_args"]: dockerArgs ?? docker_args };
    },
  },
);

export interface Distribution {
  readonly type: string;
}

/** Distribution: how the processes of a distributed run find each other. */
export const distribution: Shape<Distribution> = byType<Distribution>("a distribution", {
  pytorch: object("a PyTorch distribution", {
    type: typed("pytorch", "PyTorch", "distribution_type"),
    process_count_per_instance: optional(integer()),
  }),
  mpi: object("an MPI distribution", {
    type: typed("mpi", "Mpi", "distribution_type"),
    process_count_per_instance: optional(integer()),
  }),
  tensorflow: object(
    "a TensorFlow distribution",
    {
      type: typed("tensorflow", "TensorFlow", "distribution_type"),
      parameter_server_count: optional(integer()),
      worker_count: optional(integer()),
    },
    {
      finish: (body, _value, to) =>
        to.style === "camel" ? { parameterServerCount: 0, ...body } : { parameter_server_count: 0, ...body },
    },
  ),
  ray: object("a Ray distribution", {
    type: typed("ray", "Ray", "distribution_type"),
    port: optional(integer()),
    address: optional(text()),
    include_dashboard: optional(boolean),
    dashboard_port: optional(integer()),
    head_node_additional_args: optional(text()),
    worker_node_additional_args: optional(text()),
  }),
});

const SERVICE_TYPES = {
  jupyter_lab: "JupyterLab",
  ssh: "SSH",
  tensor_board: "TensorBoard",
  vs_code: "VSCode",
} as const;

/** An interactive service of a job (JupyterLab, SSH, TensorBoard, VS Code). */
const service = object(
  "a service",
  {
    type: optional(
      enumeration(["jupyter_lab", "ssh", "tensor_board", "vs_code"], { fold: "snake", rest: SERVICE_TYPES }),
      {
        as: "job_service_type",
      },
    ),
    port: optional(integer()),
    nodes: optional(ownWord(enumeration(["all"])), { unwritten: true }),
    properties: optional(map(looseText)),
    ssh_public_keys: optional(text(), { unwritten: true }),
    log_dir: optional(text(), { unwritten: true }),
    endpoint: readOnly(),
    status: readOnly(),
    error_message: readOnly(),
  },
  {
    finish(body, value, to) {
      if (to.style === "yaml") return body;
      const own = { sshPublicKeys: value.ssh_public_keys, logDir: value.log_dir };
      const properties = {
        ...value.properties,
        ...present(own),
      };
      const nodes = to.style === "camel" ? { nodesValueType: "All" } : { nodes_value_type: "All" };
      // A service that says no type is what Azure's client tries first: SSH, or TensorBoard where it has a folder of logs.
      const type = value.log_dir === undefined ? "SSH" : "TensorBoard";
      return {
        [to.style === "camel" ? "jobServiceType" : "job_service_type"]: type,
        ...body,
        ...(Object.keys(properties).length === 0 ? {} : { properties }),
        ...(value.nodes === undefined ? {} : { nodes }),
      };
    },
  },
);
export const services = map(service);

/** The longest time that a command may run, in seconds. */
export const commandLimits = object(
  "limits",
  { timeout: optional(duration()) },
  {
    finish: (body, _value, to) =>
      to.style === "yaml" ? body : { [to.style === "camel" ? "jobLimitsType" : "job_limits_type"]: "Command", ...body },
  },
);

const TIERS = { spot: "Spot", basic: "Basic", standard: "Standard", premium: "Premium", null: "Null" } as const;
const PRIORITIES = { low: "1", medium: "2", high: "3" } as const;

const jobTier = enumeration(["spot", "basic", "standard", "premium", "null"], { rest: TIERS });
const priority = enumeration(["low", "medium", "high"], { rest: PRIORITIES });

function queueOf(tiers: Shape<Infer<typeof jobTier>>, priorities: Shape<Infer<typeof priority>>) {
  return object(
    "queue settings",
    { job_tier: optional(tiers), priority: optional(priorities) },
    {
      finish: (body) => ({
        ...body,
        ...(body["priority"] === undefined ? {} : { priority: numeric(body["priority"]) }),
      }),
    },
  );
}

export const queueSettings = queueOf(jobTier, priority);
/** Those of a command: its steps cannot bind them. Azure's client sends a sweep's and an AutoML step's bindings. */
export const commandQueue = queueOf(ownWord(jobTier), ownWord(priority));

function numeric(value: unknown): unknown {
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}

/**
 * Environment variables: values become text. One without a value is left out everywhere: Azure's client leaves it out of a step, and of a
 * job or a deployment it sends null, which is no text.
 */
export const environmentVariables = map(valueText, { nullable: true });
/**
 * A variable of a pipeline's step stands in its body as JSON, as Azure's client sends it; the run has the text of that. A number whose JSON
 * would have another text than Azure's client gives it (1.0, 1e-05, more digits than a number keeps) is sent as that text.
 */
const stepVariable: Shape<unknown> = {
  ...anything,
  read(node, at) {
    const isNumber = node.kind === "scalar" && (node.type === "float" || node.type === "integer");
    return isNumber && String(node.value) !== node.text ? node.text : anything.read(node, at);
  },
};
/** Those of a pipeline's step. */
export const stepVariables = map(stepVariable, { nullable: true });
