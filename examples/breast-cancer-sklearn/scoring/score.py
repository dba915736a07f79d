"""Answers requests of the online endpoint: {"rows": [[radius, texture, ...], ...]} -> {"predictions": [...], ...}."""
import glob
import json
import os

import mlflow
import pandas

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    paths = glob.glob(os.path.join(os.environ["AZUREML_MODEL_DIR"], "**", "MLmodel"), recursive=True)
    MODEL = mlflow.sklearn.load_model(os.path.dirname(paths[0]))
    print(f"model with {len(MODEL.feature_names_in_)} features is loaded")


def run(raw_data):
    names = MODEL.feature_names_in_
    rows = [row[: len(names)] for row in json.loads(raw_data)["rows"]]
    probabilities = [round(float(p), 4) for p in MODEL.predict_proba(pandas.DataFrame(rows, columns=names))[:, 1]]
    return {
        "predictions": ["benign" if p >= 0.5 else "malignant" for p in probabilities],
        "probability_benign": probabilities,
        "features": len(names),
    }
