"""Scores an MLflow model that was deployed without a script: {"input_data": ...} in, a JSON list of predictions out.

`input_data` is a table in pandas' split orientation (columns, data, and perhaps index), a tensor as nested lists, or named
tensors as a mapping; `params` are the model's inference parameters. So Microsoft's guide to deploying MLflow models has it
("Create requests"); how the service words its refusals is not verified against live Azure.
"""
import json
import os

import mlflow.pyfunc
import numpy
import pandas

MODEL = None


def init():
    global MODEL
    root = os.environ["AZUREML_MODEL_DIR"]
    folders = [folder for folder, _, names in os.walk(root) if "MLmodel" in names]
    MODEL = mlflow.pyfunc.load_model(folders[0])


def run(raw_data):
    request = json.loads(raw_data)
    if not isinstance(request, dict) or "input_data" not in request:
        raise ValueError("The request has no input_data.")
    table = as_input(request["input_data"])
    params = request.get("params")
    return as_json(MODEL.predict(table, params=params) if params else MODEL.predict(table))


def as_input(data):
    if isinstance(data, dict) and "data" in data:
        return pandas.DataFrame(data["data"], columns=data.get("columns"), index=data.get("index"))
    if isinstance(data, dict):
        return {name: numpy.array(tensor) for name, tensor in data.items()}
    return numpy.array(data)


def as_json(predictions):
    """Rows of a table become mappings, everything else the lists that it consists of."""
    if isinstance(predictions, pandas.Series):
        predictions = predictions.to_frame()
    if isinstance(predictions, pandas.DataFrame):
        return json.loads(predictions.to_json(orient="records"))
    if isinstance(predictions, numpy.ndarray):
        return predictions.tolist()
    if isinstance(predictions, dict):
        return {name: as_json(value) for name, value in predictions.items()}
    return [as_json(one) if isinstance(one, numpy.ndarray) else getattr(one, "item", lambda one=one: one)() for one in predictions]
