"""MLflow 3 against the strict workspace; runs in a virtual environment of its own."""

import mlflow
from mlflow.exceptions import MlflowException
from world import flow, folder, raises, unique

from flows._mlflow import *  # noqa: F403  (its flows are this module's)
from flows._mlflow import experiment, run, service


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * value for value in model_input]


@flow("log_model fails: the service has no logged models")
def log_model():
    mlflow.set_experiment(experiment_id=experiment())
    with mlflow.start_run():
        raises(
            MlflowException,
            lambda: mlflow.pyfunc.log_model(name="model", python_model=Doubler(), pip_requirements=[]),
            "logged-models",
            "404",
        )


@flow("a folder of a run cannot be listed by the run: this client asks for its logged models too")
def listed():
    name = run(experiment())
    service.log_text(name, "said", "deep/said.txt")
    raises(MlflowException, lambda: service.list_artifacts(name, "deep"), "logged-models", "404")
    assert mlflow.artifacts.load_text(f"{service.get_run(name).info.artifact_uri}/deep/said.txt") == "said"


@flow("save_model, log_artifacts and register_model do what log_model cannot")
def register():
    path = folder() / "saved"
    mlflow.pyfunc.save_model(str(path), python_model=Doubler(), pip_requirements=[])
    name, where = unique("saved"), run(experiment())
    service.log_artifacts(where, str(path), "model")
    service.create_registered_model(name)
    source = f"{service.get_run(where).info.artifact_uri}/model"
    made = service.create_model_version(name, source, where)
    assert str(made.version) == "1" and made.run_id == where
    assert mlflow.pyfunc.load_model(f"models:/{name}/1").predict([1, 2]) == [2, 4]
