"""Prepares the data: days that lack a value, or on which nothing was rented, are left out."""
import argparse
import csv
import os

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--prepared", required=True)
given = parser.parse_args()

with open(given.data, newline="", encoding="utf-8") as file:
    header, *rows = list(csv.reader(file))
kept = [row for row in rows if all(value != "" for value in row) and float(row[-1]) > 0]
os.makedirs(given.prepared, exist_ok=True)
with open(os.path.join(given.prepared, "prepared.csv"), "w", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows([header, *kept])
print(f"{len(kept)} of {len(rows)} days are kept")
