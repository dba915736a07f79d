"""Environments: images, conda files and build contexts."""

from azure.ai.ml.constants import ListViewType
from azure.ai.ml.entities import BuildContext, Environment
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from world import client, flow, folder, raises, unique


@flow("create from an image and a conda file; the conda file comes back as data")
def conda():
    name = unique("conda")
    path = folder({"conda.yml": "name: mine\nchannels: [conda-forge]\ndependencies:\n  - python=3.10\n  - pip:\n      - mlflow\n"})
    made = client().environments.create_or_update(
        Environment(name=name, version="1", image="mcr.microsoft.com/x", conda_file=str(path / "conda.yml"), tags={"a": "b"})
    )
    assert (made.name, made.version) == (name, "1")
    got = client().environments.get(name, "1")
    assert got.image == "mcr.microsoft.com/x"
    assert got.conda_file["dependencies"] == ["python=3.10", {"pip": ["mlflow"]}]
    assert got.tags == {"a": "b"}
    assert got.os_type == "Linux"


@flow("create from a build context; the context is uploaded")
def build():
    path = folder({"Dockerfile": "FROM scratch\n", "requirements.txt": "x\n"})
    made = client().environments.create_or_update(
        Environment(name=unique("build"), version="1", build=BuildContext(path=str(path), dockerfile_path="Dockerfile"))
    )
    got = client().environments.get(made.name, "1")
    assert got.build.dockerfile_path == "Dockerfile"
    assert got.build.path.startswith("https://stor1.blob.")
    assert got.image is None


@flow("without a version the service counts on, and latest is the last")
def counts():
    name = unique("counted")
    versions = [
        client().environments.create_or_update(Environment(name=name, image=f"mcr.microsoft.com/x:{tag}")).version
        for tag in ("a", "b")
    ]
    assert versions == ["1", "2"], versions
    assert client().environments.get(name, label="latest").image == "mcr.microsoft.com/x:b"


@flow("list, archive, restore")
def listed():
    name = unique("listed")
    for version in ("1", "2"):
        client().environments.create_or_update(Environment(name=name, version=version, image="mcr.microsoft.com/x"))
    assert [one.version for one in client().environments.list(name=name)] == ["2", "1"]
    assert name in [one.name for one in client().environments.list()]
    client().environments.archive(name, version="2")
    assert [one.version for one in client().environments.list(name=name)] == ["1"]
    archived = client().environments.list(name=name, list_view_type=ListViewType.ARCHIVED_ONLY)
    assert [one.version for one in archived] == ["2"]
    client().environments.restore(name, version="2")
    assert len(list(client().environments.list(name=name))) == 2


@flow("another definition for an existing version is refused, the same is not")
def immutable():
    name = unique("fixed")
    make = lambda image: client().environments.create_or_update(Environment(name=name, version="1", image=image))
    make("mcr.microsoft.com/x:a")
    make("mcr.microsoft.com/x:a")
    raises(ResourceExistsError, lambda: make("mcr.microsoft.com/x:b"), "already registered")
    assert client().environments.get(name, "1").image == "mcr.microsoft.com/x:a"


@flow("a whole container is archived and restored")
def archive_container():
    name = unique("container")
    client().environments.create_or_update(Environment(name=name, version="1", image="mcr.microsoft.com/x"))
    client().environments.archive(name)
    assert name not in [one.name for one in client().environments.list()]
    client().environments.restore(name)
    assert name in [one.name for one in client().environments.list()]


@flow("an environment that does not exist is ResourceNotFoundError")
def missing():
    raises(ResourceNotFoundError, lambda: client().environments.get(unique("nothing"), "1"))
