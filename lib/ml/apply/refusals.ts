// Refusals of a plan: a version that exists with other content, and two documents for one resource.
// Tests: test/tasks/apply-state.test.ts
import { TaskError } from "../../errors.ts";
import { sayChange } from "./change-text.ts";
import { labelOf, type Planned } from "./planned.ts";

/** Of a document that would change what a version holds. */
export function refusalOf(one: Planned): TaskError[] {
  if (one.refused.length === 0) return [];
  const fields = one.refused.map((change) => `  ${sayChange(change, one.of)}`).slice(0, 10);
  return [
    new TaskError(
      "conflict",
      `${one.of.file}: version ${one.version} of the ${one.of.kind} ${one.name} is there already and is another:\n${fields.join("\n")}`,
      {
        errorCode: "AML1708",
        hint: "What a version holds never changes: write another `version:`, or leave it out to get a new one.",
      },
    ),
  ];
}

/** Two documents for one version, of which only one names it. */
export function twice(plan: readonly Planned[]): TaskError[] {
  const first = new Map<string, Planned>();
  return plan.flatMap((one) => {
    const key = one.at.toLowerCase();
    const other = first.get(key);
    first.set(key, other ?? one);
    if (!other || (one.action === "unchanged" && other.action === "unchanged")) return [];
    return [
      new TaskError("input", `${one.of.file} and ${other.of.file} both describe the ${one.of.kind} ${labelOf(one)}.`, {
        errorCode: "AML1803",
        hint: "Remove one of them, or give one another name or version.",
      }),
    ];
  });
}
