// Events that an outside service raises about a task (docs/facts/extension.md#3.4), collected from before it is asked until the task has ended.
import type { Plan, PlanEvent } from "../state/plans.ts";
import type { ServerClock } from "./clock.ts";
import { EVENT_NAMES, type EventName, LONGEST_EVENT } from "./manifest.ts";

/**
 * Default timeout of a completion where task.json sets none: the two days that Azure ML's documentation calls a hard
 * limit of Azure Pipelines (docs/facts/azureml-services.md#7). Not verified against live Azure DevOps.
 */
const DEFAULT_COMPLETION = Math.min(48 * 3_600_000, LONGEST_EVENT);

/** An event did not come in time. */
class EventTimeout extends Error {}

/** Listens to one task's events. Close it. */
export class TaskEvents {
  private readonly plan: Plan;
  private readonly arrived = new Map<string, PlanEvent>();
  private readonly waiting = new Set<() => void>();
  private readonly listener: (event: PlanEvent) => void;

  /** @param task ids in small letters */
  constructor(plan: Plan, task: { readonly jobId: string; readonly taskInstanceId: string }) {
    this.plan = plan;
    this.listener = (event) => {
      // Older callers that report on a gate name its task as the job, and no task (docs/facts/extension.md#3.4).
      const isOurs =
        event.taskId === task.taskInstanceId
          ? event.jobId === task.jobId || event.jobId === ""
          : event.jobId === task.taskInstanceId && /^[0-]*$/.test(event.taskId);
      const name = EVENT_NAMES.find((one) => one.toLowerCase() === event.name.toLowerCase());
      if (!isOurs || name === undefined || this.arrived.has(name)) return;
      this.arrived.set(name, event);
      for (const wake of this.waiting) wake();
    };
    plan.events.on("event", this.listener);
  }

  close(): void {
    this.plan.events.off("event", this.listener);
  }

  /**
   * Waits for TaskCompleted, and for the others as long as task.json gives them. Rejects with an EventTimeout, and with
   * the signal's reason where that is aborted.
   */
  async completed(
    timeouts: Readonly<Partial<Record<EventName, number>>>,
    clock: ServerClock,
    signal: AbortSignal,
  ): Promise<PlanEvent> {
    const stop = new AbortController();
    const limits = EVENT_NAMES.flatMap((name) => {
      const limit = name === "TaskCompleted" ? (timeouts[name] ?? DEFAULT_COMPLETION) : timeouts[name];
      return limit === undefined ? [] : [{ name, limit }];
    });
    try {
      return await new Promise<PlanEvent>((resolve, reject) => {
        const look = () => {
          const done = this.arrived.get("TaskCompleted");
          if (done !== undefined) resolve(done);
        };
        this.waiting.add(look);
        stop.signal.addEventListener("abort", () => this.waiting.delete(look), { once: true });
        const abort = () => reject(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        stop.signal.addEventListener("abort", () => signal.removeEventListener("abort", abort), { once: true });
        for (const { name, limit } of limits) {
          void clock.wait(limit, stop.signal).then(() => {
            // TaskCompleted implies TaskAssigned and TaskStarted.
            const came = this.arrived.has(name) || this.arrived.has("TaskCompleted");
            if (!came) reject(new EventTimeout(`The event ${name} did not arrive within ${sayDuration(limit)}.`));
          });
        }
        if (signal.aborted) abort();
        else look();
      });
    } finally {
      stop.abort();
      // Another section of the same task waits for events of its own.
      this.arrived.clear();
    }
  }
}

/** Milliseconds in words. */
export function sayDuration(milliseconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1000, "second"],
  ];
  const [size, word] = units.find(([one]) => milliseconds >= one && milliseconds % one === 0) ?? [1, "millisecond"];
  const count = milliseconds / size;
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
