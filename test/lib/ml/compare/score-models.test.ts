// The script of a comparison's job, run by this machine's Python: what it reads, what models see, and the sentences with which it stops.
// Tests: lib/ml/compare/score_models.py, scripts/generate/scoring-script.ts
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { SCORE_MODELS } from "../../../../lib/ml/compare/score-models.gen.ts";

/** Gives back what the model's file names: the value of a column, or an expression over the row. */
const SCRIPT = `
def load(path):
    with open(path) as file:
        return file.read()

def score(model, rows):
    return eval(model)
`;

describe("score_models.py", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "score-models-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let runs = 0;

  function run(
    data: string | Readonly<Record<string, string | Buffer>>,
    settings: object = {},
    challenger: string | Readonly<Record<string, string>> = "[row['x'] for row in rows]",
  ) {
    const here = path.join(folder, String(++runs));
    const write = (file: string, text: string | Buffer) => {
      mkdirSync(path.dirname(path.join(here, file)), { recursive: true });
      writeFileSync(path.join(here, file), text);
    };
    for (const [file, text] of Object.entries({
      "score_models.py": SCORE_MODELS,
      "scorer.py": SCRIPT,
    }))
      write(file, text);
    if (typeof challenger === "string") {
      write("challenger", challenger);
      write("champion", "[1 for row in rows]");
    } else
      for (const which of ["challenger", "champion"])
        for (const [file, text] of Object.entries(challenger)) write(`${which}/${file}`, text);
    if (typeof data === "string") write("data", data);
    else for (const [file, text] of Object.entries(data)) write(`data/${file}`, text);
    const given = ["champion", "challenger", "data", "out"].flatMap((name) => [`--${name}`, path.join(here, name)]);
    const environment = {
      PATH: process.env["PATH"],
      SCORE_MODELS_SETTINGS: JSON.stringify({ target: "y", script: "scorer.py", ...settings }),
    };
    const ended = spawnSync("python3", [path.join(here, "score_models.py"), ...given], {
      cwd: here,
      env: environment,
      encoding: "utf8",
    });
    const rows = path.join(here, "out", "rows.jsonl");
    const lines =
      existsSync(rows) && ended.status === 0
        ? readFileSync(rows, "utf8")
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, unknown>)
        : [];
    return { status: ended.status, said: ended.stdout + ended.stderr, lines };
  }
  const challengerOf = ({ lines }: ReturnType<typeof run>) => lines.map((line) => line["challenger"]);

  it("is in the bundle as it stands in its file", () => {
    assert.equal(
      SCORE_MODELS,
      readFileSync(new URL("../../../../lib/ml/compare/score_models.py", import.meta.url), "utf8"),
    );
  });

  it("types the cells of a CSV file: numbers where they are written as such, and no code that only looks like one", () => {
    const ran = run('x,y\n1,0\n-2.5e3,1\n007,0\n,1\n"a, ""b""\nc",0\n1e999,1\nnan,0\n');
    assert.equal(ran.status, 0, ran.said);
    assert.deepEqual(challengerOf(ran), [1, -2500, "007", null, 'a, "b"\nc', null, "nan"]);
    assert.deepEqual(ran.lines[0], { row: 1, target: 0, champion: 1, challenger: 1 });
  });

  it("hides target and identifier from the models, and keeps the identifier beside the scores", () => {
    const ran = run("﻿id,x,y\nr1,5,0\nr2,6,1\n", { id: "id" }, "[','.join(row) for row in rows]");
    assert.equal(ran.status, 0, ran.said);
    assert.deepEqual(challengerOf(ran), ["x", "x"]);
    assert.deepEqual(
      ran.lines.map(({ row, target }) => [row, target]),
      [
        ["r1", 0],
        ["r2", 1],
      ],
    );
  });

  it("reads JSON lines, and the file of a folder that is named or the only one", () => {
    const lines = '{"x": 1.5, "y": true}\n\n{"x": "ü", "y": false}\n';
    assert.deepEqual(challengerOf(run(lines)), [1.5, "ü"]);
    assert.deepEqual(challengerOf(run({ "deep/rows.jsonl": lines, _SUCCESS: "", ".marker": "" })), [1.5, "ü"]);
    assert.deepEqual(challengerOf(run({ "a.csv": "x,y\n3,1\n", "b.csv": "x,y\n4,1\n" }, { file: "b.csv" })), [4]);
  });

  it("takes the second of two probabilities, lists of one, and scores of many batches in order", () => {
    assert.deepEqual(challengerOf(run("x,y\n1,0\n", {}, "[[0.25, 0.75]]")), [0.75]);
    assert.deepEqual(challengerOf(run("x,y\n1,0\n", {}, "[(0.5,)]")), [0.5]);
    assert.deepEqual(challengerOf(run("x,y\n1,0\n2,1\n", {}, "[float('nan'), True]")), [null, true]);
    const many = run(`x,y\n${Array.from({ length: 20_001 }, (_, at) => `${at},1\n`).join("")}`);
    assert.equal(many.lines.length, 20_001);
    assert.ok(many.lines.every(({ row, challenger }) => row === Number(challenger) + 1));
  });

  it("runs each model in a process of its own", () => {
    const ran = run("x,y\n1,0\n", {}, "[__import__('os').getpid() for row in rows]");
    const own = run("x,y\n1,0\n", {}, "(globals().setdefault('seen', []).append(1), [len(seen) for row in rows])[1]");
    assert.equal(ran.status, 0, ran.said);
    assert.deepEqual(challengerOf(own), [1]);
  });

  it("takes the one MLflow model of a folder, and none of several that stand side by side", () => {
    const { said } = run("x,y\n1,2\n", { script: undefined }, { "first/MLmodel": "", "second/MLmodel": "" });
    assert.match(said, /the model has 2 folders with a file MLmodel, first, second; give the path of one of them/);
    const whole = run("x,y\n1,2\n", { script: undefined }, { MLmodel: "", "artifacts/part/MLmodel": "" });
    assert.doesNotMatch(whole.said, /folders with a file MLmodel/, "what lies inside a model is a part of it");
  });

  for (const [what, data, settings, model, says] of [
    ["a target that is not there", "x,z\n1,2\n", {}, undefined, /row 1 has no column y; it has x, z/],
    ["an identifier that is not there", "x,y\n1,2\n", { id: "key" }, undefined, /row 1 has no column key/],
    ["no rows", "x,y\n", {}, undefined, /data has no rows/],
    ["a column that stands twice", "x,x,y\n1,2,3\n", {}, undefined, /names a column twice/],
    [
      "a line of another length",
      "x,y\n1,2\n1,2,3\n",
      {},
      undefined,
      /line 3 of data has another number of columns than the header/,
    ],
    ["too few scores", "x,y\n1,2\n2,1\n", {}, "[1]", /the challenger gives 1 scores for 2 rows/],
    [
      "three values for a row",
      "x,y\n1,2\n",
      {},
      "[[1, 2, 3]]",
      /gives 3 values for row 1; one number or one label is needed/,
    ],
    ["a script that is not there", "x,y\n1,2\n", { script: "none.py" }, undefined, /there is no script none.py/],
    [
      "a model that raises",
      "x,y\n1,2\n",
      {},
      "1 / 0",
      /ZeroDivisionError[\s\S]*the challenger could not be scored; the lines above say why/,
    ],
    [
      "several files",
      { "a.csv": "x,y\n1,2\n", "b.csv": "" },
      {},
      undefined,
      /has 2 files; name one with the input testFile: a.csv, b.csv/,
    ],
    [
      "a file that is not there",
      { "a.csv": "x,y\n1,2\n" },
      { file: "c.csv" },
      undefined,
      /has no file c.csv; it has a.csv/,
    ],
    [
      "MLflow that is not installed",
      "x,y\n1,2\n",
      { script: undefined },
      undefined,
      /environment has no mlflow|none that MLflow has logged/,
    ],
  ] as const)
    it(`stops with a sentence: ${what}`, () => {
      const ran = run(data, settings, model);
      assert.notEqual(ran.status, 0);
      assert.match(ran.said, says);
    });
});
