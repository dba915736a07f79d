// The payload that a target receives: the same JSON for events and replays.
import { sha256 } from "../../lib/sha256.ts";
import { isRegistry, sourceName } from "./configuration.ts";
import type { ModelEvent, RelayEvent, RunEvent, ToldModel, ToldRun } from "./events.ts";

interface NoticeHead {
  /** ARM id of the workspace or registry. */
  readonly source: string;
  readonly event: {
    /** Event Grid's id, or `replay:` and the subject when a replay found the version. */
    readonly id: string;
    readonly type: string;
    /** ISO 8601; when a replay found it: the time the version was created. */
    readonly time: string;
    readonly by: "event" | "replay";
  };
}

export interface ModelNotice extends NoticeHead, ToldModel {
  readonly stage: string | undefined;
  /** Azure ML's name of the job that made it, where Azure ML was asked and knows. */
  readonly jobName: string | undefined;
}

export interface RunNotice extends NoticeHead, ToldRun {}

export type Notice = ModelNotice | RunNotice;

/** The idempotency key of a start: ARM ids ignore case, model names do not. */
export function subjectOf(notice: Notice): string {
  const source = notice.source.toLowerCase();
  return notice.kind === "model"
    ? `model ${source} ${notice.name} ${notice.version}`
    : `run ${source} ${notice.runId} ${notice.status.toLowerCase()}`;
}

/** `credit:7`, or `run 1a2b (Completed)`: for sentences. */
export function nameOf(notice: Notice): string {
  return notice.kind === "model" ? `${notice.name}:${notice.version}` : `run ${notice.runId} (${notice.status})`;
}

/** The same for the same subject and target, always: a receiver may drop what it has seen. 24 hexadecimal digits. */
export function startId(targetKey: string, notice: Notice): string {
  return sha256(`${targetKey}\n${subjectOf(notice)}`).slice(0, 24);
}

const headOf = ({ source, id, type, time }: RelayEvent): NoticeHead => ({
  source,
  event: { id, type, time, by: "event" },
});

export function noticeOfModelEvent(event: ModelEvent): ModelNotice {
  return {
    kind: "model",
    ...headOf(event),
    name: event.name,
    version: event.version,
    tags: event.tags,
    properties: event.properties,
    stage: undefined,
    jobName: undefined,
  };
}

export function noticeOfRunEvent(event: RunEvent): RunNotice {
  return {
    kind: "run",
    ...headOf(event),
    runId: event.runId,
    experiment: event.experiment,
    status: event.status,
    runType: event.runType,
    tags: event.tags,
    properties: event.properties,
  };
}

/**
 * The payload of the webhook, schema 1. Documented in relay/README.md; fields may be added, none changes or goes while
 * `schema` is 1. Every leaf that a pipeline's filter can name is a text, and always there.
 */
export function payloadOf(notice: Notice, id: string): object {
  const place = placeOf(notice.source);
  const head = { schema: 1, id, event: notice.event, ...place };
  if (notice.kind === "run") {
    return {
      ...head,
      run: {
        id: notice.runId,
        status: notice.status,
        type: notice.runType ?? "",
        experiment: notice.experiment,
        tags: notice.tags,
        properties: notice.properties,
      },
    };
  }
  return {
    ...head,
    model: {
      id: `${notice.source}/models/${notice.name}/versions/${notice.version}`,
      name: notice.name,
      version: notice.version,
      stage: notice.stage ?? notice.tags.stage ?? "",
      jobName: notice.jobName ?? "",
      tags: notice.tags,
      properties: notice.properties,
    },
  };
}

function placeOf(source: string): object {
  const parts = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\//i.exec(source);
  const place = {
    id: source,
    subscriptionId: parts?.[1] ?? "",
    resourceGroup: parts?.[2] ?? "",
    name: sourceName(source),
  };
  return isRegistry(source) ? { registry: place } : { workspace: place };
}
