// The server-task engine: runs tasks with `runsOn: Server` and gates inside the local Azure DevOps, where no agent is. Its public face.
import { randomUUID } from "node:crypto";
import type { Connection } from "../state/connections.ts";
import type { Plan, PlanEvent } from "../state/plans.ts";
import { machineClock, type ServerClock } from "./clock.ts";
import { type GatesOutcome, type GateTimes, type GateVerdict, sampleGates } from "./gates.ts";
import { cancel, type Execution, execute, type ServerHost, type Validation } from "./handlers.ts";
import { readHandler, ServerTaskError, type ServerTaskManifest } from "./manifest.ts";
import { TaskValues } from "./substitution.ts";

export type { ServerClock } from "./clock.ts";
export { checkServerExpression } from "./expressions.ts";
export type { GatesOutcome, GateTimes } from "./gates.ts";
export { readHandler, type ServerTaskManifest } from "./manifest.ts";

/** A task that the server is to run. */
export interface ServerStep {
  readonly task: ServerTaskManifest;
  /** By the inputs' own names; connections as ids. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Variables of the job by name in any case; what the server itself knows of the step (`system.*`) wins. */
  readonly variable?: (name: string) => string | undefined;
  readonly plan: Plan;
  readonly jobId: string;
  /** Id of the step's timeline record. */
  readonly taskInstanceId: string;
  /** System.AccessToken of the job. */
  readonly token: string;
  readonly signal?: AbortSignal;
  readonly log?: (line: string) => void;
}

export interface ServerOutcome {
  readonly result: "Succeeded" | "SucceededWithIssues" | "Failed" | "Canceled" | "Skipped" | "Abandoned";
  readonly issues: readonly { readonly type: "error" | "warning"; readonly message: string }[];
  /** Variables that the task or the outside service set on the step's record, by name. */
  readonly outputs: Readonly<Record<string, { readonly value: string; readonly secret: boolean }>>;
  /** The log that the outside service made for the step. */
  readonly logId?: number | undefined;
}

/** A gate of a release's stage. */
export interface Gate extends Pick<ServerStep, "task" | "inputs" | "variable"> {
  readonly name: string;
}

const RESULTS: Readonly<Record<NonNullable<PlanEvent["result"]>, ServerOutcome["result"]>> = {
  succeeded: "Succeeded",
  succeededWithIssues: "SucceededWithIssues",
  failed: "Failed",
  canceled: "Canceled",
  skipped: "Skipped",
  abandoned: "Abandoned",
};

/** The organization, as far as the engine needs it. */
export interface Organization {
  readonly collectionUri: string;
  readonly organization: { readonly id: string };
  readonly project: { readonly id: string; readonly name: string };
  readonly connections: { get(idOrName: string): Connection | undefined };
  issueOidcToken(connection: Connection): string;
}

export class ServerTasks {
  private readonly world: Organization;
  private readonly host: ServerHost;
  /** Answers ManualValidation tasks; somebody approves where nothing else is said. */
  onValidation: (instructions: string) => Validation = () => ({ by: "Somebody", decision: "approved" });

  /**
   * @param network how the server reaches what is outside: a PEM file of an authority that it trusts besides the machine's
   * @param delay how a Delay task waits, where that is not by the clock
   */
  constructor(
    world: Organization,
    network: () => { readonly caFile?: string | undefined },
    clock = machineClock,
    delay: ServerClock["wait"] = (milliseconds, signal) => clock.wait(milliseconds, signal),
  ) {
    this.world = world;
    this.host = {
      clock,
      delay,
      caFile: () => network().caFile || undefined,
      connection: (id) => world.connections.get(id),
      validation: (instructions) => this.onValidation(instructions),
      oidcToken: (connection) => world.issueOidcToken(connection),
    };
  }

  /** The same engine on another clock. */
  on(clock: ServerClock): ServerTasks {
    return new ServerTasks(this.world, () => ({ caFile: this.host.caFile() }), clock);
  }

  /** Runs a task to its end. Never rejects for what the task or the service does. */
  async run(step: ServerStep): Promise<ServerOutcome> {
    const recordId = step.taskInstanceId.toLowerCase();
    const showFeed = (id: string, lines: readonly string[]) => {
      if (id === recordId) for (const line of lines) step.log?.(line);
    };
    step.plan.events.on("feed", showFeed);
    const issues: { type: "error" | "warning"; message: string }[] = [];
    try {
      const execution = this.execution(step, new TaskValues(step.task, step.inputs, this.variables(step)));
      const result = await this.carryOut(execution, issues);
      const logId = step.plan.records.get(recordId)?.logId;
      const outputs = this.outputs(step, execution.values, recordId);
      return { result, issues, outputs, ...(logId === undefined ? {} : { logId }) };
    } catch (error) {
      if (!(error instanceof ServerTaskError)) throw error;
      return { result: "Failed", issues: [{ type: "error", message: error.message }], outputs: {} };
    } finally {
      step.plan.events.off("feed", showFeed);
    }
  }

  private async carryOut(
    execution: Execution,
    issues: { type: "error" | "warning"; message: string }[],
  ): Promise<ServerOutcome["result"]> {
    const { signal } = execution;
    if (signal.aborted) return "Canceled"; // never begun: there is nothing to take back
    try {
      const event = await execute(this.host, execution);
      const result = event === undefined ? "Succeeded" : RESULTS[event.result ?? "failed"];
      if (result === "Failed")
        issues.push({ type: "error", message: "The service reported that the task has failed." });
      return result;
    } catch (error) {
      if (!signal.aborted) {
        issues.push({ type: "error", message: (error as Error).message });
        return "Failed";
      }
      try {
        await cancel(this.host, execution);
      } catch (failure) {
        issues.push({
          type: "warning",
          message: `The request of the Cancel section failed: ${(failure as Error).message}`,
        });
      }
      return "Canceled";
    }
  }

  /** Asks gates until all pass together. Chains keep their output variables from sample to sample. */
  async evaluateGates(
    gates: readonly Gate[],
    o: {
      readonly plan: Plan;
      readonly jobId: string;
      readonly token: string;
      readonly times: GateTimes;
      readonly signal?: AbortSignal;
      readonly log?: (line: string) => void;
    },
  ): Promise<GatesOutcome> {
    const signal = o.signal ?? new AbortController().signal;
    const askers = gates.map((gate) => {
      if (!(gate.task.runsOn ?? []).some((place) => /^ServerGate$/i.test(place)))
        throw new ServerTaskError(
          `The task ${gate.task.name} is no gate (runsOn: ${gate.task.runsOn?.join(", ") ?? "Agent"}).`,
        );
      const step: ServerStep = {
        ...gate,
        plan: o.plan,
        jobId: o.jobId,
        token: o.token,
        taskInstanceId: randomUUID(),
        signal,
        log: (line) => o.log?.(`${gate.name}: ${line}`),
      };
      const values = new TaskValues(gate.task, gate.inputs, this.variables(step));
      return async (): Promise<GateVerdict> => {
        const issues: { type: "error" | "warning"; message: string }[] = [];
        const result = await this.carryOut(this.execution(step, values), issues);
        const passed = result === "Succeeded" || result === "SucceededWithIssues";
        return { gate: gate.name, passed, detail: issues.map(({ message }) => message).join(" ") };
      };
    });
    return sampleGates(askers, o.times, this.host.clock, signal);
  }

  private execution(step: ServerStep, values: TaskValues): Execution {
    return {
      handler: readHandler(step.task),
      values,
      plan: step.plan,
      jobId: step.jobId.toLowerCase(),
      taskInstanceId: step.taskInstanceId.toLowerCase(),
      signal: step.signal ?? new AbortController().signal,
      log: step.log ?? (() => {}),
    };
  }

  /** Variables of the step that the server provides; they win over those of the job. */
  private variables(step: ServerStep): (name: string) => string | undefined {
    const { collectionUri, project, organization } = this.world;
    const own = new Map(
      Object.entries({
        "system.collectionUri": collectionUri,
        "system.teamFoundationCollectionUri": collectionUri,
        "system.collectionId": organization.id,
        "system.teamProject": project.name,
        "system.teamProjectId": project.id,
        "system.hostType": step.plan.hub,
        "system.planId": step.plan.planId,
        "system.timelineId": step.plan.timelineId,
        "system.jobId": step.jobId,
        "system.taskInstanceId": step.taskInstanceId,
        "system.accessToken": step.token,
      }).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return (name) => own.get(name.toLowerCase()) ?? step.variable?.(name);
  }

  private outputs(step: ServerStep, values: TaskValues, recordId: string): ServerOutcome["outputs"] {
    const kept = values.outputsSoFar().map(([name, value]) => [name, { value, secret: false }] as const);
    const set = Object.entries(step.plan.records.get(recordId)?.variables ?? {}).map(
      ([name, { value, isSecret }]) => [name, { value, secret: isSecret === true }] as const,
    );
    return Object.fromEntries([...kept, ...set]);
  }
}
