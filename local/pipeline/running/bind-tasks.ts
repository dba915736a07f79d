// Task steps against their task.json, as the server does it before a run: names, aliases, required inputs, connections to ids.
import {
  expandMacros,
  readTaskFolder,
  type ServiceConnection,
  type TaskFolder,
  type TaskInput,
} from "../../agent/index.ts";
import { nearestName } from "../../text/nearest-name.ts";
import type { Fault } from "../../text/places.ts";
import {
  isAgentless,
  type JobDocument,
  type PipelineDocument,
  type PipelineVariable,
  type StageDocument,
  type TaskStep,
  type Text,
} from "../language/document.ts";
import { PipelineError } from "../language/faults.ts";
import { isVisible } from "./visible-rule.ts";

/** A task step that can be run: its package, and its inputs under their own names with ids for connections. */
export interface BoundTask {
  readonly task: TaskFolder;
  readonly inputs: Readonly<Record<string, string>>;
  /** Connections that it names: what its job's token may get OIDC tokens for. */
  readonly connectionIds: readonly string[];
}

export interface TaskWorld {
  /** `Name@major` -> packaged folder. */
  readonly tasks: ReadonlyMap<string, string>;
  /** Name -> connection. */
  readonly connections: Readonly<Record<string, ServiceConnection>>;
  /** `Name@major` of tasks that are not here and whose steps are left out, in small letters. */
  readonly leftOut?: ReadonlySet<string>;
}

/** Binds every task step of the document. Throws a PipelineError with all faults. */
export function bindTasks(document: PipelineDocument, world: TaskWorld): Map<TaskStep, BoundTask> {
  const faults: Fault[] = [];
  const bound = new Map<TaskStep, BoundTask>();
  for (const stage of document.stages) {
    for (const job of stage.jobs) {
      const counts = new Map<string, number>();
      for (const step of job.steps) {
        if (step.kind !== "task") continue;
        const known = new Binder({ document, stage, job, step, world, faults, counts }).bind();
        if (known) bound.set(step, known);
      }
    }
  }
  if (faults.length > 0) throw new PipelineError(faults);
  return bound;
}

class Binder {
  readonly #step: TaskStep;
  readonly #world: TaskWorld;
  readonly #faults: Fault[];
  readonly #variables: readonly PipelineVariable[];
  readonly #jobName: string;
  readonly #isAgentless: boolean;
  readonly #counts: Map<string, number>;

  constructor(options: {
    document: PipelineDocument;
    stage: StageDocument;
    job: JobDocument;
    step: TaskStep;
    world: TaskWorld;
    faults: Fault[];
    counts: Map<string, number>;
  }) {
    this.#step = options.step;
    this.#world = options.world;
    this.#faults = options.faults;
    this.#variables = [...options.job.variables, ...options.stage.variables, ...options.document.variables];
    this.#jobName = options.job.name;
    this.#isAgentless = isAgentless(options.job);
    this.#counts = options.counts;
  }

  bind(): BoundTask | undefined {
    const task = this.#findTask();
    if (!task) return undefined;
    const declared = task.manifest.inputs ?? [];
    const given = new Map<TaskInput, Text>();
    for (const { name, value } of this.#step.inputs) {
      const input = this.#findInput(task, name);
      if (!input) continue;
      if (given.has(input)) this.#fault(name, `The input '${input.name}' is given twice.`);
      given.set(input, value);
    }
    const current = (name: string) => {
      const input = declared.find((one) => one.name.toLowerCase() === name.toLowerCase());
      return input ? (given.get(input)?.value ?? String(input.defaultValue ?? "")) : "";
    };
    const inputs: Record<string, string> = {};
    const connectionIds: string[] = [];
    for (const input of declared) {
      const text = given.get(input);
      const isRequired =
        String(input.required ?? false).toLowerCase() === "true" && isVisible(input.visibleRule, current);
      if (isRequired && current(input.name).trim() === "") {
        const where = text ?? this.#step.task;
        this.#fault(
          where,
          `The input '${input.aliases?.[0] ?? input.name}' of ${this.#step.task.value} is required${text ? " and empty" : " and missing"}.`,
        );
      }
      if (!text) continue;
      this.#checkValue(input, text);
      if (/^connectedService:/i.test(input.type)) inputs[input.name] = this.#connectionIds(input, text, connectionIds);
      else inputs[input.name] = text.value;
    }
    return { task, inputs, connectionIds };
  }

  #findTask(): TaskFolder | undefined {
    const { value } = this.#step.task;
    const match = /^(?:[^@]*\.)?([A-Za-z0-9-]+)@(\d+)$/.exec(value);
    const names = [...this.#world.tasks.keys()];
    if (!match) {
      this.#fault(
        this.#step.task,
        `'${value}' is no task reference; it is written Name@major, such as ${names[0] ?? "AzureMLSubmitJob@1"}.`,
      );
      return undefined;
    }
    const wanted = `${match[1]}@${match[2]}`;
    const key = names.find((name) => name.toLowerCase() === wanted.toLowerCase());
    if (key === undefined && !this.#isAgentless && this.#world.leftOut?.has(wanted.toLowerCase())) return undefined;
    if (key === undefined) {
      const nearest = nearestName(wanted, names);
      const hint =
        nearest === undefined ? `it has ${names.toSorted().join(", ") || "none"}` : `did you mean '${nearest}'?`;
      this.#fault(this.#step.task, `A task is missing: the local pipeline has no task '${value}'; ${hint}.`);
      return undefined;
    }
    const task = readTaskFolder(this.#world.tasks.get(key)!);
    const { runsOn = ["Agent"] } = task.manifest;
    const fits = this.#isAgentless ? /^Server$/i : /^(Agent|DeploymentGroup)$/i;
    if (!runsOn.some((place) => fits.test(place))) {
      const where = this.#isAgentless
        ? "and here is none (pool: server)"
        : "in a job of its own with pool: server, where no agent is";
      this.#fault(
        this.#step.task,
        `The task '${value}' is not valid for the job ${this.#jobName}: it runs on ${runsOn.join(", ")}, ${where}.`,
      );
      return undefined;
    }
    const name = task.manifest.name;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return task;
  }

  /** By name or alias. An unknown one is refused: the real server hands it to the task, which never asks for it. */
  #findInput(task: TaskFolder, name: Text): TaskInput | undefined {
    const declared = task.manifest.inputs ?? [];
    const wanted = name.value.trim().toLowerCase();
    const names = (input: TaskInput) => [input.name, ...(input.aliases ?? [])];
    const input = declared.find((one) => names(one).some((known) => known.toLowerCase() === wanted));
    if (input) return input;
    const nearest = nearestName(name.value, declared.flatMap(names));
    const hint =
      nearest === undefined
        ? `it has ${declared.map(({ name }) => name).join(", ") || "none"}`
        : `did you mean '${nearest}'?`;
    this.#fault(
      name,
      `${this.#step.task.value} has no input '${name.value}'; ${hint} (Azure Pipelines itself would only ignore it.)`,
    );
    return undefined;
  }

  /** Values of a fixed list and of a check box, where they are no macros. The real server leaves this to the task. */
  #checkValue(input: TaskInput, text: Text): void {
    const value = text.value.trim();
    if (value === "" || value.includes("$(")) return;
    if (/^boolean$/i.test(input.type) && !/^(true|false)$/i.test(value)) {
      this.#fault(text, `The input '${input.name}' must be true or false, not '${value}'.`);
    }
    const isOpen =
      /^true$/i.test(input.properties?.["EditableOptions"] ?? "") ||
      /^true$/i.test(input.properties?.["MultiSelect"] ?? "");
    const options = Object.keys(input.options ?? {});
    if (!/^(pickList|radio)$/i.test(input.type) || isOpen || options.length === 0) return;
    if (!options.some((option) => option.toLowerCase() === value.toLowerCase())) {
      this.#fault(text, `The input '${input.name}' must be one of ${options.join(", ")}, not '${value}'.`);
    }
  }

  /** Names become ids, as on the server, which knows the variables that the file itself gives. */
  #connectionIds(input: TaskInput, text: Text, found: string[]): string {
    const expanded = expandMacros(
      text.value,
      (name) => this.#variables.find((one) => one.name.toLowerCase() === name.toLowerCase())?.value,
    );
    const ids: string[] = [];
    for (const name of expanded.split(",").map((one) => one.trim())) {
      if (name === "") continue;
      const entry = Object.entries(this.#world.connections).find(([key, { id, name: own }]) =>
        [key, id, own].some((one) => one?.toLowerCase() === name.toLowerCase()),
      );
      const stepName =
        this.#step.name ??
        `${this.#step.task.value.split("@")[0]}${this.#counts.get(this.#step.task.value.split("@")[0]!) ?? 1}`;
      if (entry) {
        const other = otherThanExpected(input.type, entry[1]);
        if (other !== undefined) {
          this.#fault(
            text,
            `The pipeline is not valid. Job ${this.#jobName}: Step ${stepName} input ${input.name} ${other.expects} but the provided service connection ${name} ${other.is}.`,
          );
        }
        ids.push(entry[1].id);
        found.push(entry[1].id);
        continue;
      }
      this.#fault(
        text,
        `There was a resource authorization issue: "The pipeline is not valid. Job ${this.#jobName}: Step ${stepName} input ${input.name} references service connection ${name} which could not be found. The service connection does not exist, has been disabled or has not been authorized for use. For authorization details, refer to https://aka.ms/yamlauthz."`,
      );
    }
    return ids.join(",");
  }

  #fault({ place }: Text | { place: Fault["place"] }, message: string): void {
    this.#faults.push({ place, message });
  }
}

/**
 * Whether a connection is of another type than the input takes, or signs in by another scheme than it is narrowed to
 * (docs/facts/extension.md#2.3). The server refuses the run for it before anything begins; its words for a scheme are not in the facts.
 */
function otherThanExpected(
  inputType: string,
  { type, scheme }: ServiceConnection,
): { readonly expects: string; readonly is: string } | undefined {
  const [, wanted = "", schemes = ""] = inputType.split(":");
  const same = (one: string, other: string) => one.trim().toLowerCase() === other.toLowerCase();
  const expects = `expects a service connection of type ${wanted}`;
  if (!same(wanted, type)) return { expects, is: `is of type ${type}` };
  if (schemes === "" || schemes.split(",").some((one) => same(one, scheme))) return undefined;
  return {
    expects: `${expects} with authentication scheme ${schemes.replace(",", " or ")}`,
    is: `has the authentication scheme ${scheme}`,
  };
}
