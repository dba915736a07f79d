// Checks the workspace itself, the network to it and the identity's roles, as far as a run depends on them.
// Tests: test/bundle/preflight.test.ts
import { checkConnectivity, isPrivateAddress } from "../../azure/index.ts";
import { PROVIDER, type TaskOperations, wholeName } from "../setup/own-operations.ts";
import { allows, type Permission } from "../workspace/permissions.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Finding } from "./finding.ts";

/** Operations of a step, without the provider's name: the first without which Azure is sure to refuse it, then the others. */
export interface Operations {
  readonly title: string;
  readonly needed: readonly string[];
  readonly likely: readonly string[];
  /** The built-in role that holds all of them. */
  readonly role: string;
}

/** Operations of a task. @param needed without which Azure is sure to refuse it */
export function operationsFor(task: TaskOperations, needed: readonly string[]): Operations {
  const { title, reads, changes, role } = task;
  return { title, needed, likely: [...reads, ...changes].filter((operation) => !needed.includes(operation)), role };
}

/** From what the workspace said when it was opened: no request. */
export function judgeWorkspace({ standing }: Pick<Workspace, "standing">): Finding {
  const { provisioningState = "Succeeded", v1LegacyMode, privateLinkCount = 0, managedNetwork } = standing;
  const id = "workspace";
  if (v1LegacyMode === true) {
    const remedy =
      "Switch v1LegacyMode off (az ml workspace update), as Microsoft's page on network isolation and v2 says.";
    const answered = "It is in v1 legacy mode, in which its private endpoint blocks the calls that these tasks make.";
    return { id, outcome: privateLinkCount > 0 ? "failed" : "warned", answered, remedy };
  }
  if (provisioningState !== "Succeeded")
    return {
      id,
      outcome: "warned",
      answered: `Its state is ${provisioningState}.`,
      remedy: "Look at the workspace in the portal: it may be broken, or still be changing.",
    };
  const { isolationMode = "Disabled", status } = managedNetwork ?? {};
  if (!/^disabled$/i.test(isolationMode) && status?.status !== undefined && !/^active$/i.test(status.status))
    return {
      id,
      outcome: "warned",
      answered: `Its managed network (${isolationMode}) is not provisioned yet: its state is ${status.status}.`,
      remedy:
        "Provision it once: az ml workspace provision-network. The first deployment or compute fails or waits otherwise.",
    };
  return { id, outcome: "passed", answered: "It is ready." };
}

/** Only a workspace that takes no public calls is asked whether this agent reaches it: one anonymous request. */
export async function checkPrivateNetwork(workspace: Workspace): Promise<Finding> {
  const { azure, standing, mlflowUrl, signal } = workspace;
  const id = "network";
  if (!/^disabled$/i.test(standing.publicNetworkAccess ?? "Enabled"))
    return { id, outcome: "passed", answered: "The workspace takes calls from public networks." };
  const { host } = new URL(mlflowUrl);
  const reached = await checkConnectivity(azure.transport, mlflowUrl, signal);
  const remedy =
    "Run the job on an agent inside the network of the workspace's private endpoint, and link its private DNS zones to that network. No role changes this.";
  if (reached.kind !== "answered")
    return {
      id,
      outcome: "warned",
      answered: `The workspace takes no public calls, and this agent does not reach ${host}: ${reached.said}.`,
      remedy,
    };
  const open = reached.addresses.filter((address) => !isPrivateAddress(address) && !/^(127\.|::1$)/.test(address));
  if (open.length > 0)
    return {
      id,
      outcome: "warned",
      answered: `The workspace takes no public calls, and on this agent ${host} leads to the public address ${open.join(", ")}.`,
      remedy,
    };
  return { id, outcome: "passed", answered: `The workspace takes no public calls, and ${host} answers this agent.` };
}

/** Whether the roles of the caller allow what the step does (docs/facts/operations.md#B.6). Pure. */
export function judgeRoles(roles: readonly Permission[], { title, needed, likely, role }: Operations): Finding {
  const id = "role";
  const lacking = (operations: readonly string[]) =>
    operations.filter((operation) => !allows(roles, wholeName(operation)));
  const remedy = `Give the identity the role ${role} on the workspace, or a role with ${PROVIDER}/ and those names; a new role takes some minutes to count.`;
  const [sure, others] = [lacking(needed), lacking(likely)];
  if (sure.length > 0)
    return {
      id,
      outcome: "failed",
      answered: `The identity's roles on the workspace do not allow ${[...sure, ...others].join(", ")}, which "${title}" needs.`,
      remedy,
    };
  if (others.length > 0)
    return {
      id,
      outcome: "warned",
      answered: `The identity's roles on the workspace do not allow ${others.join(", ")}, which "${title}" uses.`,
      remedy,
    };
  return { id, outcome: "passed", answered: `The identity's roles allow what "${title}" needs.` };
}
