"""Answers requests of the online endpoint: {"rows": [[radius, texture, ...], ...]} -> {"predictions": [...], ...}."""
import glob
import json
import math
import os

from collect import collect

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    paths = glob.glob(os.path.join(os.environ["AZUREML_MODEL_DIR"], "**", "model.json"), recursive=True)
    with open(paths[0], encoding="utf-8") as file:
        MODEL = json.load(file)
    print(f"model with {len(MODEL['features'])} features is loaded")


def run(raw_data):
    rows = json.loads(raw_data)["rows"]
    collect("model_inputs", [dict(zip(MODEL["features"], row)) for row in rows])
    probabilities = []
    for row in rows:
        score = MODEL["bias"] + sum(
            weight * (value - mean) / scale
            for weight, value, mean, scale in zip(MODEL["weights"], row, MODEL["means"], MODEL["scales"])
        )
        probabilities.append(round(1 / (1 + math.exp(-max(-60.0, min(60.0, score)))), 4))
    return {
        "predictions": ["benign" if p >= 0.5 else "malignant" for p in probabilities],
        "probability_benign": probabilities,
        "features": len(MODEL["features"]),
    }
