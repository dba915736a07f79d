"""MLflow through azureml-mlflow: experiments, runs, metrics, params, tags, artifacts and the model registry."""

import os

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from world import client, ended, environment, flow, folder, raises, unique, workspace_name

# azureml-mlflow signs in with DefaultAzureCredential. A service principal would ask login.microsoftonline.com who the private
# authority is, and there is no switch for that in the environment; a managed identity asks nobody.
for variable in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
    tracked = os.environ.pop(variable)
    os.environ[f"CONFORMANCE_{variable}"] = tracked
os.environ["IDENTITY_ENDPOINT"] = os.environ["CONFORMANCE_IDENTITY_ENDPOINT"]
os.environ["IDENTITY_HEADER"] = os.environ["CONFORMANCE_IDENTITY_HEADER"]


def ready():
    """Points MLflow at the workspace, as its own page tells users to."""
    from world import credential

    os.environ.update(
        {name: os.environ[f"CONFORMANCE_{name}"] for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")}
    )
    credential()
    uri = client().workspaces.get(workspace_name).mlflow_tracking_uri
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        os.environ.pop(name)
    mlflow.set_tracking_uri(uri)
    return MlflowClient()


service = ready()


def experiment():
    name = unique("experiment")
    mlflow.set_experiment(name)
    return name


@flow("create an experiment, find it by name, tag it")
def experiments():
    name = unique("experiment")
    made = service.create_experiment(name, tags={"team": "risk"})
    got = service.get_experiment_by_name(name)
    assert got.experiment_id == made and got.lifecycle_stage == "active"
    service.set_experiment_tag(made, "stage", "dev")
    assert service.get_experiment(made).tags["stage"] == "dev"
    assert name in [one.name for one in service.search_experiments()]
    assert service.get_experiment_by_name(unique("nothing")) is None


@flow("delete an experiment and restore it")
def delete_experiment():
    made = service.create_experiment(unique("experiment"))
    service.delete_experiment(made)
    assert service.get_experiment(made).lifecycle_stage == "deleted"
    service.restore_experiment(made)
    assert service.get_experiment(made).lifecycle_stage == "active"


@flow("a run with params, metrics and tags, finished")
def run():
    experiment()
    with mlflow.start_run(run_name="first") as started:
        mlflow.log_param("rate", 0.1)
        mlflow.log_metric("auc", 0.9)
        mlflow.set_tag("owner", "me")
    got = service.get_run(started.info.run_id)
    assert got.info.status == "FINISHED" and got.info.run_name == "first"
    assert got.data.params == {"rate": "0.1"} and got.data.metrics == {"auc": 0.9}
    assert got.data.tags["owner"] == "me"
    assert got.info.end_time >= got.info.start_time


@flow("a metric keeps its steps, and its last value shows")
def steps():
    experiment()
    with mlflow.start_run() as started:
        for step, value in enumerate([0.5, 0.25, 0.125]):
            mlflow.log_metric("loss", value, step=step)
    history = service.get_metric_history(started.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(0, 0.5), (1, 0.25), (2, 0.125)]
    assert service.get_run(started.info.run_id).data.metrics["loss"] == 0.125


@flow("a batch of metrics, params and tags at once; NaN and infinity survive")
def batch():
    import math

    experiment()
    with mlflow.start_run() as started:
        mlflow.log_metrics({f"m{index}": index / 10 for index in range(48)})
        mlflow.log_params({f"p{index}": index for index in range(50)})
        mlflow.set_tags({f"t{index}": index for index in range(10)})
        mlflow.log_metric("odd", float("nan"))
        mlflow.log_metric("huge", float("inf"))
    data = service.get_run(started.info.run_id).data
    assert data.metrics["m47"] == 4.7 and data.params["p49"] == "49" and data.tags["t9"] == "9"
    assert math.isnan(data.metrics["odd"]) and data.metrics["huge"] == float("inf")


@flow("asynchronous logging: the batch is sent, its status asked for, and the values are there")
def asynchronous():
    experiment()
    with mlflow.start_run() as started:
        mlflow.log_metric("late", 1.5, synchronous=False).wait()
        mlflow.log_params({"a": 1}, synchronous=False).wait()
    data = service.get_run(started.info.run_id).data
    assert data.metrics == {"late": 1.5} and data.params == {"a": "1"}


@flow("a dataset is logged as a run's input")
def dataset():
    import pandas

    experiment()
    with mlflow.start_run() as started:
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1, 2]}), name="table"), context="training")
    inputs = service.get_run(started.info.run_id).inputs.dataset_inputs
    assert [one.dataset.name for one in inputs] == ["table"]


@flow("a param cannot change its value")
def changed_param():
    experiment()
    with mlflow.start_run():
        mlflow.log_param("rate", 1)
        raises(MlflowException, lambda: mlflow.log_param("rate", 2))


@flow("a tag is deleted; a run is deleted and restored")
def delete_run():
    experiment()
    with mlflow.start_run() as started:
        mlflow.set_tag("gone", "soon")
    run_id = started.info.run_id
    service.delete_tag(run_id, "gone")
    assert "gone" not in service.get_run(run_id).data.tags
    service.delete_run(run_id)
    assert service.get_run(run_id).info.lifecycle_stage == "deleted"
    service.restore_run(run_id)
    assert service.get_run(run_id).info.lifecycle_stage == "active"


@flow("an exception in a run makes it FAILED")
def failed():
    experiment()
    try:
        with mlflow.start_run() as started:
            raise RuntimeError("no")
    except RuntimeError:
        pass
    assert service.get_run(started.info.run_id).info.status == "FAILED"


@flow("nested runs name their parent")
def nested():
    name = experiment()
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("inner", 1)
    got = service.get_run(child.info.run_id)
    assert got.data.tags["mlflow.parentRunId"] == parent.info.run_id
    found = mlflow.search_runs(
        experiment_names=[name], filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert list(found["run_id"]) == [child.info.run_id]


@flow("search runs by metric, param and tag, in the order of an attribute, a page at a time")
def search():
    name = experiment()
    for index in range(5):
        with mlflow.start_run(run_name=f"run{index}"):
            mlflow.log_metric("auc", index / 10)
            mlflow.log_param("kind", "even" if index % 2 == 0 else "odd")
    best = mlflow.search_runs(
        experiment_names=[name], filter_string="metrics.auc > 0.1 and params.kind = 'even'", order_by=["run_name DESC"]
    )
    assert list(best["tags.mlflow.runName"]) == ["run4", "run2"]
    found = service.get_experiment_by_name(name).experiment_id
    page = service.search_runs([found], max_results=2)
    assert len(page) == 2 and page.token
    rest = service.search_runs([found], max_results=10, page_token=page.token)
    assert len({run.info.run_id for run in [*page, *rest]}) == 5


@flow("artifacts go up and come down: a file, a folder, text, a dictionary")
def artifacts():
    experiment()
    files = folder({"one.txt": "1", "sub/two.txt": "2"})
    with mlflow.start_run() as started:
        mlflow.log_artifact(str(files / "one.txt"))
        mlflow.log_artifacts(str(files), artifact_path="folder")
        mlflow.log_text("said", "text/said.txt")
        mlflow.log_dict({"a": 1}, "dict.json")
    run_id = started.info.run_id
    assert sorted(one.path for one in service.list_artifacts(run_id)) == ["dict.json", "folder", "one.txt", "text"]
    assert sorted(one.path for one in service.list_artifacts(run_id, "folder")) == ["folder/one.txt", "folder/sub"]
    target = folder()
    local = service.download_artifacts(run_id, "folder", str(target))
    assert open(os.path.join(local, "sub", "two.txt")).read() == "2"
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/text/said.txt") == "said"


@flow("an artifact of no bytes goes up and comes down")
def empty_artifact():
    experiment()
    files = folder({"empty.txt": ""})
    with mlflow.start_run() as started:
        mlflow.log_artifact(str(files / "empty.txt"))
    local = service.download_artifacts(started.info.run_id, "empty.txt", str(folder()))
    assert open(local).read() == ""


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * value for value in model_input]


@flow("log a model, register it, load it, predict")
def model():
    experiment()
    name = unique("doubler")
    with mlflow.start_run() as started:
        mlflow.pyfunc.log_model("model", python_model=Doubler(), pip_requirements=[], registered_model_name=name)
    version = service.get_model_version(name, "1")
    assert version.run_id == started.info.run_id and version.status == "READY"
    assert mlflow.pyfunc.load_model(f"models:/{name}/1").predict([1, 2]) == [2, 4]
    assert mlflow.pyfunc.load_model(f"runs:/{started.info.run_id}/model").predict([3]) == [6]


@flow("a registered model is the same one that MLClient shows")
def joined():
    experiment()
    name = unique("joined")
    with mlflow.start_run():
        mlflow.pyfunc.log_model("model", python_model=Doubler(), pip_requirements=[], registered_model_name=name)
    got = client().models.get(name, "1")
    assert got.type == "mlflow_model" and "python_function" in got.flavors
    from azure.ai.ml.entities import Model

    client().models.create_or_update(
        Model(name=name, version="2", path=str(folder({"MLmodel": "flavors: {}\n"})), type="mlflow_model")
    )
    assert {one.version for one in service.search_model_versions(f"name='{name}'")} == {"1", "2"}


def registered(count=2):
    name = unique("registered")
    experiment()
    for _ in range(count):
        with mlflow.start_run():
            mlflow.pyfunc.log_model("model", python_model=Doubler(), pip_requirements=[], registered_model_name=name)
    return name


@flow("model stages: a version goes to Production and archives the one before")
def stages():
    name = registered()
    service.transition_model_version_stage(name, "1", "Production")
    assert service.get_model_version(name, "1").current_stage == "Production"
    service.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    assert service.get_model_version(name, "1").current_stage == "Archived"
    assert [one.version for one in service.get_latest_versions(name, ["Production"])] == ["2"]
    assert mlflow.pyfunc.load_model(f"models:/{name}/Production").predict([1]) == [2]


@flow("model aliases: set, found, loaded by, deleted")
def aliases():
    name = registered()
    service.set_registered_model_alias(name, "champion", "1")
    assert service.get_model_version_by_alias(name, "champion").version == "1"
    assert mlflow.pyfunc.load_model(f"models:/{name}@champion").predict([1]) == [2]
    service.set_registered_model_alias(name, "champion", "2")
    assert service.get_model_version_by_alias(name, "champion").version == "2"
    service.delete_registered_model_alias(name, "champion")
    raises(MlflowException, lambda: service.get_model_version_by_alias(name, "champion"))


@flow("tags, descriptions, search and deletion in the registry")
def registry():
    name = registered()
    service.update_registered_model(name, description="doubles")
    service.set_registered_model_tag(name, "team", "risk")
    service.update_model_version(name, "1", description="first")
    service.set_model_version_tag(name, "1", "reviewed", "yes")
    got = service.get_registered_model(name)
    assert got.description == "doubles" and got.tags["team"] == "risk"
    version = service.get_model_version(name, "1")
    assert version.description == "first" and version.tags["reviewed"] == "yes"
    assert {one.version for one in service.search_model_versions(f"name='{name}'")} == {"1", "2"}
    assert service.get_latest_versions(name)[0].version == "2"
    service.delete_model_version_tag(name, "1", "reviewed")
    service.delete_model_version(name, "1")
    raises(MlflowException, lambda: service.get_model_version(name, "1"))
    raises(MlflowException, lambda: service.delete_registered_model(name), "deleting entire model containers")
    assert service.get_latest_versions(name)[0].version == "2"


@flow("register a model from a local folder")
def register_local():
    name = unique("local")
    path = folder() / "saved"
    mlflow.pyfunc.save_model(str(path), python_model=Doubler(), pip_requirements=[])
    made = mlflow.register_model(f"file://{path}", name)
    assert made.version == "1" or made.version == 1
    assert mlflow.pyfunc.load_model(f"models:/{name}/1").predict([4]) == [8]


@flow("a job logs to its own run: metrics, params, an artifact and a model")
def in_job():
    from azure.ai.ml import command

    script = (
        "import mlflow, pathlib\n"
        "with mlflow.start_run() as run:\n"
        "    mlflow.log_metric('auc', 0.75)\n"
        "    mlflow.log_param('rate', 0.1)\n"
        "    pathlib.Path('note.txt').write_text('noted')\n"
        "    mlflow.log_artifact('note.txt')\n"
        "    mlflow.set_tag('seen', 'yes')\n"
    )
    job = client().jobs.create_or_update(
        command(
            command="python train.py", code=str(folder({"train.py": script})), environment=environment(), compute="cpu-cluster"
        )
    )
    done = ended(job.name)
    assert done.status == "Completed", client().jobs.stream(job.name)
    got = service.get_run(job.name)
    assert got.data.metrics == {"auc": 0.75} and got.data.params == {"rate": "0.1"}
    assert got.data.tags["seen"] == "yes"
    assert got.info.status == "FINISHED"
    assert "note.txt" in [one.path for one in service.list_artifacts(job.name)]


@flow("scikit-learn's autolog inside a job: params, metrics and a model that loads")
def autolog():
    from azure.ai.ml import command

    script = (
        "import mlflow\n"
        "from sklearn.datasets import load_breast_cancer\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "mlflow.sklearn.autolog(log_input_examples=False, log_model_signatures=False)\n"
        "x, y = load_breast_cancer(return_X_y=True)\n"
        "LogisticRegression(max_iter=200, solver='liblinear').fit(x, y)\n"
    )
    job = client().jobs.create_or_update(
        command(
            command="python train.py", code=str(folder({"train.py": script})), environment=environment(), compute="cpu-cluster"
        )
    )
    done = ended(job.name)
    assert done.status == "Completed", client().jobs.stream(job.name)
    got = service.get_run(job.name)
    assert got.data.params["solver"] == "liblinear"
    assert got.data.metrics["training_accuracy_score"] > 0.9
    loaded = mlflow.sklearn.load_model(f"runs:/{job.name}/model")
    assert loaded.coef_.shape == (1, 30)


@flow("a run that does not exist is MlflowException")
def missing():
    error = raises(MlflowException, lambda: service.get_run(unique("nothing")))
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error.error_code


