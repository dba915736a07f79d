"""The script of a comparison's job with MLflow itself: models that it has logged, scored on CSV and on Parquet."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from world import flow, folder

script = Path(__file__).parents[4] / "lib" / "ml" / "compare" / "score_models.py"

rows = [{"id": f"r{at}", "a": at % 10, "b": (at * 7 % 13) / 13} for at in range(60)]
for row in rows:
    row["y"] = int(row["a"] / 10 + row["b"] > 1)
table = pandas.DataFrame(rows)
# The signature says double, and the CSV file writes whole numbers.
features = table[["a", "b"]].astype("float64")


def models():
    """A champion that sees one column, a challenger that sees both; both take both."""
    root = folder()
    # Saving a model makes a folder of runs where none is named.
    mlflow.set_tracking_uri((root / "runs").as_uri())
    saved = {}
    for name, used in (("champion", features.assign(b=0.0)), ("challenger", features)):
        model = LogisticRegression(C=100).fit(used, table["y"])
        saved[name] = root / name
        mlflow.sklearn.save_model(model, str(saved[name]), signature=infer_signature(features, model.predict(features)))
    return root, saved, LogisticRegression(C=100).fit(features, table["y"]).predict(features).tolist()


def scored(root, saved, data):
    out = root / f"out-{data.name}"
    settings = json.dumps({"target": "y", "id": "id"})
    words = [f"--{name}={path}" for name, path in {**saved, "data": data, "out": out}.items()]
    ended = subprocess.run(
        [sys.executable, str(script), *words],
        env={**os.environ, "SCORE_MODELS_SETTINGS": settings},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]


@flow("two MLflow models are scored alike on CSV and on Parquet, as they predict themselves")
def mlflow_models():
    root, saved, predicted = models()
    table.to_csv(root / "rows.csv", index=False)
    table.to_parquet(root / "rows.parquet")
    found = [scored(root, saved, root / f"rows.{ending}") for ending in ("csv", "parquet")]
    assert found[0] == found[1]
    assert [row["row"] for row in found[0]] == list(table["id"])
    assert [row["target"] for row in found[0]] == list(table["y"])
    assert [row["challenger"] for row in found[0]] == predicted
    assert [row["champion"] for row in found[0]] != predicted
