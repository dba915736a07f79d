"""What scores a batch deployment of an MLflow model that has no script of its own: the model's predict over each file's rows."""

import os

import mlflow
import pandas


def init():
    global model
    root = os.environ["AZUREML_MODEL_DIR"]
    (folder,) = [path for path, _, names in os.walk(root, followlinks=True) if "MLmodel" in names][:1]
    model = mlflow.pyfunc.load_model(folder)


def run(mini_batch):
    results = []
    for path in mini_batch:
        table = pandas.read_parquet(path) if path.endswith(".parquet") else pandas.read_csv(path)
        predictions = pandas.DataFrame(model.predict(table)).rename(columns={0: "prediction"})
        predictions["file"] = os.path.basename(path)
        results.append(predictions)
    return pandas.concat(results)
