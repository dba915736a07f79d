// Incoming webhooks: service connections that the world outside may post to, and the pipelines that listen to them.
import { createHmac, timingSafeEqual } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Connection, Connections } from "./connections.ts";

/** Type of the connections, and the names of their fields: general knowledge, not verified against live Azure DevOps. */
const INCOMING_WEBHOOK = "incomingwebhook";

/** One post that was let in. */
export interface Received {
  readonly connection: Connection;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Emits `received` to the runner of pipelines. */
export class Webhooks extends EventEmitter<{ received: [Received] }> {
  private readonly connections: Connections;
  /** Names of connections that a saved pipeline refers to, in lower case. */
  private readonly listened = new Set<string>();

  constructor(connections: Connections) {
    super();
    this.connections = connections;
  }

  /** A pipeline that names this connection was saved on its default branch: from then on the webhook exists. */
  listen(connectionName: string): void {
    this.listened.add(connectionName.toLowerCase());
  }

  /** The connection behind the name in the address, if a saved pipeline listens to it. */
  find(webhookName: string): Connection | undefined {
    return this.connections
      .all()
      .find(
        (each) =>
          each.type.toLowerCase() === INCOMING_WEBHOOK &&
          each.authorization.parameters["webhookname"]?.toLowerCase() === webhookName.toLowerCase() &&
          this.listened.has(each.name.toLowerCase()),
      );
  }
}

/** The settings of an incoming webhook connection: what `connections.add` takes. Without a secret nothing is checked. */
export function incomingWebhook(o: { name: string; webhookName: string; secret?: string; header?: string }) {
  return {
    name: o.name,
    type: INCOMING_WEBHOOK,
    url: "https://dev.azure.com/",
    authorization: {
      scheme: "None",
      parameters: {
        webhookname: o.webhookName,
        ...(o.secret === undefined ? {} : { secret: o.secret }),
        ...(o.header === undefined ? {} : { header: o.header }),
      },
    },
    data: {},
  };
}

/**
 * Whether the signature is that of the body: HMAC-SHA1 in hexadecimal, bare or behind `sha1=` (docs/facts/extension.md#6.5 has seen
 * both sent with success).
 */
export function isSigned(body: Buffer, secret: string, signature: string): boolean {
  const given = Buffer.from(signature.trim().replace(/^sha1=/i, ""), "hex");
  const own = createHmac("sha1", secret).update(body).digest();
  return given.length === own.length && timingSafeEqual(given, own);
}
