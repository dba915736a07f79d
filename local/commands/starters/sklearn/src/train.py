"""Trains a gradient boosting of scikit-learn that tells how many bikes are rented on a day."""
import argparse
import csv
import os

import joblib
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

from tracking import Run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()

    with open(given.data, newline="", encoding="utf-8") as file:
        rows = [[float(value) for value in row.values()] for row in csv.DictReader(file)]
    days, rentals = [row[:-1] for row in rows], [row[-1] for row in rows]
    train_days, test_days, train_rentals, test_rentals = train_test_split(days, rentals, test_size=0.25, random_state=7)
    model = GradientBoostingRegressor(n_estimators=80, max_depth=2, random_state=7).fit(train_days, train_rentals)
    guesses = model.predict(test_days)
    mae, r2 = mean_absolute_error(test_rentals, guesses), r2_score(test_rentals, guesses)
    Run().metrics({"mae": round(mae, 2), "r2": round(r2, 4)})
    print(f"{len(train_days)} days to train on, {len(test_days)} to judge with: mae {mae:.1f}, r2 {r2:.3f}", flush=True)

    os.makedirs(given.model, exist_ok=True)
    joblib.dump(model, os.path.join(given.model, "model.joblib"))


if __name__ == "__main__":
    main()
