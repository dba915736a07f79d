"""Trains a gradient boosting of scikit-learn that tells how many bikes are rented on a day; MLflow keeps the run and the model."""
import argparse

import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()

    table = pandas.read_csv(given.data)
    days, rentals = table.drop(columns="rentals"), table["rentals"]
    train_days, test_days, train_rentals, test_rentals = train_test_split(days, rentals, test_size=0.25, random_state=7)

    # Parameters and what is measured while training. In a job of Azure ML the run is the job's own.
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run():
        model = GradientBoostingRegressor(n_estimators=80, max_depth=2, random_state=7).fit(train_days, train_rentals)
        guesses = model.predict(test_days)
        mae, r2 = mean_absolute_error(test_rentals, guesses), r2_score(test_rentals, guesses)
        mlflow.log_metrics({"mae": round(mae, 2), "r2": round(r2, 4)})
    print(f"{len(train_days)} days to train on, {len(test_days)} to judge with: mae {mae:.1f}, r2 {r2:.3f}", flush=True)

    mlflow.sklearn.save_model(model, given.model, signature=infer_signature(train_days, guesses))


if __name__ == "__main__":
    main()
