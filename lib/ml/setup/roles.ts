// Checks the identity's permissions in the workspace with Azure's permissions API (docs/facts/operations.md#B.6), and reports them task by
// task.
// Tests: test/lib/ml/setup/page.test.ts
import { segment, workspaceId } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { allows, type Permission, permissionsAt } from "../workspace/permissions.ts";
import type { WorkspaceRequest } from "../workspace/workspace.ts";
import type { Check, CheckAnswer, Page } from "./page.ts";
import type { OpenSetup } from "./sign-in.ts";
import { operationsOf, PROVIDER, type TaskFolderName, wholeName } from "./task-operations.ts";

/** Undefined: they may not be read, so that nothing is known. */
export type Permissions = readonly Permission[] | undefined;

export const scopeOf = ({ subscriptionId, resourceGroup, name }: WorkspaceRequest): string =>
  workspaceId(
    segment(subscriptionId, "the subscription"),
    segment(resourceGroup, "the resource group"),
    segment(name, "the name of the workspace"),
  );

const GIVE =
  "Give the identity a role on the workspace, such as AzureML Data Scientist; a new role takes some minutes to count.";

/** Whether there is any role at all; a place that is not there is the workspace's line to say. */
export function checkRole(page: Page, token: Check<OpenSetup>): Check<{ roles: Permissions; setup: OpenSetup }> {
  return page.check(
    { id: "role", asked: "Which roles the identity has on the workspace (permissions API).", after: [token] },
    async (setup): Promise<CheckAnswer<{ roles: Permissions; setup: OpenSetup }>> => {
      const { request } = setup;
      try {
        const roles = await permissionsAt(request, scopeOf(request));
        if (roles.length === 0) return { outcome: "failed", answered: "It has none.", remedy: GIVE };
        const count = roles.length === 1 ? "1 role" : `${roles.length} roles`;
        return { answered: `${count} in force; what they allow is said task by task.`, value: { roles, setup } };
      } catch (error) {
        if (!(error instanceof TaskError) || (error.status !== 403 && error.status !== 404)) throw error;
        // The resource manager gives each refusal a code; a proxy that does not go there gives none.
        if (error.code === undefined && error.status === 403)
          return {
            outcome: "failed",
            answered: `Something else answered in place of ${request.azure.cloud.resourceManager}, with status 403: the agent's proxy, or a firewall.`,
            remedy:
              "Allow the agent's machine to connect to that host, in the firewall and in the proxy. No role changes this.",
          };
        if (error.status === 404)
          return {
            outcome: "notAsked",
            answered: 'Not answered, because the place is not there: see "workspace".',
            value: { roles: undefined, setup },
          };
        if (!(await mayRead(request)))
          return { outcome: "failed", answered: "It has none: it may not even read the workspace.", remedy: GIVE };
        return {
          outcome: "warned",
          answered: "The identity may read the workspace, and not its own roles: what they allow is not known.",
          remedy:
            "Run the pipeline, which finds out; or give the identity Reader on the workspace as well, for this page.",
          value: { roles: undefined, setup },
        };
      }
    },
  );
}

/** Whether the workspace's own answer is anything but "you have no role". */
async function mayRead(request: WorkspaceRequest): Promise<boolean> {
  const answer = await request.azure.request("GET", scopeOf(request), {
    doing: `read the workspace ${request.name}`,
    promises: "object",
    expect: [403, 404],
    signal: request.signal,
  });
  return answer.status !== 403 || isOfNetwork(answer.text);
}

/** Messages of services that refuse because of the network, not of a role (public reports; docs/facts/operations.md#B.7). Case makes no difference. */
const NETWORK =
  /private (link|endpoint)|public (network )?access|virtual network|network (rules?|acls?|security)|firewall|ip address|not allowed from/i;

export const isOfNetwork = (text: string): boolean => NETWORK.test(text.slice(0, 10_000));

/** A line for each task: every operation that it needs and that no role allows. */
export function checkTaskRole(
  page: Page,
  task: TaskFolderName,
  role: Check<{ roles: Permissions }>,
  workspace: Check<unknown>,
): void {
  const { title, reads, changes, oneOf = [], ifUsed = [], secondary = [], role: builtIn } = operationsOf(task);
  const asked = `What "${title}" needs: ${[...reads, ...changes, ...oneOf.map((any) => any.join(" or "))].join(", ")}.`;
  page.check({ id: `role ${task}`, asked, after: [role, workspace] }, async ({ roles }) => {
    if (roles === undefined)
      return { outcome: "notAsked", answered: "Not asked, because the identity may not read its own roles." };
    const may = (operation: string) => allows(roles, wholeName(operation));
    const missing = [
      ...[...reads, ...changes].filter((operation) => !may(operation)),
      ...oneOf.flatMap((any) => (any.some(may) ? [] : [any.join(" or ")])),
    ];
    if (missing.length > 0)
      return { outcome: "failed", answered: `Not allowed: ${missing.join(", ")}.`, remedy: rolesFor(missing, builtIn) };
    const [unused, untagged] = [ifUsed, secondary].map((some) => some.filter((operation) => !may(operation)));
    const gaps = [
      unused?.length ? `Not allowed, and needed where a file or an input asks for it: ${unused.join(", ")}.` : [],
      untagged?.length ? `Not allowed, so that no tags are left: ${untagged.join(", ")}.` : [],
    ].flat();
    if (gaps.length > 0)
      return {
        outcome: "warned",
        answered: gaps.join(" "),
        remedy: rolesFor([...(unused ?? []), ...(untagged ?? [])], builtIn),
      };
    return { answered: "All of it is allowed.", value: true };
  });
}

/** Roles that hold the missing operations: those of Azure Monitor are in no role of Azure Machine Learning. */
function rolesFor(missing: readonly string[], builtIn: string): string {
  const isOfMonitor = (operation: string) => operation.startsWith("Microsoft.Insights/");
  const own = `Give the identity the role ${builtIn} on the workspace, or a role with ${PROVIDER}/ and those names.`;
  const monitor =
    "For Microsoft.Insights/metrics/read give the identity the role Monitoring Reader or Reader on the workspace.";
  return [missing.every(isOfMonitor) ? [] : own, missing.some(isOfMonitor) ? monitor : []].flat().join(" ");
}
