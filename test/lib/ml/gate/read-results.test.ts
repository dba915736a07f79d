// Results of a job and its champion as pairs: by fold, by seed and by row, and the sentence for files that are not of the same rows.
import assert from "node:assert/strict";
import { pairResults, readSide } from "../../../../lib/ml/gate/read-results.ts";
import { parseResults } from "../../../../lib/ml/gate/results-input.ts";
import { compare } from "../../../../lib/statistics/comparison.ts";
import type { ByteSource } from "../../../../lib/tables/index.ts";

function file(name: string, text: string): ByteSource {
  const bytes = Buffer.from(text);
  return { name, size: bytes.length, read: async (from, count) => bytes.subarray(from, from + count) };
}

async function paired(line: string, job: string, champion: string, name = "p.csv") {
  const [source] = parseResults(line);
  assert.ok(source);
  const [one, other] = await Promise.all([readSide(source, file(name, job)), readSide(source, file(name, champion))]);
  return pairResults(source, name, one, other);
}

describe("results of a job and its champion", () => {
  it("are paired row by row, with labels of any spelling", async () => {
    assert.deepEqual(await paired("auc: p.csv label=y score=p", "y,p\n1,0.9\n0,0.2\n", "y,p\n1.0,0.8\nfalse,0.3\n"), {
      ...{ by: "rows", metric: "auc", labels: [1, 0], challenger: [0.9, 0.2], champion: [0.8, 0.3] },
    });
    const words = await paired(
      "accuracy: p.csv label=y prediction=p",
      "y,p\ncat,dog\ndog,dog\n",
      "y,p\ncat,cat\ndog,cow\n",
    );
    assert.deepEqual(words, {
      ...{ by: "rows", metric: "accuracy", labels: [0, 1], challenger: [1, 1], champion: [0, 2] },
    });
    assert.deepEqual(
      await paired("f1: p.csv label=y prediction=p positive=yes", "y,p\nyes,yes\nno,yes\n", "y,p\nyes,no\nno,no\n"),
      { by: "rows", metric: "f1", labels: [1, 0], challenger: [1, 1], champion: [0, 0] },
    );
    assert.deepEqual(await paired("rmse: p.csv label=y prediction=p", "y,p\n5,4\n", "y,p\n5.0,7\n"), {
      ...{ by: "rows", metric: "rmse", labels: [5], challenger: [4], champion: [7] },
    });
  });

  it("are paired by their key, whatever their order", async () => {
    const found = await paired("loss: p.csv value=l key=id", "id,l\na,1\nb,2\n", "id,l\nb,20\na,10\n");
    assert.deepEqual(found, { by: "values", challenger: [1, 2], champion: [10, 20] });
  });

  it("are paired by long keys, digit by digit", async () => {
    const rows = (first: number) => `id,l\n9007199254740993,${first}\n9007199254740992,${first + 1}\n`;
    assert.deepEqual(await paired("loss: p.csv value=l key=id", rows(1), rows(10)), {
      ...{ by: "values", challenger: [1, 2], champion: [10, 11] },
    });
  });

  it("are read up to a million rows, and above it by no more memory", async () => {
    const many = `id,l\n${"1,1\n".repeat(1_000_001)}`;
    await assert.rejects(
      paired("loss: p.csv value=l key=id", many, "id,l\n1,1\n"),
      /p\.csv does not fit: it has more than 1000000 rows, and so many are not read into memory/,
    );
  });

  it("are paired fold by fold, from JSON and from a column", async () => {
    const folds = await paired("auc: p.json by=folds ratio=0.25", "[0.8, 0.81]", '{"auc": [0.7, 0.71]}', "p.json");
    assert.deepEqual(folds, { by: "folds", testToTrain: 0.25, challenger: [0.8, 0.81], champion: [0.7, 0.71] });
    const seeds = await paired("auc: p.csv by=seeds", "seed,auc\n1,0.8\n2,0.9\n", "seed,auc\n1,0.7\n2,0.6\n");
    assert.deepEqual(seeds, { by: "seeds", challenger: [0.8, 0.9], champion: [0.7, 0.6] });
  });

  const refused: [string, string, string, RegExp, string?][] = [
    ["auc: p.csv label=y score=p", "y,p\n1,0.9\n", "y,p\n1,0.9\n0,0.1\n", /the job has 1 rows and the champion 2/],
    [
      "auc: p.csv label=y score=p",
      "y,p\n1,0.9\n0,0.1\n",
      "y,p\n0,0.9\n1,0.1\n",
      /row 1 has the label 1 in one file and 0 in the other, so these are not the same rows; write key=/,
    ],
    ["auc: p.csv label=y score=p", "y,q\n1,0.9\n", "y,p\n1,0.9\n", /it has no column "p"; it has y, q/],
    ["auc: p.csv label=y score=p", "y,p\n1,high\n", "y,p\n1,0.9\n", /row 1 has no number in its column p: "high"/],
    ["accuracy: p.csv label=y prediction=p", "y,p\n1,\n", "y,p\n1,0\n", /row 1 has nothing in its column p/],
    [
      "loss: p.csv value=l key=id",
      "id,l\na,1\na,2\n",
      "id,l\nb,20\na,10\n",
      /a value of the key stands in more than one row/,
    ],
    [
      "loss: p.csv value=l key=id",
      "id,l\na,1\nc,2\n",
      "id,l\nb,20\na,10\n",
      /the champion has no row whose key is "c"/,
    ],
    ["auc: p.json by=seeds", "[1, 2]", "[1]", /the job has 2 seeds and the champion 1/, "p.json"],
    ["auc: p.json by=seeds", "[1, null]", "[1, 2]", /null is no finite number/, "p.json"],
    ["auc: p.json by=seeds", '{"f1": [1]}', "[1, 2]", /it has no list of numbers named auc/, "p.json"],
    [
      "auc: p.csv label=y score=p",
      "y,p\nyes,0.9\nno,0.1\n",
      "y,p\nyes,0.9\nno,0.1\n",
      /auc needs to know the positive label; there are yes, no; write positive=/,
    ],
    [
      "auc: p.csv label=y score=p",
      "y,p\n0,0.9\n1,0.1\n2,0.1\n",
      "y,p\n0,0.9\n1,0.1\n2,0.1\n",
      /the positive label; there are 0, 1, 2/,
    ],
    [
      "accuracy: p.csv label=y prediction=p",
      "y,p\nyes,yes\nno,yes\n",
      "y,p\nyes,1\nno,0\n",
      /no prediction of the champion is one of the labels yes, no, and the first is 1, so its labels are written in another way/,
    ],
    [
      "f1: p.csv label=y prediction=p",
      "y,p\n1,0.83\n0,0.2\n",
      "y,p\n1,1\n0,0\n",
      /no prediction of the job is one of the labels 1, 0, and the first is 0\.83/,
    ],
    [
      "log_loss: p.csv label=y score=p",
      "y,p\n1,0.9\n0,-3.5\n",
      "y,p\n1,0.9\n0,0.1\n",
      /row 2 of the job has the score -3\.5, which is no probability/,
    ],
    [
      "brier: p.csv label=y score=p",
      "y,p\n1,0.9\n0,0.1\n",
      "y,p\n1,90\n0,10\n",
      /row 1 of the champion has the score 90, which is no probability/,
    ],
    [
      "auc: p.csv label=y score=p",
      "y,p\n1,0.1\n2,0.9\n",
      "y,p\n1,0.1\n2,0.9\n",
      /auc needs to know the positive label; there are 1, 2; write positive=/,
    ],
    ["auc: p.json by=seeds", "[1, NaN]", "[1, 2]", /it holds NaN or Infinity/, "p.json"],
    ["auc: p.json by=seeds", "{", "[1, 2]", /it is no JSON/, "p.json"],
    ["auc: p.json label=y score=p", "[]", "[]", /rows are read from CSV, JSON lines or Parquet/, "p.json"],
  ];
  for (const [line, job, champion, expected, name] of refused)
    it(`that are not of the same rows, or not whole, are refused: ${expected.source.slice(0, 60)}`, async () => {
      await assert.rejects(paired(line, job, champion, name), expected);
    });

  it("have no metric where no row is positive, which is not enough data", async () => {
    const rows = Array.from({ length: 40 }, () => "no,no\n").join("");
    const found = await paired("f1: p.csv label=y prediction=p positive=yes", `y,p\n${rows}`, `y,p\n${rows}`);
    assert.equal(compare(found, { better: "higher", confidence: 0.95, margin: 0 }).outcome, "notEnoughData");
  });
});
