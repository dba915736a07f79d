"""Answers requests of the online endpoint: {"rows": [[temperature, humidity, workday], ...]} -> {"rentals": [...]}."""
import json
import os

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    for folder, _, files in os.walk(os.environ["AZUREML_MODEL_DIR"]):
        if "model.json" in files:
            with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
                MODEL = json.load(file)


def run(raw):
    rows = json.loads(raw)["rows"]
    return {"rentals": [MODEL["bias"] + sum(w * x for w, x in zip(MODEL["weights"], row)) for row in rows]}
