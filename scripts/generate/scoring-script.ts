// lib/ml/compare/score-models.gen.ts: the script of a comparison's job as a text, so that a task's bundle holds it. Python stands in a file of its own,
// which people and tests can run.
// Tests: test/lib/ml/compare/score-models.test.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOM = "lib/ml/compare";

export function scoringScriptFile(root: string): { path: string; content: string } {
  const script = readFileSync(join(root, ROOM, "score_models.py"), "utf8");
  const content = [
    `// Written by \`npm run generate\` from ${ROOM}/score_models.py. Do not edit.`,
    `export const SCORE_MODELS = ${JSON.stringify(script)};`,
    "",
  ].join("\n");
  return { path: `${ROOM}/score-models.gen.ts`, content };
}
