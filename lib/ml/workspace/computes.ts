// Reads a compute of the workspace, once in a run.
// Tests: test/tasks/missing-names.test.ts, test/lib/ml/preflight/preflight.test.ts
import { parseArmId, sameId, segment, workspaceId } from "../../azure/index.ts";
import type { Workspace } from "./workspace.ts";

/** A compute as the service answers it, as far as it is used (docs/facts/recorded-operations.md#7). */
export interface ComputeBody {
  readonly properties?: {
    readonly computeType?: string;
    readonly provisioningState?: string;
    readonly provisioningErrors?: readonly ComputeError[] | null;
    readonly properties?: {
      /** Of a compute instance. */
      readonly state?: string;
      readonly errors?: readonly ComputeError[] | null;
      readonly vmSize?: string;
      readonly vmPriority?: string;
      readonly scaleSettings?: { readonly minNodeCount?: number; readonly maxNodeCount?: number };
      readonly currentNodeCount?: number | null;
    } | null;
  };
}
interface ComputeError {
  readonly error?: { readonly message?: string };
}

/** The compute, or undefined where there is none by that name. One round trip, once in a run. */
export function findCompute(workspace: Workspace, name: string): Promise<ComputeBody | undefined> {
  return workspace.once(`compute ${name.toLowerCase()}`, async () => {
    const answer = await workspace.azure.request<ComputeBody>(
      "GET",
      `${workspace.id}/computes/${segment(name, "the name of the compute")}`,
      {
        doing: `read the compute ${name}`,
        // Without a body, as docs/facts/azureml-wire.md#16, row 6 has it.
        promises: "resource",
        expect: [404],
        emptyNotFound: true,
        signal: workspace.signal,
      },
    );
    return answer.status === 404 ? undefined : (answer.body ?? {});
  });
}

/** The name of a compute of this workspace that is to be read; undefined for `serverless`, `local`, and ids of other things and of other workspaces. */
export function computeName({ id }: Pick<Workspace, "id">, compute: string): string | undefined {
  const parsed = parseArmId(compute);
  const [kind, name] = parsed?.segments ?? [];
  const isOne = kind?.toLowerCase() === "computes" && name && name !== "serverless" && name !== "local";
  if (!isOne || parsed === undefined) return undefined;
  return sameId(workspaceId(parsed.subscriptionId, parsed.resourceGroup, parsed.workspace), id) ? name : undefined;
}
