// The pipeline's door.
export type { Agent } from "./agent.ts";
export type { ConnectionCloud, ConnectionDetails, ConnectionScheme } from "./connection.ts";
export type { ProxySettings } from "./network.ts";
export type { Provenance } from "./provenance.ts";
