"""Scores tables, each row a sample: the table's name, the row's number, what it is, and the probability that it is benign."""
import csv
import glob
import json
import math
import os

MODEL = None


def init():
    global MODEL
    # Azure ML puts the registered model below AZUREML_MODEL_DIR; a folder keeps its own name there.
    root = os.environ["AZUREML_MODEL_DIR"]
    paths = [path for folder, _, _ in os.walk(root, followlinks=True) for path in glob.glob(os.path.join(folder, "model.json"))]
    with open(paths[0], encoding="utf-8") as file:
        MODEL = json.load(file)
    print(f"model with {len(MODEL['features'])} features is loaded")


def probability(row):
    score = MODEL["bias"] + sum(
        weight * (value - mean) / scale
        for weight, value, mean, scale in zip(MODEL["weights"], row, MODEL["means"], MODEL["scales"])
    )
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))


def run(mini_batch):
    """A table that cannot be read fails its mini-batch, and counts against the deployment's error_threshold."""
    lines = []
    for path in mini_batch:
        with open(path, newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            next(rows)
            for number, row in enumerate(rows, 1):
                benign = probability([float(value) for value in row])
                name = "benign" if benign >= 0.5 else "malignant"
                lines.append(f"{os.path.basename(path)},{number},{name},{benign:.4f}")
    return lines
