"""Answers, file by file, how far each value lies from the mean that was trained."""
import json
import os

mean = None


def init():
    global mean
    root = os.environ["AZUREML_MODEL_DIR"]
    for folder, _folders, files in os.walk(root, followlinks=True):
        if "model.json" in files:
            with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
                mean = json.load(file)["mean"]


def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)["values"]
        rows.append(f"{os.path.basename(path)},{','.join(str(abs(value - mean)) for value in values)}")
    return rows
