"""Trains a logistic regression that tells benign from malignant tumours; Python's standard library alone."""
import argparse
import csv
import json
import math
import os
import random

from picture import confusion_matrix
from tracking import Run


def read_table(path):
    """Returns (feature names, rows of floats, labels)."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader)[:-1]
        rows = [[float(value) for value in row] for row in reader]
    return names, [row[:-1] for row in rows], [int(row[-1]) for row in rows]


def probability(weights, bias, row):
    score = bias + sum(w * x for w, x in zip(weights, row))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))


def area_under_curve(labels, scores):
    """The chance that a benign sample is scored above a malignant one (ties count half)."""
    ranked = sorted(zip(scores, labels))
    positives = sum(labels)
    negatives = len(labels) - positives
    rank_sum, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        average_rank = (i + 1 + j) / 2
        rank_sum += average_rank * sum(label for _, label in ranked[i:j])
        i = j
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--features", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.5)
    arguments = parser.parse_args()

    names, rows, labels = read_table(arguments.data)
    names = names[: arguments.features]
    rows = [row[: arguments.features] for row in rows]

    order = list(range(len(rows)))
    random.Random(20).shuffle(order)
    cut = len(order) * 7 // 10
    train, test = order[:cut], order[cut:]

    means = [sum(rows[i][c] for i in train) / len(train) for c in range(len(names))]
    scales = [
        math.sqrt(sum((rows[i][c] - means[c]) ** 2 for i in train) / len(train)) or 1.0 for c in range(len(names))
    ]
    scaled = [[(row[c] - means[c]) / scales[c] for c in range(len(names))] for row in rows]

    run = Run()
    run.parameters({"features": len(names), "epochs": arguments.epochs, "learning_rate": arguments.learning_rate})
    print(f"{len(train)} rows to train on, {len(test)} to judge with, {len(names)} features", flush=True)

    weights, bias = [0.0] * len(names), 0.0
    report = max(1, arguments.epochs // 25)
    for epoch in range(1, arguments.epochs + 1):
        errors = [(probability(weights, bias, scaled[i]) - labels[i]) for i in train]
        for c in range(len(names)):
            gradient = sum(e * scaled[i][c] for e, i in zip(errors, train)) / len(train)
            weights[c] -= arguments.learning_rate * (gradient + 0.001 * weights[c])
        bias -= arguments.learning_rate * sum(errors) / len(train)
        if epoch % report == 0 or epoch == arguments.epochs:
            loss = -sum(
                math.log(max(1e-12, p if labels[i] else 1 - p))
                for i, p in ((i, probability(weights, bias, scaled[i])) for i in train)
            ) / len(train)
            print(f"epoch {epoch}: loss {loss:.4f}", flush=True)
            run.metrics({"loss": loss}, step=epoch)

    scores = [probability(weights, bias, scaled[i]) for i in test]
    truth = [labels[i] for i in test]
    accuracy = sum((s >= 0.5) == bool(t) for s, t in zip(scores, truth)) / len(test)
    auc = area_under_curve(truth, scores)
    run.metrics({"accuracy": round(accuracy, 4), "auc": round(auc, 4)}, step=arguments.epochs)
    print(f"accuracy {accuracy:.4f}, area under the curve {auc:.4f}", flush=True)

    counts = [[0, 0], [0, 0]]
    for t, s in zip(truth, scores):
        counts[t][int(s >= 0.5)] += 1
    # Azure ML keeps what a job writes below outputs with its run.
    os.makedirs("outputs", exist_ok=True)
    confusion_matrix("outputs/confusion_matrix.png", counts)

    os.makedirs(arguments.model, exist_ok=True)
    with open(os.path.join(arguments.model, "model.json"), "w", encoding="utf-8") as file:
        json.dump({"features": names, "means": means, "scales": scales, "weights": weights, "bias": bias}, file, indent=1)
    print(f"model written to {arguments.model}", flush=True)


if __name__ == "__main__":
    main()
