"""Scores two models on the rows of one file, each in a process of its own, and writes one line a row (rows.jsonl).

The task AzureMLCompareModels sends this script along with its job. It needs Python 3.8 or newer and nothing else;
MLflow models need mlflow and pandas, and Parquet files need pyarrow, in the job's environment.

Each line is a JSON object with row, target, champion and challenger. Neither model sees the target.

A scoring script of one's own defines

    def load(path):            # optional; without it the model is the path itself
        return model

    def score(model, rows):    # rows: a list of dicts by column name
        return [...]           # a number or a label for each row, in their order
"""
import argparse
import csv
import importlib.util
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from decimal import Decimal

SETTINGS = "SCORE_MODELS_SETTINGS"
BATCH = 10_000
WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})\Z")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")


def stop(sentence):
    """Ends the job with a sentence for whoever reads its log."""
    sys.exit(f"score_models: {sentence}")


def typed(text):
    """A cell of a CSV file: a number where it is written as one, None where it is empty. 007 stays a text."""
    if text is None or text == "":
        return None
    if WHOLE.match(text):
        return int(text)
    if NUMBER.match(text) and not re.match(r"[+-]?0\d", text):
        return float(text)
    return text


def csv_rows(path):
    csv.field_size_limit(2**27)
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        names = reader.fieldnames or []
        if len(set(names)) < len(names):
            stop(f"the header of {os.path.basename(path)} names a column twice.")
        for row in reader:
            if None in row or any(value is None for value in row.values()):
                stop(f"line {reader.line_num} of {os.path.basename(path)} has another number of columns than the header.")
            yield {name: typed(text) for name, text in row.items()}


def json_rows(path):
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip() == "":
                continue
            row = json.loads(line)
            if not isinstance(row, dict):
                stop(f"line {number} of {os.path.basename(path)} is no JSON object.")
            yield row


def parquet_rows(path):
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        stop("the data is a Parquet file, and the job's environment has no pyarrow. Add it to the environment.")
    with ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


def rows_of(path):
    """The rows of a file, by its first bytes: Parquet, JSON lines, or else CSV with a header."""
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith(b"PAR1"):
        return parquet_rows(path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return json_rows(path)
    return csv_rows(path)


def file_in(path, wanted):
    """The data file: the input itself, or the one that was named in it, or the only one in it."""
    if os.path.isfile(path):
        return path
    names = sorted(
        os.path.relpath(os.path.join(folder, name), path).replace(os.sep, "/")
        for folder, _, files in os.walk(path)
        for name in files
        if not name.startswith((".", "_"))
    )
    if wanted:
        if wanted not in names:
            stop(f"the data has no file {wanted}; it has {', '.join(names[:20]) or 'none'}.")
        return os.path.join(path, wanted)
    if len(names) != 1:
        stop(f"the data has {len(names)} files; name one with the input testFile: {', '.join(names[:20])}.")
    return os.path.join(path, names[0])


def split(row, settings, number):
    """Target and identifier of a row, taken out of what the models see."""
    row = dict(row)
    if settings["target"] not in row:
        stop(f"row {number} has no column {settings['target']}; it has {', '.join(map(str, list(row)[:50]))}.")
    target = row.pop(settings["target"])
    identifier = number
    if settings.get("id"):
        if settings["id"] not in row:
            stop(f"row {number} has no column {settings['id']}; it has {', '.join(map(str, list(row)[:50]))}.")
        identifier = row.pop(settings["id"])
    return identifier, target, row


def batches(path, settings):
    rows = (split(row, settings, number)[2] for number, row in enumerate(rows_of(path), 1))
    while True:
        batch = list(itertools.islice(rows, BATCH))
        if not batch:
            return
        yield batch


def plain(value, number):
    """A score as a number, a text or None. Of two probabilities the second one counts, that of the second class."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) not in (1, 2):
            stop(f"the model gives {len(value)} values for row {number}; one number or one label is needed.")
        value = plain(value[-1], number)
    return cell(value)


class Scripted:
    """The user's own scoring script, which lies in the job's code."""

    def __init__(self, script, path):
        folder = os.path.dirname(os.path.abspath(script))
        sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location("scoring_script", script)
        if spec is None or not os.path.isfile(script):
            stop(f"there is no script {script} in the job's code.")
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        if not hasattr(self.module, "score"):
            stop(f"{os.path.basename(script)} defines no function score(model, rows).")
        self.model = self.module.load(path) if hasattr(self.module, "load") else path

    def score(self, rows):
        return self.module.score(self.model, rows)


def model_folder(path):
    """The one folder with an MLmodel; what lies inside of a model is a part of it."""
    folders = sorted(folder for folder, _, names in os.walk(path) if "MLmodel" in names)
    whole = [one for one in folders if not any(one.startswith(os.path.join(other, "")) for other in folders if other != one)]
    if not whole:
        stop("the model is none that MLflow has logged: it has no file MLmodel. Give a scoringScript to score it.")
    if len(whole) > 1:
        names = ", ".join(os.path.relpath(one, path) for one in whole[:20])
        stop(f"the model has {len(whole)} folders with a file MLmodel, {names}; give the path of one of them.")
    return whole[0]


def truth(value):
    """A cell of a column that a model takes as yes or no: CSV files write it as a text."""
    return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


class Mlflow:
    """A model that was logged with MLflow, of whatever flavor: its pyfunc."""

    def __init__(self, path):
        folder = model_folder(path)
        try:
            import mlflow.pyfunc
        except ImportError:
            stop("the job's environment has no mlflow. Add it and what the models need, or give a scoringScript.")
        self.model = mlflow.pyfunc.load_model(folder)

    def score(self, rows):
        import pandas

        frame = pandas.DataFrame(rows)
        schema = self.model.metadata.get_input_schema() if self.model.metadata is not None else None
        # MLflow refuses whole numbers for a column of type double, as which a CSV file may write them.
        for column in schema.inputs if schema is not None else []:
            kind = getattr(getattr(column, "type", None), "name", "")
            if kind in ("double", "float") and column.name in frame:
                frame[column.name] = frame[column.name].astype("float64" if kind == "double" else "float32")
            if kind == "boolean" and column.name in frame:
                frame[column.name] = frame[column.name].map(truth)
        found = self.model.predict(frame)
        return found.values.tolist() if isinstance(found, pandas.DataFrame) else list(found)


def score_one(which, model, data, out, settings):
    """Writes one JSON value a line: the scores of one model."""
    scorer = Scripted(settings["script"], model) if settings.get("script") else Mlflow(model)
    done = 0
    with open(out, "w", encoding="utf-8") as file:
        for batch in batches(data, settings):
            scores = list(scorer.score(batch))
            if len(scores) != len(batch):
                stop(f"the {which} gives {len(scores)} scores for {len(batch)} rows.")
            for number, score in enumerate(scores, done + 1):
                file.write(json.dumps(plain(score, number)) + "\n")
            done += len(batch)
            print(f"The {which} has scored {done} rows.", flush=True)


def cell(value):
    """As it stands in rows.jsonl: null for what is missing or no number."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


class Sums:
    """Simple metrics of both models, for people who look at the job. The task judges by the rows themselves."""

    def __init__(self):
        self.rows = 0
        self.sums = {}

    def add(self, target, scores):
        self.rows += 1
        for which, score in scores.items():
            own = self.sums.setdefault(which, {"equal": 0, "absolute": 0.0, "squared": 0.0, "numbers": 0})
            own["equal"] += score == target or str(score) == str(target)
            if is_number(target) and is_number(score):
                own["numbers"] += 1
                own["absolute"] += abs(score - target)
                own["squared"] += (score - target) ** 2

    def metrics(self):
        values = {"rows": self.rows}
        for which, own in self.sums.items():
            values[f"{which}_equal_to_target"] = own["equal"] / self.rows
            if own["numbers"] == self.rows:
                values[f"{which}_mean_absolute_error"] = own["absolute"] / self.rows
                values[f"{which}_mean_squared_error"] = own["squared"] / self.rows
        return values


def log_metrics(values):
    """Logs to the job's run by MLflow's REST API, so that no package is needed. The job does not fail for it."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    # azureml://HOST/mlflow/v1.0/SCOPE is Azure ML's own scheme; MLflow's REST API lives under https://HOST/mlflow/v2.0/SCOPE
    if uri.startswith("azureml://"):
        uri = "https://" + uri[len("azureml://"):].split("?")[0].replace("/mlflow/v1.0/", "/mlflow/v2.0/")
    run = os.environ.get("MLFLOW_RUN_ID") or os.environ.get("AZUREML_RUN_ID")
    if not (uri and run):
        return
    now = int(time.time() * 1000)
    metrics = [{"key": key, "value": value, "timestamp": now, "step": 0} for key, value in values.items()]
    request = urllib.request.Request(
        f"{uri.rstrip('/')}/api/2.0/mlflow/runs/log-batch",
        data=json.dumps({"run_id": run, "run_uuid": run, "metrics": metrics}).encode("utf-8"),
        headers={
            "Content-Type": "application/json",
            "Authorization": "Bearer " + os.environ.get("MLFLOW_TRACKING_TOKEN", ""),
        },
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()
    except OSError as error:
        print(f"The metrics could not be logged to the run: {error}", flush=True)


def scores_in(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def compare(given, settings):
    data = file_in(given.data, settings.get("file"))
    sums = Sums()
    with tempfile.TemporaryDirectory() as scratch:
        scored = {}
        for which in ("champion", "challenger"):
            out = os.path.join(scratch, f"{which}.jsonl")
            # A process each: what one model loads, changes or leaks does not reach the other.
            ended = subprocess.run(
                [sys.executable, os.path.abspath(__file__), "--only", which, "--data", data, "--out", out]
                + ["--model", getattr(given, which)],
                check=False,
            )
            if ended.returncode != 0:
                stop(f"the {which} could not be scored; the lines above say why.")
            scored[which] = scores_in(out)
        os.makedirs(given.out, exist_ok=True)
        with open(os.path.join(given.out, "rows.jsonl"), "w", encoding="utf-8") as file:
            for number, row in enumerate(rows_of(data), 1):
                identifier, target, _ = split(row, settings, number)
                scores = {which: next(values) for which, values in scored.items()}
                sums.add(target, scores)
                line = {"row": identifier, "target": target, **scores}
                file.write(json.dumps({name: cell(value) for name, value in line.items()}) + "\n")
    if sums.rows == 0:
        stop(f"{os.path.basename(data)} has no rows.")
    print(f"Both models have scored {sums.rows} rows.", flush=True)
    log_metrics(sums.metrics())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--champion")
    parser.add_argument("--challenger")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only")
    parser.add_argument("--model")
    given = parser.parse_args()
    settings = json.loads(os.environ[SETTINGS])
    if given.only:
        score_one(given.only, given.model, given.data, given.out, settings)
    else:
        compare(given, settings)


if __name__ == "__main__":
    main()
