"""Scores rows by the mean that the model is, for AzureMLCompareModels."""
import json
import os


def load(path):
    with open(os.path.join(path, "model.json"), encoding="utf-8") as file:
        return json.load(file)["mean"]


def score(model, rows):
    return [model for _ in rows]
