"""MLflow's own client where Azure ML is stricter than MLflow's server: what both generations of the client, 2 and 3, find alike.

Nothing here needs azure-ai-ml: the tracking URI alone tells azureml-mlflow where the workspace is.
"""

import os
import sys

# A managed identity, as in tracking.py: a service principal's credential would ask login.microsoftonline.com first.
for variable in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
    os.environ.pop(variable, None)
os.environ["IDENTITY_ENDPOINT"] = os.environ["CONFORMANCE_IDENTITY_ENDPOINT"]
os.environ["IDENTITY_HEADER"] = os.environ["CONFORMANCE_IDENTITY_HEADER"]

import mlflow
from mlflow.entities import Metric, Param, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from world import flow, folder, raises, unique

mlflow.set_tracking_uri(os.environ["CONFORMANCE_TRACKING_URI"])
service = MlflowClient()


def experiment():
    return service.create_experiment(unique("strict"))


def run(experiment_id, status="FINISHED", seconds=1, **more):
    """A run that lasted that long, and how it ended."""
    made = service.create_run(experiment_id, start_time=1_000_000, **more)
    service.set_terminated(made.info.run_id, status, end_time=1_000_000 + seconds * 1000)
    return made.info.run_id


def found(experiment_id, filter_string="", order_by=None):
    return [one.info.run_id for one in service.search_runs([experiment_id], filter_string, order_by=order_by)]


def refused(work, *words):
    """The service's own refusal: MLflow shows its whole body behind MLflow's code."""
    error = raises(MlflowException, work, *words)
    assert error.error_code == "INVALID_PARAMETER_VALUE", error.error_code
    for word in ("'Error': {'Code': ", "'Correlation': ", "'ComponentName': 'mlflow'", "'statusCode': 400"):
        assert word in str(error), f"{word} is not in: {error}"


@flow("the tracking URI is enough: azure-ai-ml is not loaded")
def uri_alone():
    assert "azure.ai.ml" not in sys.modules
    assert any(one.name == "Default" for one in service.search_experiments())


@flow("runs are found by a status in any case, by duration and by creation_time")
def attributes():
    where = experiment()
    good, bad = run(where, seconds=2), run(where, "FAILED", seconds=9)
    for written in ("Failed", "FAILED", "failed"):
        assert found(where, f"attributes.status = '{written}'") == [bad], written
    assert found(where, "attributes.status = 'Finished'") == [good]
    assert found(where, "attributes.duration > '5000'") == [bad]
    assert set(found(where, "attributes.creation_time > '1655717568'")) == {good, bad}
    assert found(where, f"attributes.run_id IN ('{good}')") == [good]
    assert found(where, "attributes.start_time > 1000000") == []


@flow("runs are ordered by attributes")
def ordered():
    where = experiment()
    ids = [run(where, seconds=seconds, run_name=name) for seconds, name in ((2, "b"), (9, "a"), (5, "c"))]
    assert found(where, order_by=["attributes.duration DESC"]) == [ids[1], ids[2], ids[0]]
    assert found(where, order_by=["run_name ASC"]) == [ids[1], ids[0], ids[2]]


@flow("a filter or an order that the service does not know is refused, and never finds nothing")
def unknown():
    where = experiment()
    run(where)
    refused(lambda: found(where, "attributes.state = 'Failed'"), "Invalid attribute key 'state'")
    refused(lambda: found(where, "attributes.status = 'Completed'"), "Invalid value 'Completed'")
    refused(lambda: found(where, "tags.a = 'x' OR tags.a = 'y'"), "we currently do not support OR")
    refused(lambda: found(where, "tags.a LIKE '%x%'"), "Operator 'LIKE' not supported for key type 'Tag'.")
    refused(lambda: found(where, "tags.a != 'x'"), "Operator '!=' not supported for key type 'Tag'.")
    refused(lambda: found(where, "metrics.`f 1` > 0.5"), "Quoted names")
    for order in ("metrics.auc DESC", "params.rate", "tags.a"):
        refused(lambda order=order: found(where, order_by=[order]), "not supported")
    refused(lambda: found(where, order_by=["attributes.state"]), "Invalid attribute key 'state'")


@flow("a table that was logged cannot be loaded: that asks for a tag with LIKE")
def table():
    where = experiment()
    service.log_table(run(where), {"a": [1, 2]}, "table.json")
    refused(lambda: service.load_table(where, "table.json"), "Operator 'LIKE' not supported")


@flow("parameters, metrics: filters on their values; NaN and infinity stay what they are")
def values():
    import math

    where = experiment()
    one, other = run(where), run(where)
    service.log_metric(one, "auc", 0.9)
    service.log_metric(other, "auc", float("nan"))
    service.log_metric(other, "top", float("-inf"))
    service.log_param(one, "kind", "wide")
    assert found(where, "metrics.auc > 0.5 and params.kind LIKE 'w%'") == [one]
    assert found(where, "metrics.auc <= 0.5") == []
    data = service.get_run(other).data.metrics
    assert math.isnan(data["auc"]) and data["top"] == float("-inf")


@flow("steps beyond 2^53 are kept to the last digit")
def steps():
    name = run(experiment())
    asked = [2**53 + 1, 2**53, 2**63 - 1]
    for step in asked:
        service.log_metric(name, "loss", 0.5, step=step)
    assert [one.step for one in service.get_metric_history(name, "loss")] == asked


@flow("limits: 200 parameters, 250 rows of a metric, 50 tags; a batch over one leaves nothing")
def limits():
    name = run(experiment())
    service.log_batch(name, params=[Param(f"p{index}", "1") for index in range(100)])
    service.log_batch(name, params=[Param(f"q{index}", "1") for index in range(100)])
    refused(lambda: service.log_param(name, "more", 1), "FieldName=Parameters, Limit=200, Size=201")
    rows = [Metric("loss", 1.0, 1, step) for step in range(251)]
    refused(lambda: service.log_batch(name, metrics=rows), "FieldName=MetricV2Dto.Value/Count, Limit=250, Size=251")
    assert service.get_metric_history(name, "loss") == []
    service.log_batch(name, metrics=rows[:250])
    for index in range(50):
        service.set_tag(name, f"t{index}", "1")
    refused(lambda: service.set_tag(name, "t50", "1"), "Limit=50, Size=51")
    refused(lambda: service.set_tag(name, "t0", "x" * 1001), "Limit=1000, Size=1001")


@flow("a run without a name gets one of its own; nested runs name the one at the top")
def names():
    where = experiment()
    top = service.create_run(where)
    middle = service.create_run(where, tags={"mlflow.parentRunId": top.info.run_id})
    leaf = service.create_run(where, tags={"mlflow.parentRunId": middle.info.run_id})
    assert len({one.info.run_name for one in (top, middle, leaf)}) == 3
    for one in (top, middle, leaf):
        assert one.data.tags["mlflow.rootRunId"] == top.info.run_id
    assert found(where, f"tags.mlflow.parentRunId = '{top.info.run_id}'") == [middle.info.run_id]


@flow("source tags are lost where a run is created, and kept where they are set")
def source_tags():
    made = service.create_run(experiment(), tags={"mlflow.source.name": "train.py", "mine": "1"})
    assert made.data.tags["mine"] == "1" and "mlflow.source.name" not in made.data.tags
    service.set_tag(made.info.run_id, "mlflow.source.name", "train.py")
    assert service.get_run(made.info.run_id).data.tags["mlflow.source.name"] == "train.py"


@flow("experiments: ordered and filtered; a slash hides one from its name; none is renamed")
def experiments():
    prefix = unique("ordered")
    ids = {name: service.create_experiment(f"{prefix}-{name}") for name in ("b", "a")}
    where = f"name LIKE '{prefix}%'"
    assert [one.name[-1] for one in service.search_experiments(filter_string=where, order_by=["name ASC"])] == ["a", "b"]
    assert [one.name[-1] for one in service.search_experiments(filter_string=where, order_by=["name DESC"])] == ["b", "a"]
    refused(lambda: service.rename_experiment(ids["a"], "other"), "renaming experiments")
    hidden = service.create_experiment(f"{prefix}/c")
    assert service.get_experiment(hidden).name == f"{prefix}/c"
    assert service.get_experiment_by_name(f"{prefix}/c") is None
    assert hidden not in {one.experiment_id for one in service.search_experiments(view_type=ViewType.ALL)}


def registered(count):
    name = unique("strict")
    service.create_registered_model(name)
    for index in range(count):
        service.create_model_version(name, f"azureml://artifacts/ExperimentRun/dcid.r{index}/model", f"r{index}")
    return name


@flow("registered models cannot be searched by this client; their versions can, and are ordered")
def search_models():
    name = registered(3)
    refused(lambda: service.search_registered_models(f"name='{name}'"), "Currently unsupported filter string format")
    versions = service.search_model_versions(f"name='{name}'", order_by=["version_number ASC"])
    assert [str(one.version) for one in versions] == ["1", "2", "3"]
    refused(lambda: service.search_model_versions("tags.a = 'b'"), "unsupported filter")


@flow("the latest version of each stage; aliases show with their version and go with it")
def stages_and_aliases():
    name = registered(3)
    service.transition_model_version_stage(name, "1", "Production")
    service.transition_model_version_stage(name, "2", "Staging")
    latest = service.get_latest_versions(name)
    assert sorted((one.current_stage, str(one.version)) for one in latest) == [
        ("None", "3"),
        ("Production", "1"),
        ("Staging", "2"),
    ]
    service.set_registered_model_alias(name, "champion", "3")
    assert list(service.get_model_version(name, "3").aliases) == ["champion"]
    assert service.get_registered_model(name).aliases == {"champion": "3"}
    service.delete_model_version(name, "3")
    assert service.get_registered_model(name).aliases == {}
    refused(lambda: service.get_model_version_by_alias(name, "champion"), "champion not found")


@flow("models are neither renamed nor deleted whole, and come from Azure ML's own addresses")
def models_stay():
    name = registered(1)
    refused(lambda: service.rename_registered_model(name, unique("other")), "renaming models")
    refused(lambda: service.delete_registered_model(name), "deleting entire model containers")
    refused(lambda: service.create_model_version(name, "s3://bucket/model"), "Model source from file must be")
    assert str(service.get_latest_versions(name)[0].version) == "1"


@flow("artifacts go up and come down, with spaces and signs in their names")
def artifacts():
    files = folder({"a b/c+d.txt": "one", "100%.txt": "two"})
    name = run(experiment())
    service.log_artifacts(name, str(files), "deep/er")
    # By address: MLflow 3 asks for logged models where it is asked by the run.
    place = f"{service.get_run(name).info.artifact_uri}/deep/er"
    listed = mlflow.artifacts.list_artifacts(artifact_uri=place)
    assert sorted(one.path.split("/")[-1] for one in listed) == ["100%.txt", "a b"], [one.path for one in listed]
    local = mlflow.artifacts.download_artifacts(artifact_uri=place, dst_path=str(folder()))
    with open(os.path.join(local, "a b", "c+d.txt")) as file:
        assert file.read() == "one"


@flow("a run that does not exist is told by the service's own body")
def missing():
    error = raises(MlflowException, lambda: service.get_run(unique("nothing")), "'ComponentName': 'mlflow'")
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error.error_code
