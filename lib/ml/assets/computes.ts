// Computes: makes sure that the one a job names is there.
// Tests: test/tasks/missing-names.test.ts
import { TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
import { computeName, findCompute } from "../workspace/computes.ts";
import type { Workspace } from "../workspace/workspace.ts";

/**
 * Makes sure that a compute exists. One round trip, another where it does not.
 * @param id ARM id of the compute, as a translated job has it; `serverless` and computes elsewhere are not looked for
 * @throws TaskError `notFound` that names the computes there are
 */
export async function requireCompute(workspace: Workspace, id: string): Promise<void> {
  const name = computeName(workspace, id);
  if (name === undefined || (await findCompute(workspace, name)) !== undefined) return;
  const names: string[] = [];
  for await (const one of workspace.azure.list<{ name?: string }>(`${workspace.id}/computes`, {
    signal: workspace.signal,
  })) {
    if (one.name) names.push(one.name);
  }
  const there = whatItHas(name, names.sort());
  throw new TaskError("notFound", `The workspace ${workspace.name} has no compute "${name}"; ${there}`, {
    errorCode: "AML1210",
    status: 404,
    hint: "Correct `compute:` in the job YAML, or leave it out for serverless compute.",
  });
}
