// Orchestration plans: the timeline of a run (stages, jobs, steps), its attachments and its logs.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";

export type RecordState = "pending" | "inProgress" | "completed";
export type RecordResult = "succeeded" | "succeededWithIssues" | "failed" | "canceled" | "skipped" | "abandoned";

/** One line of a run's timeline. Times are milliseconds since the epoch. */
export interface TimelineRecord {
  readonly id: string;
  parentId?: string | undefined;
  /** `Stage`, `Phase`, `Job`, `Task`, `Checkpoint`. */
  type: string;
  name: string;
  refName?: string | undefined;
  identifier?: string | undefined;
  state: RecordState;
  result?: RecordResult | undefined;
  startTime?: number | undefined;
  finishTime?: number | undefined;
  order: number;
  attempt: number;
  percentComplete?: number | undefined;
  currentOperation?: string | undefined;
  workerName?: string | undefined;
  logId?: number | undefined;
  issues: { type: "error" | "warning"; message: string; category?: string }[];
  task?: { id: string; name: string; version: string } | undefined;
  /** Output variables, by `name`. */
  variables: Record<string, { value: string; isSecret?: boolean }>;
  changeId: number;
}

/** A file that a step attached to its timeline record. */
export interface Attachment {
  readonly timelineId: string;
  readonly recordId: string;
  readonly type: string;
  readonly name: string;
  readonly content: Buffer;
  readonly createdOn: number;
}

export interface PlanLog {
  readonly id: number;
  readonly path: string;
  lines: string[];
  readonly createdOn: number;
  lastChangedOn: number;
}

/**
 * An event of an outside service about a task or a job of the plan (docs/facts/extension.md#3.4). Ids in small letters; empty where not
 * said.
 */
export interface PlanEvent {
  /** `TaskAssigned`, `TaskStarted`, `TaskCompleted`, or any other as it was sent. */
  readonly name: string;
  readonly taskId: string;
  readonly jobId: string;
  readonly result?: RecordResult | undefined;
}

/** The plan of one run. Its timeline has the id of the plan, as in the agent's real job message (docs/facts/agent.md#1.9). */
export class Plan {
  readonly planId: string;
  readonly timelineId: string;
  /** `build`, `release`, `deployment`: System.HostType, and the hub's name in URLs. */
  readonly hub: string;
  readonly records = new Map<string, TimelineRecord>();
  readonly attachments: Attachment[] = [];
  readonly logs: PlanLog[] = [];
  /** Tells what comes in about tasks that the server waits for, and lines for their live console (record id, lines). */
  readonly events = new EventEmitter<{ event: [PlanEvent]; feed: [string, readonly string[]] }>();
  private changes = 0;
  private readonly now: () => number;

  constructor(hub: string, now: () => number, planId: string = randomUUID()) {
    this.hub = hub;
    this.now = now;
    this.planId = planId;
    this.timelineId = planId;
    this.events.setMaxListeners(0); // a server job waits for as many tasks as it has steps
  }

  get changeId(): number {
    return this.changes;
  }

  /** Adds a record, or changes the fields given of one that exists. */
  record(change: Partial<TimelineRecord> & { id?: string }): TimelineRecord {
    const id = (change.id ?? randomUUID()).toLowerCase();
    this.changes += 1;
    const before: TimelineRecord = this.records.get(id) ?? {
      id,
      type: "Task",
      name: id,
      state: "pending",
      order: this.records.size + 1,
      attempt: 1,
      issues: [],
      variables: {},
      changeId: 0,
    };
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const after = Object.assign(before, given, { id, changeId: this.changes });
    this.records.set(id, after);
    return after;
  }

  /** Attaches content to a record; a second one of the same type and name replaces the first. */
  attach(recordId: string, type: string, name: string, content: Buffer | string): Attachment {
    const attachment: Attachment = {
      timelineId: this.timelineId,
      recordId: recordId.toLowerCase(),
      type,
      name,
      content: Buffer.from(content),
      createdOn: this.now(),
    };
    const same = this.attachments.findIndex(
      (each) => each.recordId === attachment.recordId && each.type === type && each.name === name,
    );
    if (same >= 0) this.attachments[same] = attachment;
    else this.attachments.push(attachment);
    return attachment;
  }

  attachmentsOf(type: string, recordId?: string): Attachment[] {
    return this.attachments.filter(
      (each) =>
        each.type.toLowerCase() === type.toLowerCase() &&
        (recordId === undefined || each.recordId === recordId.toLowerCase()),
    );
  }

  /** Opens a log; `path` is `logs\<record id>` in what the agent sends. */
  createLog(path: string): PlanLog {
    const log: PlanLog = {
      id: this.logs.length + 1,
      path,
      lines: [],
      createdOn: this.now(),
      lastChangedOn: this.now(),
    };
    this.logs.push(log);
    return log;
  }

  appendLog(log: PlanLog, text: string): void {
    // One by one: a call takes only so many arguments.
    for (const line of text.replace(/\r?\n$/, "").split(/\r?\n/)) log.lines.push(line);
    log.lastChangedOn = this.now();
  }
}
