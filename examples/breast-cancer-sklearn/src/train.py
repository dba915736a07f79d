"""Trains a logistic regression that tells benign from malignant tumours, with scikit-learn; MLflow keeps the run and the model."""
import argparse

import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--features", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()

    table = pandas.read_csv(arguments.data)
    rows, labels = table.iloc[:, : arguments.features], table["benign"]
    train_rows, test_rows, train_labels, test_labels = train_test_split(rows, labels, test_size=0.3, random_state=20)
    print(f"{len(train_rows)} rows to train on, {len(test_rows)} to judge with, {rows.shape[1]} features", flush=True)

    # Parameters and what is measured while training. In a job of Azure ML the run is the job's own.
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run():
        model = make_pipeline(
            StandardScaler(),
            SGDClassifier(loss="log_loss", alpha=0.01, max_iter=arguments.epochs, tol=None, random_state=20),
        )
        model.fit(train_rows, train_labels)
        scores = model.predict_proba(test_rows)[:, 1]
        accuracy = accuracy_score(test_labels, scores >= 0.5)
        auc = roc_auc_score(test_labels, scores)
        mlflow.log_metrics({"accuracy": round(accuracy, 4), "auc": round(auc, 4)})
    print(f"accuracy {accuracy:.4f}, area under the curve {auc:.4f}", flush=True)

    signature = infer_signature(train_rows, model.predict(train_rows))
    mlflow.sklearn.save_model(model, arguments.model, signature=signature)
    print(f"model written to {arguments.model}", flush=True)


if __name__ == "__main__":
    main()
