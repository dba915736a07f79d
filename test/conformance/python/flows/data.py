"""Data assets: files that are uploaded, named, listed, archived and never changed in place."""

import hashlib

from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Data
from azure.ai.ml.exceptions import MlException
from azure.core.exceptions import ResourceNotFoundError
from world import client, flow, folder, new_client, raises, unique


def make(name, version="1", files=None, **more):
    path = folder(files or {"a.csv": "x,y\n1,2\n"})
    return client().data.create_or_update(
        Data(name=name, version=version, path=str(path), type=AssetTypes.URI_FOLDER, **more)
    )


@flow("create a folder asset from local files and get it")
def create():
    name = unique("table")
    made = make(name, description="a table", tags={"team": "risk"})
    assert (made.name, made.version, made.type) == (name, "1", "uri_folder")
    got = client().data.get(name, "1")
    assert got.description == "a table"
    assert got.tags == {"team": "risk"}
    assert "/datastores/workspaceblobstore/paths/LocalUpload/" in got.path
    assert got.path.endswith("/")
    assert got.creation_context.created_at


@flow("create a file asset; its path names the file")
def create_file():
    name = unique("file")
    path = folder({"rows.csv": "1\n"}) / "rows.csv"
    made = client().data.create_or_update(Data(name=name, version="1", path=str(path), type=AssetTypes.URI_FILE))
    assert made.path.endswith("/rows.csv")


@flow("without a version the service counts on")
def counts():
    name = unique("counted")
    first = make(name, version=None)
    second = make(name, version=None, files={"b.csv": "2"})
    assert (first.version, second.version) == ("1", "2")


@flow("latest is what was created last")
def latest():
    name = unique("latest")
    make(name, "7")
    make(name, "3", files={"b.csv": "later"})
    assert client().data.get(name, label="latest").version == "3"


@flow("list names, and the versions of one")
def listed():
    name = unique("listed")
    make(name, "1")
    make(name, "2", files={"b.csv": "b"})
    assert [one.version for one in client().data.list(name=name)] == ["2", "1"]
    assert name in [one.name for one in client().data.list()]


@flow("an archived version is left out, and comes back")
def archive():
    name = unique("archived")
    make(name, "1")
    make(name, "2", files={"b.csv": "b"})
    client().data.archive(name, version="2")
    assert [one.version for one in client().data.list(name=name)] == ["1"]
    from azure.ai.ml.constants import ListViewType

    archived = client().data.list(name=name, list_view_type=ListViewType.ARCHIVED_ONLY)
    assert [one.version for one in archived] == ["2"]
    client().data.restore(name, version="2")
    assert [one.version for one in client().data.list(name=name)] == ["2", "1"]


@flow("a whole container is archived and restored")
def archive_container():
    name = unique("container")
    make(name)
    client().data.archive(name)
    assert name not in [one.name for one in client().data.list()]
    client().data.restore(name)
    assert name in [one.name for one in client().data.list()]


@flow("another path for an existing version is refused")
def immutable():
    name = unique("fixed")
    make(name, "1")
    raises(Exception, lambda: make(name, "1", files={"other.csv": "other"}), "Asset paths cannot be updated")


@flow("tags and description of an existing version can change")
def retag():
    name = unique("retagged")
    made = make(name, "1")
    made.tags = {"stage": "prod"}
    made.description = "better"
    client().data.create_or_update(made)
    got = client().data.get(name, "1")
    assert (got.tags, got.description) == ({"stage": "prod"}, "better")


@flow("a data asset that does not exist is ResourceNotFoundError")
def missing():
    raises(ResourceNotFoundError, lambda: client().data.get("nothing", "1"), "not found")
    raises(MlException, lambda: client().data.get(unique("nothing"), label="latest"), "does not exist in workspace ws1")


@flow("a mltable folder is read, checked and referenced")
def mltable():
    name = unique("mltable")
    path = folder(
        {
            "MLTable": "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited:\n      delimiter: ','\n",
            "rows.csv": "a,b\n1,2\n",
        }
    )
    made = client().data.create_or_update(Data(name=name, version="1", path=str(path), type=AssetTypes.MLTABLE))
    assert made.type == "mltable"
    assert client().data.get(name, "1").type == "mltable"


@flow("ignore files keep out what they name")
def ignored():
    name = unique("ignored")
    made = make(
        name,
        files={".amlignore": "*.log\nsecret/\n", "keep.csv": "1", "noise.log": "x", "secret/key.txt": "x"},
    )
    blobs = uploaded(made.path)
    assert blobs == [".amlignore", "keep.csv"], blobs


@flow("a .gitignore counts, and an .amlignore beside it counts in its place")
def ignored_by_git():
    files = {"keep.csv": "1", "noise.log": "x", "notes.txt": "y"}
    by_git = make(unique("ignored"), files={**files, ".gitignore": "*.log\n"})
    assert uploaded(by_git.path) == [".gitignore", "keep.csv", "notes.txt"]
    by_both = make(unique("ignored"), files={**files, ".gitignore": "*.log\n", ".amlignore": "*.txt\n"})
    assert uploaded(by_both.path) == [".amlignore", ".gitignore", "keep.csv", "noise.log"]


@flow("the same content is uploaded once, whoever comes with it")
def reuse():
    content = {"a.csv": unique("content")}
    path = folder(content)
    one = client().data.create_or_update(
        Data(name=unique("one"), version="1", path=str(path), type=AssetTypes.URI_FOLDER)
    )
    other = new_client().data.create_or_update(
        Data(name=unique("other"), version="1", path=str(path), type=AssetTypes.URI_FOLDER)
    )
    assert one.path == other.path


@flow("2,000 files are uploaded, all of them")
def many():
    files = {f"part-{index % 20}/{index}.txt": str(index) for index in range(2000)}
    made = make(unique("many"), files=files)
    found = uploaded(made.path)
    assert len(found) == 2000
    digest = hashlib.sha256("\n".join(found).encode()).hexdigest()
    assert digest == hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()


@flow("a reference to a datastore is kept as it is")
def reference():
    name = unique("referred")
    made = client().data.create_or_update(
        Data(name=name, version="1", type="uri_file", path="azureml://datastores/workspaceblobstore/paths/some/x.csv")
    )
    assert made.path.endswith("/datastores/workspaceblobstore/paths/some/x.csv")


@flow("an empty folder and a missing one are refused before anything is sent")
def empty():
    raises(Exception, lambda: make(unique("empty"), files={".amlignore": "*"}))
    raises(
        Exception,
        lambda: client().data.create_or_update(
            Data(name=unique("gone"), version="1", path="/no/such/folder", type="uri_folder")
        ),
    )


def uploaded(path):
    """Names below a data asset's path, read with the storage client and the datastore's own secret."""
    from azure.storage.blob import ContainerClient

    store = client().datastores.get_default(include_secrets=True)
    container = ContainerClient(
        f"https://{store.account_name}.blob.{store.endpoint}",
        store.container_name,
        credential=getattr(store.credentials, "account_key", None) or store.credentials.sas_token,
    )
    prefix = path.split("/paths/")[1]
    return sorted(name[len(prefix) :] for name in container.list_blob_names(name_starts_with=prefix))


