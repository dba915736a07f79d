"""Registries: created, and assets in them: made, shared from the workspace, listed, downloaded, used by jobs."""

import functools

from azure.ai.ml import Input, MLClient, Output, command, dsl
from azure.ai.ml.entities import Data, Environment, Model, Registry
from azure.ai.ml.entities._registry.registry_support_classes import (
    RegistryRegionDetails,
    SystemCreatedAcrAccount,
    SystemCreatedStorageAccount,
)
from azure.core.exceptions import ResourceNotFoundError
from world import client, credential, ended, environment, flow, folder, raises, resource_group, subscription_id, unique


def create(name):
    return (
        client()
        .registries.begin_create(
            Registry(
                name=name,
                location="eastus2",
                tags={"a": "b"},
                replication_locations=[
                    RegistryRegionDetails(
                        location="eastus2",
                        acr_config=[SystemCreatedAcrAccount(acr_account_sku="Premium")],
                        storage_config=SystemCreatedStorageAccount(
                            storage_account_hns=False, storage_account_type="Standard_LRS"
                        ),
                    )
                ],
            )
        )
        .result()
    )


@functools.lru_cache(maxsize=None)
def registry_name():
    return create(unique("registry").replace("-", "")).name


@functools.lru_cache(maxsize=None)
def registry():
    return MLClient(credential(), subscription_id, resource_group, registry_name=registry_name())


def model(name, version="1", content="weights"):
    return registry().models.create_or_update(
        Model(name=name, version=version, path=str(folder({"model.bin": content})), type="custom_model")
    )


@flow("create a registry, get it, list it, delete it")
def resource():
    name = unique("registry").replace("-", "")
    made = create(name)
    assert made.name == name and made.tags == {"a": "b"}
    got = client().registries.get(name)
    assert got.location == "eastus2" and got.discovery_url.endswith(f"/registries/{name}/discovery")
    assert name in [one.name for one in client().registries.list()]
    client().registries.begin_delete(name=name).wait()
    raises(ResourceNotFoundError, lambda: client().registries.get(name))


@flow("a model is uploaded to a registry, read, listed, downloaded")
def models():
    name = unique("model")
    made = model(name)
    assert made.id == f"azureml://registries/{registry_name()}/models/{name}/versions/1"
    got = registry().models.get(name, "1")
    assert got.type == "custom_model" and got.path.startswith("https://")
    assert [one.version for one in registry().models.list(name=name)] == ["1"]
    assert name in [one.name for one in registry().models.list()]
    model(name, "2", "better")
    assert registry().models.get(name, label="latest").version == "2"
    target = folder()
    registry().models.download(name, "2", download_path=str(target))
    assert next(target.rglob("model.bin")).read_text() == "better"


@flow("data in a registry, as an input of a job")
def data():
    name = unique("data")
    made = registry().data.create_or_update(
        Data(name=name, version="1", path=str(folder({"a.txt": "shared"})), type="uri_folder")
    )
    assert made.id == f"azureml://registries/{registry_name()}/data/{name}/versions/1"
    assert registry().data.get(name, "1").path.startswith("https://")
    job = command(
        command="test $(cat ${{inputs.x}}/a.txt) = shared",
        environment=environment(),
        compute="cpu-cluster",
        inputs={"x": Input(type="uri_folder", path=made.id)},
    )
    assert ended(client().jobs.create_or_update(job).name).status == "Completed"


@flow("an environment in a registry, as that of a job")
def environments():
    name = unique("env")
    made = registry().environments.create_or_update(Environment(name=name, version="1", image="mcr.microsoft.com/x"))
    assert made.id.endswith(f"/environments/{name}/versions/1")
    assert registry().environments.get(name, "1").image == "mcr.microsoft.com/x"
    job = command(command="true", environment=made.id, compute="cpu-cluster")
    assert ended(client().jobs.create_or_update(job).name).status == "Completed"


@flow("a component with code in a registry, as a step of a workspace's pipeline")
def components():
    name = unique("component").replace("-", "_")
    env = registry().environments.create_or_update(
        Environment(name=unique("env"), version="1", image="mcr.microsoft.com/x")
    )
    built = command(
        name=name,
        command="python main.py ${{inputs.word}} > ${{outputs.out}}/said.txt",
        code=str(folder({"main.py": "import sys\nprint(sys.argv[1])\n"})),
        environment=env.id,
        inputs={"word": Input(type="string", default="hello")},
        outputs={"out": Output(type="uri_folder")},
    ).component
    registry().components.create_or_update(built, version="1")
    got = registry().components.get(name, "1")
    assert got.id == f"azureml://registries/{registry_name()}/components/{name}/versions/1"

    @dsl.pipeline
    def using():
        said = got(word=unique("word"))

    pipeline = using()
    pipeline.settings.default_compute = "cpu-cluster"
    job = client().jobs.create_or_update(pipeline)
    assert ended(job.name).status == "Completed"
    (child,) = client().jobs.list(parent_job_name=job.name)
    target = folder()
    client().jobs.download(child.name, download_path=str(target), output_name="out")
    assert next(target.rglob("said.txt")).read_text().startswith("word-")


@flow("share a model, data and an environment of the workspace")
def share():
    name = unique("shared")
    client().models.create_or_update(Model(name=name, version="1", path=str(folder({"m.bin": "m"}))))
    client().models.share(name, "1", share_with_name=name, share_with_version="7", registry_name=registry_name())
    assert registry().models.get(name, "7").type == "custom_model"
    client().data.create_or_update(Data(name=name, version="1", path=str(folder({"d.txt": "d"})), type="uri_folder"))
    client().data.share(name, "1", share_with_name=name, share_with_version="8", registry_name=registry_name())
    assert registry().data.get(name, "8").type == "uri_folder"
    client().environments.create_or_update(Environment(name=name, version="1", image="mcr.microsoft.com/x"))
    client().environments.share(name, "1", share_with_name=name, share_with_version="9", registry_name=registry_name())
    assert registry().environments.get(name, "9").image == "mcr.microsoft.com/x"


@flow("a registry and an asset in it that do not exist")
def missing():
    raises(Exception, lambda: MLClient(credential(), registry_name=unique("nothing")).models.get("x", "1"))
    raises(ResourceNotFoundError, lambda: registry().models.get(unique("nothing"), "1"))
