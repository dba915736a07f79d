"""Answers requests of the online endpoint: {"rows": [[temperature, humidity, workday], ...]} -> {"rentals": [...]}."""
import json
import os

import mlflow
import pandas

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    for folder, _, files in os.walk(os.environ["AZUREML_MODEL_DIR"]):
        if "MLmodel" in files:
            MODEL = mlflow.sklearn.load_model(folder)


def run(raw):
    rows = pandas.DataFrame(json.loads(raw)["rows"], columns=MODEL.feature_names_in_)
    return {"rentals": [float(rentals) for rentals in MODEL.predict(rows)]}
