"""Models: registered from files and from jobs, listed, archived, downloaded, never changed in place."""

from azure.ai.ml import Output
from azure.ai.ml.constants import AssetTypes, ListViewType
from azure.ai.ml.entities import Model
from azure.core.exceptions import ResourceNotFoundError
from world import client, flow, folder, raises, run_command, unique


def make(name, version="1", files=None, type=AssetTypes.CUSTOM_MODEL, **more):
    path = folder(files or {"model.bin": unique("weights")})
    return client().models.create_or_update(Model(name=name, version=version, path=str(path), type=type, **more))


@flow("register a folder and get it")
def create():
    name = unique("model")
    made = make(name, description="first", tags={"a": "b"}, properties={"auc": "0.9"}, stage="Development")
    assert (made.name, made.version, made.type) == (name, "1", "custom_model")
    got = client().models.get(name, "1")
    assert (got.description, got.tags, got.properties["auc"]) == ("first", {"a": "b"}, "0.9")
    assert got.stage == "Development"
    assert "/datastores/workspaceblobstore/paths/LocalUpload/" in got.path


@flow("without a version the service counts on, and latest is the last")
def counts():
    name = unique("counted")
    assert [make(name, None).version for _ in range(3)] == ["1", "2", "3"]
    assert client().models.get(name, label="latest").version == "3"


@flow("an MLflow model shows the flavors of its MLmodel file")
def flavors():
    mlmodel = "flavors:\n  python_function:\n    loader_module: mine\n    python_version: 3.11.7\nmodel_uuid: 1\n"
    name = unique("mlflow-model")
    make(name, type=AssetTypes.MLFLOW_MODEL, files={"MLmodel": mlmodel})
    assert "python_function" in client().models.get(name, "1").flavors


@flow("list models, by name and by stage; archive and restore")
def listed():
    name = unique("listed")
    make(name, "1", stage="Production")
    make(name, "2", stage="Development")
    assert [one.version for one in client().models.list(name=name)] == ["2", "1"]
    assert [one.version for one in client().models.list(name=name, stage="Production")] == ["1"]
    assert name in [one.name for one in client().models.list()]
    client().models.archive(name, version="1")
    assert [one.version for one in client().models.list(name=name)] == ["2"]
    archived = client().models.list(name=name, list_view_type=ListViewType.ARCHIVED_ONLY)
    assert [one.version for one in archived] == ["1"]
    client().models.restore(name, version="1")
    assert len(list(client().models.list(name=name))) == 2


@flow("other files for an existing version are refused")
def immutable():
    name = unique("fixed")
    make(name)
    raises(Exception, lambda: make(name), "Asset paths cannot be updated")


@flow("tags, stage and description of an existing version can change")
def retag():
    name = unique("retagged")
    made = make(name)
    made.tags["approved"] = "yes"
    made.stage = "Production"
    client().models.create_or_update(made)
    got = client().models.get(name, "1")
    assert (got.tags, got.stage) == ({"approved": "yes"}, "Production")


@flow("download a model")
def download():
    name = unique("downloaded")
    make(name, files={"weights/a.txt": "one", "b.txt": "two"})
    target = folder()
    client().models.download(name, "1", download_path=str(target))
    found = {path.name: path.read_text() for path in target.rglob("*") if path.is_file()}
    assert found == {"a.txt": "one", "b.txt": "two"}


@flow("register a job's output and download it")
def from_job():
    job = run_command(
        "mkdir -p ${{outputs.model}} && echo trained > ${{outputs.model}}/weights.txt",
        outputs={"model": Output(type="custom_model")},
    )
    assert job.status == "Completed"
    name = unique("from-job")
    made = client().models.create_or_update(
        Model(name=name, path=f"azureml://jobs/{job.name}/outputs/model", type="custom_model")
    )
    assert made.version == "1"
    assert client().models.get(name, "1").job_name == job.name
    target = folder()
    client().models.download(name, "1", download_path=str(target))
    assert [path.read_text() for path in target.rglob("weights.txt")] == ["trained\n"]


@flow("an output with a name becomes a model version when the job completes")
def named_output():
    name = unique("output-model")
    job = run_command(
        "echo x > ${{outputs.model}}/weights.txt",
        outputs={"model": Output(type="custom_model", name=name, version="5")},
    )
    assert job.status == "Completed"
    assert client().models.get(name, "5").type == "custom_model"


@flow("a model that does not exist is ResourceNotFoundError")
def missing():
    raises(ResourceNotFoundError, lambda: client().models.get(unique("nothing"), "1"))
