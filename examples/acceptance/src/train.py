"""A training run of seconds: the mean of a column is the model, and how far the rows lie from it the metric."""
import argparse
import csv
import json
import os

from tracking import Run

arguments = argparse.ArgumentParser()
arguments.add_argument("--data", required=True)
arguments.add_argument("--model", required=True)
given = arguments.parse_args()

with open(given.data, newline="", encoding="utf-8") as file:
    values = [float(row["value"]) for row in csv.DictReader(file)]
mean = sum(values) / len(values)
spread = sum(abs(value - mean) for value in values) / len(values)

os.makedirs(given.model, exist_ok=True)
with open(os.path.join(given.model, "model.json"), "w", encoding="utf-8") as file:
    json.dump({"mean": mean}, file)
Run().metrics({"mean": mean, "spread": spread})
print(f"The mean of {len(values)} values is {mean}.")
