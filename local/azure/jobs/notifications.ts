// Webhooks of jobs: when a job has ended, Azure ML tells the Azure Pipelines task that waits for it (docs/facts/azureml-services.md#7).
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../network/call.ts";
import type { JobRecord, JobStatus } from "../records/job.ts";
import type { AzureWorld } from "../world/world.ts";

/** A webhook as it was sent. All fields beside the first two are in no published type: a typed client drops them. */
interface Webhook {
  readonly webhookType: string;
  readonly eventType: string;
  readonly planUri: string;
  readonly projectId: string;
  readonly hubName: string;
  readonly planId: string;
  readonly jobId: string;
  readonly timelineId: string;
  readonly taskInstanceId: string;
  readonly authToken: string;
}

/** api-versions in which jobs can be patched: the published previews, and the one of Azure ML's own documentation (docs/facts/azureml-services.md#7). */
export function canPatchJobs(apiVersion: string): boolean {
  const date = apiVersion.slice(0, 10);
  return apiVersion.endsWith("-preview") ? date >= "2023-04-01" && date <= "2024-04-01" : apiVersion === "2024-04-01";
}

/** The notifications of this workspace, the same ones at every call. */
export function jobNotifications(world: AzureWorld): JobNotifications {
  return world.part("job notifications", () => new JobNotifications(world));
}

/** Keeps webhooks in memory only: their tokens are secrets, and die with the local Azure DevOps that issued them. */
export class JobNotifications {
  private readonly world: AzureWorld;
  /** Job -> webhook's key -> webhook, and whether it was told. */
  private readonly webhooks = new Map<string, Map<string, { readonly webhook: Webhook; told: boolean }>>();
  private readonly stop = new AbortController();
  private readonly sending = new Set<Promise<void>>();

  constructor(world: AzureWorld) {
    this.world = world;
    world.events.on("jobTerminal", ({ name, status }) => this.tell(name, status as JobStatus));
    world.onClose(async () => {
      this.stop.abort();
      await Promise.all(this.sending);
    });
  }

  /**
   * Takes the webhooks of a PATCH, by their keys in any case. Others that the job has stay; that they do is inferred (docs/facts/azureml-services.md#7) and not
   * verified against live Azure. Of a job that has ended already nothing is told: what the service does is not known, and this is the stricter.
   */
  add(job: JobRecord, sent: Readonly<Record<string, unknown>>): void {
    const kept = this.webhooks.get(job.name) ?? new Map<string, { webhook: Webhook; told: boolean }>();
    this.webhooks.set(job.name, kept);
    for (const [key, value] of Object.entries(sent)) {
      const webhook = readWebhook(value);
      if (webhook.authToken !== "") this.world.secret(webhook.authToken);
      kept.set(key, { webhook, told: false });
    }
  }

  /** Webhooks as a job shows them: the declared fields, never the token. */
  shown(job: string): Record<string, object> | undefined {
    const kept = this.webhooks.get(job);
    if (kept === undefined) return undefined;
    return Object.fromEntries(
      [...kept].map(
        ([
          key,
          {
            webhook: { eventType, webhookType },
          },
        ]) => [key, { eventType, webhookType }],
      ),
    );
  }

  private tell(job: string, status: JobStatus): void {
    for (const kept of this.webhooks.get(job)?.values() ?? []) {
      const { webhook, told } = kept;
      kept.told = true;
      if (told || !/^AzureDevOps$/i.test(webhook.webhookType) || !/^RunTerminated$/i.test(webhook.eventType)) continue;
      const sent = this.deliver(webhook, status).finally(() => this.sending.delete(sent));
      this.sending.add(sent);
    }
  }

  /** Three tries; how often the service tries is not known. */
  private async deliver(webhook: Webhook, status: JobStatus): Promise<void> {
    const base = webhook.planUri.replace(/\/*$/, "");
    const url = `${base}/${webhook.projectId}/_apis/distributedtask/hubs/${webhook.hubName}/plans/${webhook.planId}/events?api-version=2.0-preview.1`;
    const body = JSON.stringify({
      name: "TaskCompleted",
      taskId: webhook.taskInstanceId,
      jobId: webhook.jobId,
      result: status === "Completed" ? "succeeded" : status === "Canceled" ? "canceled" : "failed",
    });
    for (const pause of [0, 500, 2_000]) {
      await sleep(pause, undefined, { signal: this.stop.signal }).catch(() => undefined);
      if (this.stop.signal.aborted) return;
      const answer = await this.post(url, webhook.authToken, body);
      if (answer < 500 && answer > 0) return;
    }
  }

  /** The status; 0 where nobody answered. The exchange is recorded where it arrives. */
  private async post(url: string, token: string, body: string): Promise<number> {
    if (!URL.canParse(url)) return 400;
    const headers = {
      "Content-Type": "application/json",
      Authorization: `Basic ${Buffer.from(`:${token}`).toString("base64")}`,
    };
    const { caFile } = this.world.reach;
    return call({ method: "POST", url, headers, body, caFile, patience: 30 }).then(
      ({ status }) => status,
      () => 0,
    );
  }
}

/** Names in any case: the documentation sends them in PascalCase. */
function readWebhook(value: unknown): Webhook {
  const object = typeof value === "object" && value !== null ? value : {};
  const text = (name: string): string =>
    String(Object.entries(object).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? "");
  return {
    webhookType: text("webhookType"),
    eventType: text("eventType"),
    planUri: text("planUri"),
    projectId: text("projectId"),
    hubName: text("hubName"),
    planId: text("planId"),
    jobId: text("jobId"),
    timelineId: text("timelineId"),
    taskInstanceId: text("taskInstanceId"),
    authToken: text("authToken"),
  };
}

/** `properties.notificationSetting.webhooks` of a PATCH, its names in any case; undefined where there are none. */
export function webhooksOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  let value: unknown = body;
  for (const name of ["properties", "notificationSetting", "webhooks"]) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  }
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}
