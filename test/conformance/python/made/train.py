"""Run in a job: fits a line and saves it as an MLflow model that says itself what it needs, which is what conda.yml says."""

import sys

import mlflow
import pandas
import yaml
from sklearn.linear_model import LinearRegression

table = pandas.DataFrame({"x": [0.0, 1.0, 2.0]})
model = LinearRegression().fit(table, [1.0, 3.0, 5.0])
mlflow.log_metric("slope", float(model.coef_[0]))
signature = mlflow.models.infer_signature(table, model.predict(table))
with open("conda.yml") as conda:
    mlflow.sklearn.save_model(model, sys.argv[1], signature=signature, conda_env=yaml.safe_load(conda))
