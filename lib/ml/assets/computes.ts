// Computes: reads one, once in a run, and makes sure that the one a job names is there.
// Tests: test/tasks/missing-names.test.ts
import { parseArmId, segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";

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

/** The name of a compute of this workspace that is to be read; undefined for `serverless`, `local` and ids of other things. */
export function computeName(id: string): string | undefined {
  const [kind, name] = parseArmId(id)?.segments ?? [];
  const isOne = kind?.toLowerCase() === "computes" && name && name !== "serverless" && name !== "local";
  return isOne ? name : undefined;
}

/**
 * Makes sure that a compute exists. One round trip, another where it does not.
 * @param id ARM id of the compute, as a translated job has it; `serverless` and computes elsewhere are not looked for
 * @throws TaskError `notFound` that names the computes there are
 */
export async function requireCompute(workspace: Workspace, id: string): Promise<void> {
  const name = computeName(id);
  if (name === undefined || (await findCompute(workspace, name)) !== undefined) return;
  const names: string[] = [];
  for await (const one of workspace.azure.list<{ name?: string }>(`${workspace.id}/computes`, {
    signal: workspace.signal,
  })) {
    if (one.name) names.push(one.name);
  }
  const there = names.length > 0 ? `it has ${names.sort().join(", ")}` : "it has none";
  throw new TaskError("notFound", `The workspace ${workspace.name} has no compute "${name}"; ${there}.`, {
    errorCode: "AML1210",
    status: 404,
    hint: "Correct `compute:` in the job YAML, or leave it out for serverless compute.",
  });
}
