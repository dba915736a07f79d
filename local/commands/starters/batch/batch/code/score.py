"""Scores tables of days (temperature, humidity, workday): the table's name, the row's number, and how many bikes will be rented."""
import csv
import json
import os

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    for folder, _, files in os.walk(os.environ["AZUREML_MODEL_DIR"], followlinks=True):
        if "model.json" in files:
            with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
                MODEL = json.load(file)


def run(mini_batch):
    """A table that cannot be read fails its mini-batch, and counts against the deployment's error_threshold."""
    lines = []
    for path in mini_batch:
        with open(path, newline="", encoding="utf-8") as file:
            for number, row in enumerate(list(csv.reader(file))[1:], 1):
                rentals = MODEL["bias"] + sum(w * float(x) for w, x in zip(MODEL["weights"], row))
                lines.append(f"{os.path.basename(path)},{number},{rentals:.0f}")
    return lines
