"""Answers how far each value lies from the mean that was trained."""
import json
import os

mean = None


def init():
    global mean
    root = os.environ["AZUREML_MODEL_DIR"]
    for folder, _folders, files in os.walk(root):
        if "model.json" in files:
            with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
                mean = json.load(file)["mean"]


def run(raw):
    return {"distances": [abs(value - mean) for value in json.loads(raw)["values"]]}
