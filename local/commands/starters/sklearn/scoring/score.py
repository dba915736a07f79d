"""Answers requests of the online endpoint: {"rows": [[temperature, humidity, workday], ...]} -> {"rentals": [...]}."""
import json
import os

import joblib

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    for folder, _, files in os.walk(os.environ["AZUREML_MODEL_DIR"]):
        if "model.joblib" in files:
            MODEL = joblib.load(os.path.join(folder, "model.joblib"))


def run(raw):
    return {"rentals": [float(rentals) for rentals in MODEL.predict(json.loads(raw)["rows"])]}
