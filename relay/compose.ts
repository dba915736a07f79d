// Composes the relay from its setting, its store and its identity.
import type { TokenCredential } from "@azure/core-auth";
import type { Transport } from "../lib/azure/transport.ts";
import type { Clock } from "../lib/poll.ts";
import type { Configuration } from "./core/configuration.ts";
import type { Starter } from "./core/dispatch.ts";
import { RelayFault } from "./core/fault.ts";
import { createHttp } from "./core/http.ts";
import type { RelayLog } from "./core/log.ts";
import type { TokenSource } from "./core/models.ts";
import { Relay } from "./core/relay.ts";
import type { Store } from "./core/store.ts";
import { startRelease } from "./targets/release.ts";
import { type Secrets, startWebhook } from "./targets/webhook.ts";

export interface RelayOptions {
  readonly configuration: Configuration;
  readonly store: Store;
  /** Gets tokens for ARM and for Azure DevOps; the relay's managed identity in Azure. */
  readonly credential: TokenCredential;
  /** Reads an app setting: where the secrets of webhooks are. */
  readonly secret: Secrets;
  readonly log?: RelayLog;
  readonly clock?: Clock;
  /** The transport of all requests, also of the credential's. */
  readonly transport: Transport;
  /** PEM file of authorities that Azure DevOps' client trusts instead of node's own list. */
  readonly caFile?: string;
  readonly answerWithin?: number;
}

export function composeRelay(options: RelayOptions): Relay {
  const { credential, secret, caFile, transport } = options;
  const http = createHttp(transport);
  const token: TokenSource = async (scope) => {
    let answer: Awaited<ReturnType<TokenCredential["getToken"]>>;
    try {
      answer = await credential.getToken(scope);
    } catch (error) {
      throw new RelayFault("temporary", `No token for ${scope}: ${(error as Error).message}`, { cause: error });
    }
    if (answer === null) throw new RelayFault("temporary", `No token for ${scope}.`);
    return answer.token;
  };
  const starter: Starter = (target, notice, context) =>
    target.kind === "webhook"
      ? startWebhook(target, notice, context, { http, secret })
      : startRelease(target, notice, context, { token, ...(caFile === undefined ? {} : { caFile }) });
  return new Relay({
    configuration: options.configuration,
    store: options.store,
    starter,
    http,
    token,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(options.answerWithin === undefined ? {} : { answerWithin: options.answerWithin }),
  });
}
