"""Connections of the workspace, as MLClient makes and reads them, and what comes over them."""

from azure.ai.ml.entities import (
    ApiKeyConfiguration,
    DataImport,
    PatTokenConfiguration,
    UsernamePasswordConfiguration,
    WorkspaceConnection,
)
from azure.ai.ml.data_transfer import Database
from azure.core.exceptions import ResourceNotFoundError
from world import client, flow, raises, unique


def git(name, repository="models", credentials=None):
    return WorkspaceConnection(
        name=name,
        type="git",
        target=f"https://github.com/contoso/{repository}",
        credentials=credentials or PatTokenConfiguration(pat="not-a-real-token"),
        metadata={"team": "a"},
    )


@flow("create a connection, get it without its secret, list it, delete it")
def create_connection():
    name = unique("conn")
    made = client().connections.create_or_update(git(name))
    assert (made.name, made.type, made.target) == (name, "git", "https://github.com/contoso/models")
    got = client().connections.get(name)
    assert got.metadata["team"] == "a"
    assert getattr(got.credentials, "pat", None) is None
    assert name in [one.name for one in client().connections.list(connection_type="git")]
    assert name not in [one.name for one in client().connections.list(connection_type="snowflake")]
    client().connections.delete(name)
    raises(ResourceNotFoundError, lambda: client().connections.get(name))


@flow("give a connection another target and another way to sign in")
def update_connection():
    name = unique("conn")
    client().connections.create_or_update(git(name))
    password = UsernamePasswordConfiguration(username="somebody", password="not-a-real-password")
    client().connections.create_or_update(git(name, "others", password))
    assert client().connections.get(name).target == "https://github.com/contoso/others"
    client().connections.delete(name)


@flow("get a connection with its API key")
def connection_with_key():
    name = unique("conn")
    made = WorkspaceConnection(
        name=name,
        type="api_key",
        target="https://api.contoso.com",
        credentials=ApiKeyConfiguration(key="not-a-real-api-key"),
    )
    client().connections.create_or_update(made)
    assert client().connections.get(name).credentials.key is None
    assert client().connections.get(name, populate_secrets=True).credentials.key == "not-a-real-api-key"
    client().connections.delete(name)


@flow("import data over a connection")
def import_data():
    name = unique("imported")
    job = client().data.import_data(
        DataImport(
            name=name,
            type="mltable",
            path="azureml://datastores/workspaceblobstore/paths/imported/${{name}}",
            source=Database(connection="azureml:my_database", query="select * from readings"),
        )
    )
    assert job.display_name == f"data_import_{name}"
    assert client().jobs.get(job.name).properties["azureml.materializationAssetName"] == name
