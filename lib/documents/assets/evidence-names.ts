// Names of tags that CheckModel takes for evidence that a model was judged. No input and no file may set them.
// Tests: test/tasks/evidence-names.test.ts
import { TaskError } from "../../errors.ts";
import type { Reading, Shape } from "../language/shape.ts";

/** Names of the tags of a judgement, which people and CheckModel's task.json rely on. */
export const EVIDENCE = {
  /** `passed` or `failed`. */
  result: "evaluation",
  /** Name of the pipeline that judged. */
  pipeline: "evaluationPipeline",
  /** Address of the pipeline run that judged. */
  run: "evaluationRun",
  /** When it judged, in UTC. */
  time: "evaluationTime",
} as const;

/** Given by people who approve, and by no task. */
const APPROVAL = "approval";

const JUDGED = new Set<string>(Object.values(EVIDENCE).map((name) => name.toLowerCase()));

/** Whether a tag of this name is evidence of a judgement; in any case, since a tag's name is looked up by people too. */
export const isJudgement = (name: string): boolean => JUDGED.has(name.trim().toLowerCase());

/** Whether a tag of this name is evidence of a judgement, or an approval. */
export const isEvidence = (name: string): boolean => isJudgement(name) || name.trim().toLowerCase() === APPROVAL;

const whose = (name: string) =>
  isJudgement(name) ? "which only EvaluateMetrics writes" : "which only those who approve the model set";
const HINT = "Choose another name for the tag: CheckModel takes this one as evidence that the model was judged.";

/** @throws TaskError kind `input` that names the tag */
export function refuseEvidence(tags: Readonly<Record<string, unknown>> | undefined, where: string): void {
  const name = Object.keys(tags ?? {}).find(isEvidence);
  if (name === undefined) return;
  throw new TaskError("input", `${where} ${JSON.stringify(name)}, ${whose(name)}.`, {
    errorCode: "AML1315",
    hint: HINT,
  });
}

/** A file's tags, none of which may be evidence: a fault says where each of them stands. */
export function withoutEvidence<T>(shape: Shape<T>): Shape<T> {
  return {
    ...shape,
    read(node, at: Reading) {
      const value = shape.read(node, at);
      if (node.kind !== "map") return value;
      let sound = true;
      for (const [name, child] of node.entries) {
        if (!isEvidence(name)) continue;
        sound = false;
        at.fault(child, `${at.name} sets the tag ${JSON.stringify(name)}, ${whose(name)}.`, { hint: HINT });
      }
      return sound ? value : undefined;
    },
  };
}
