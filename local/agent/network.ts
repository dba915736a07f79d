// The proxy and the certificates of the agent, as the variables that its tasks see (docs/facts/agent.md#1.9).
import type { VariableSpec } from "./variables.ts";

/** The proxy and certificates that the agent itself was set up with (docs/facts/agent.md#1.9). */
export interface AgentNetwork {
  readonly proxyUrl?: string;
  readonly proxyUsername?: string;
  readonly proxyPassword?: string;
  /** Regular expressions. */
  readonly proxyBypassList?: readonly string[];
  /** A PEM file of authorities. */
  readonly caFile?: string;
  readonly skipCertificateValidation?: boolean;
}

/** AGENT_PROXYURL and its like. The agent sets no HTTPS_PROXY for its tasks. */
export function networkVariables(network: AgentNetwork): Record<string, VariableSpec> {
  const variables: Record<string, VariableSpec> = {};
  if (network.proxyUrl !== undefined) {
    variables["agent.proxyUrl"] = network.proxyUrl;
    if (network.proxyUsername !== undefined) variables["agent.proxyUsername"] = network.proxyUsername;
    if (network.proxyPassword !== undefined)
      variables["agent.proxyPassword"] = { value: network.proxyPassword, secret: true };
    if ((network.proxyBypassList ?? []).length > 0)
      variables["agent.proxyBypassList"] = JSON.stringify(network.proxyBypassList);
  }
  if (network.caFile !== undefined) variables["agent.caInfo"] = network.caFile;
  if (network.skipCertificateValidation) variables["agent.skipCertValidation"] = "True";
  return variables;
}
