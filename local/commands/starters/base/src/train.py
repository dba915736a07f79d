"""Trains a linear regression that tells how many bikes are rented on a day; Python's standard library alone."""
import argparse
import csv
import json
import os

from tracking import Run


def read(path):
    """Rows with a leading 1 for the bias, and what they should give."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [[float(value) for value in row.values()] for row in csv.DictReader(file)]
    return [[1.0, *row[:-1]] for row in rows], [row[-1] for row in rows]


def fit(rows, targets):
    """Solves the normal equations by Gauss and Jordan."""
    size = len(rows[0])
    table = [
        [sum(row[i] * row[j] for row in rows) for j in range(size)] + [sum(row[i] * y for row, y in zip(rows, targets))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(table[k][i]))
        table[i], table[pivot] = table[pivot], table[i]
        table[i] = [value / table[i][i] for value in table[i]]
        for k in range(size):
            if k != i:
                table[k] = [a - table[k][i] * b for a, b in zip(table[k], table[i])]
    return [row[-1] for row in table]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()

    rows, targets = read(given.data)
    # Every fourth day judges.
    train = [i for i in range(len(rows)) if i % 4]
    test = [i for i in range(len(rows)) if i % 4 == 0]
    weights = fit([rows[i] for i in train], [targets[i] for i in train])

    guesses = [sum(w * x for w, x in zip(weights, rows[i])) for i in test]
    truth = [targets[i] for i in test]
    mean = sum(truth) / len(truth)
    mae = sum(abs(g - t) for g, t in zip(guesses, truth)) / len(truth)
    r2 = 1 - sum((g - t) ** 2 for g, t in zip(guesses, truth)) / sum((t - mean) ** 2 for t in truth)
    Run().metrics({"mae": round(mae, 2), "r2": round(r2, 4)})
    print(f"{len(train)} days to train on, {len(test)} to judge with: mae {mae:.1f}, r2 {r2:.3f}", flush=True)

    os.makedirs(given.model, exist_ok=True)
    with open(os.path.join(given.model, "model.json"), "w", encoding="utf-8") as file:
        json.dump({"bias": weights[0], "weights": weights[1:]}, file)


if __name__ == "__main__":
    main()
