"""Measures a model on test data."""
import argparse
import json
import os

from tracking import Run
from train import area_under_curve, probability, read_table

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--test", required=True)
arguments = parser.parse_args()
with open(os.path.join(arguments.model, "model.json"), encoding="utf-8") as file:
    model = json.load(file)
_, rows, labels = read_table(arguments.test)
scores = [
    probability(model["weights"], model["bias"], [(v - m) / s for v, m, s in zip(row, model["means"], model["scales"])])
    for row in rows
]
Run().metrics({"auc": round(area_under_curve(labels, scores), 4)})
