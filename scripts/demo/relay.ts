// The relay of the demo: Event Grid of local Azure tells it of a registered model, and it starts the release.
import { randomBytes } from "node:crypto";
import path from "node:path";
import type { TokenCredential } from "@azure/core-auth";
import { eventGrid } from "../../local/azure/events/grid.ts";
import { call } from "../../local/azure/events/post.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import { incomingWebhook } from "../../local/devops/state/webhooks.ts";
import type { ReleaseTarget } from "../../relay/core/routes.ts";
import { type LocalRelay, startRelay } from "../../relay/local.ts";

/** The incoming webhook connection that release.yml names, the webhook behind it, and where its signature stands. */
export const WEBHOOK = { connection: "aml-models", name: "amlModel", header: "X-Aml-Signature" } as const;

/** The same for watch.yml, which a breach of a monitor starts. */
const MONITOR_WEBHOOK = { connection: "aml-monitors", name: "amlMonitor", header: "X-Aml-Signature" } as const;
/** The tag that a monitor's job itself carries after a breach, where the monitor has addresses (docs/facts/operations.md#F.4). */
const TOLD = "azureml.notification.email.address";

const DEAD_LETTERS = "event-grid-dead-letters";

/** An event as Event Grid keeps it when it has given it up. */
export interface DeadLetter {
  readonly subject: string;
  readonly publishTime: string;
  readonly deadLetterReason: string;
}

/** Dead letters of Event Grid in `cloud`, oldest first. */
export async function deadLetters({ azure: { blobs } }: LocalCloud): Promise<DeadLetter[]> {
  const found = await blobs.list(DEAD_LETTERS);
  const texts = await Promise.all(found.map(({ name }) => blobs.get(DEAD_LETTERS, name)));
  return texts
    .flatMap((text) => JSON.parse(text?.toString("utf8") ?? "[]") as DeadLetter[])
    .sort((one, other) => one.publishTime.localeCompare(other.publishTime));
}

export interface RelayPlace {
  readonly cloud: LocalCloud;
  /** The folder of the relay's store. */
  readonly folder: string;
  readonly model: string;
  /** The target of a registered version: the webhook, or a classic release. */
  readonly start: "webhook" | Pick<ReleaseTarget, "definition" | "alias">;
  /** Whether breaches of monitors start watch.yml. */
  readonly monitors?: boolean;
  /** How often Event Grid tries each event before it gives it up; 30 where absent, as Event Grid itself. */
  readonly attempts?: number;
  readonly log: (line: string) => void;
}

/** A relay that can go away and come back at the same address, with the same memory. */
export class DemoRelay {
  readonly #place: RelayPlace;
  readonly #secret: string;
  #running: LocalRelay | undefined;
  #port = 0;

  private constructor(place: RelayPlace, secret: string) {
    this.#place = place;
    this.#secret = secret;
  }

  /** Starts it, lets its identity into Azure DevOps, and subscribes it to the workspace's events. */
  static async open(place: RelayPlace): Promise<DemoRelay> {
    const { cloud } = place;
    const secret = randomBytes(24).toString("base64url");
    cloud.devops.connections.add(
      incomingWebhook({ name: WEBHOOK.connection, webhookName: WEBHOOK.name, secret, header: WEBHOOK.header }),
    );
    if (place.monitors) {
      const { connection, name, header } = MONITOR_WEBHOOK;
      cloud.devops.connections.add(incomingWebhook({ name: connection, webhookName: name, secret, header }));
    }
    const identity = cloud.azure.directory.find(cloud.credentials.managedIdentity.clientId);
    if (identity !== undefined) cloud.devops.members.add(identity);
    const relay = new DemoRelay(place, secret);
    await relay.start();
    const { settled, subscription } = eventGrid(cloud.azure).subscribe("relay", {
      destination: { endpointType: "WebHook", properties: { endpointUrl: relay.#running?.eventsUrl } },
      filter: {
        includedEventTypes: ["Microsoft.MachineLearningServices.ModelRegistered"],
        subjectBeginsWith: `models/${place.model}:`,
      },
      ...(place.attempts === undefined ? {} : { retryPolicy: { maxDeliveryAttempts: place.attempts } }),
      deadLetterDestination: {
        endpointType: "StorageBlob",
        properties: { resourceId: cloud.azure.workspaceId, blobContainerName: DEAD_LETTERS },
      },
    });
    if (place.monitors) {
      const told = eventGrid(cloud.azure).subscribe("breaches", {
        destination: { endpointType: "WebHook", properties: { endpointUrl: relay.#running?.eventsUrl } },
        filter: {
          includedEventTypes: ["Microsoft.MachineLearningServices.RunStatusChanged"],
          // Of the job itself: Azure Resource Manager, which the relay asks, does not show the runs of its steps.
          advancedFilters: [{ operatorType: "StringContains", key: `data.RunTags.${TOLD}`, values: ["@"] }],
        },
      });
      await told.settled;
    }
    await settled;
    if (subscription.provisioningState !== "Succeeded") throw new Error("The relay did not agree to get events.");
    return relay;
  }

  async start(): Promise<void> {
    const { cloud, folder, log } = this.#place;
    this.#running = await startRelay({
      routes: this.#routes(),
      store: path.join(folder, "relay"),
      credential: identityOf(cloud),
      settings: { RELAY_WEBHOOK_SECRET: this.#secret },
      caFile: cloud.caFile,
      tls: cloud.tls,
      port: this.#port,
      log: { info: log, warn: log, error: log },
    });
    this.#port = Number(new URL(this.#running.url).port);
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    this.#running = undefined;
  }

  /** Delivers an event that was given up once more, as an operator would: by its own text, to the relay's address. */
  async deliver(letter: DeadLetter): Promise<void> {
    const headers = { "Content-Type": "application/json; charset=utf-8", "aeg-event-type": "Notification" };
    const url = this.#running?.eventsUrl ?? "";
    const answer = await call(this.#place.cloud.azure, "POST", url, headers, JSON.stringify([letter]));
    if (answer.status !== 200) throw new Error(`The relay answered ${answer.status} to a dead letter: ${answer.body}`);
  }

  #routes(): object {
    const { cloud, model, start, monitors } = this.#place;
    return {
      schema: 1,
      organization: cloud.devops.collectionUri,
      sources: [cloud.azure.workspaceId],
      resourceManager: cloud.urls.arm,
      routes: [
        {
          name: start === "webhook" ? "release by YAML" : "classic release",
          when: { model },
          start:
            start === "webhook"
              ? { kind: "webhook", name: WEBHOOK.name, secretSetting: "RELAY_WEBHOOK_SECRET", header: WEBHOOK.header }
              : { kind: "release", project: cloud.devops.project.name, ...start },
        },
        ...(monitors ? [lookAtMonitors] : []),
      ],
    };
  }
}

const lookAtMonitors = {
  name: "look at the monitors",
  when: { events: "RunStatusChanged", runStatus: "Completed", tags: { [TOLD]: "*" } },
  start: {
    ...{ kind: "webhook", name: MONITOR_WEBHOOK.name, secretSetting: "RELAY_WEBHOOK_SECRET" },
    header: MONITOR_WEBHOOK.header,
  },
};

/** The cloud's managed identity, as App Service hands its tokens to a Function. */
function identityOf(cloud: LocalCloud): TokenCredential {
  return {
    async getToken(scopes) {
      const url = new URL(cloud.managedIdentity.endpoint);
      url.searchParams.set("api-version", "2019-08-01");
      url.searchParams.set("resource", String(Array.isArray(scopes) ? scopes[0] : scopes).replace(/\/\.default$/, ""));
      const answer = await fetch(url, { headers: { "X-IDENTITY-HEADER": cloud.managedIdentity.header } });
      const { access_token: token, expires_on: expires } = (await answer.json()) as Record<string, string>;
      return { token: token ?? "", expiresOnTimestamp: Number(expires) * 1000 };
    },
  };
}
