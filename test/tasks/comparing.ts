// Two small models, rows to score them on, and the scoring script: Python's standard library alone, so that the comparison's job really runs.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mulberry32 } from "../../lib/statistics/random.ts";

/** Scores a model of one weight: a probability, or with `"labels"` in the model's file the label; not before the file `until` is there. */
export const SCORING_SCRIPT = `import json, math, os, time

def load(path):
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    with open(os.path.join(folder, "model.json")) as file:
        return json.load(file)

def score(model, rows):
    while model.get("until") and not os.path.exists(model["until"]):
        time.sleep(0.05)
    assert all("y" not in row for row in rows), "a model must not see the target"
    scores = [1 / (1 + math.exp(-model["weight"] * row["x"] - model.get("other", 0) * row["z"])) for row in rows]
    return [int(one > 0.5) for one in scores] if model.get("labels") else scores
`;

/** Rows whose label follows from x; z is noise. */
export function rowsOf(count: number, seed = 7): string {
  const random = mulberry32(seed);
  const lines = Array.from({ length: count }, (_, at) => {
    const x = random() * 4 - 2;
    const y = random() < 1 / (1 + Math.exp(-2 * x)) ? 1 : 0;
    return `row-${at + 1},${x.toFixed(4)},${(random() * 4 - 2).toFixed(4)},${y}`;
  });
  return ["id,x,z,y", ...lines, ""].join("\n");
}

export type SmallModel = {
  readonly weight: number;
  readonly other?: number;
  readonly labels?: boolean;
  readonly until?: string;
};

/** Writes files below a folder that stands for the repository. */
export function writeProject(
  folder: string,
  models: Readonly<Record<string, SmallModel>>,
  data: Readonly<Record<string, string>>,
): void {
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };
  write("scoring/compare.py", SCORING_SCRIPT);
  for (const [name, model] of Object.entries(models)) write(`models/${name}/model.json`, JSON.stringify(model));
  for (const [name, text] of Object.entries(data)) write(`data/${name}`, text);
  write("environment.yml", "image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04\n");
}
