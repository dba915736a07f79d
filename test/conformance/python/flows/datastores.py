"""Workspace, datastores and computes, as MLClient reads them."""

from azure.ai.ml.entities import AmlCompute, AzureBlobDatastore
from azure.core.exceptions import ResourceNotFoundError
from world import client, flow, raises, resource_group, unique, workspace_id, workspace_name


@flow("read the workspace")
def read_workspace():
    workspace = client().workspaces.get(workspace_name)
    assert workspace.id == workspace_id
    assert workspace.location == "eastus2"
    assert workspace.mlflow_tracking_uri.startswith("azureml://")
    assert workspace.storage_account.endswith("/storageAccounts/stor1")


@flow("list the workspaces of the resource group")
def list_workspaces():
    assert [one.name for one in client().workspaces.list()] == [workspace_name]
    assert client().resource_group_name == resource_group


@flow("list the datastores")
def list_datastores():
    names = {one.name for one in client().datastores.list()}
    assert {"workspaceblobstore", "workspaceartifactstore", "workspacefilestore", "workspaceworkingdirectory"} <= names


@flow("get the default datastore, with and without its secret")
def default_datastore():
    default = client().datastores.get_default()
    assert default.name == "workspaceblobstore"
    assert default.account_name == "stor1"
    with_secret = client().datastores.get_default(include_secrets=True)
    secret = with_secret.credentials
    assert getattr(secret, "account_key", None) or secret.sas_token


@flow("create a blob datastore, get it, delete it")
def create_datastore():
    name = unique("store").replace("-", "_")
    made = client().datastores.create_or_update(
        AzureBlobDatastore(name=name, description="mine", account_name="stor1", container_name="mine")
    )
    assert made.name == name
    got = client().datastores.get(name)
    assert (got.container_name, got.description) == ("mine", "mine")
    client().datastores.delete(name)
    raises(ResourceNotFoundError, lambda: client().datastores.get(name))


@flow("list the computes and get one")
def computes():
    names = [one.name for one in client().compute.list()]
    assert "cpu-cluster" in names
    cluster = client().compute.get("cpu-cluster")
    assert cluster.type == "amlcompute"
    assert cluster.provisioning_state == "Succeeded"
    assert cluster.max_instances >= 1


@flow("create a cluster, see it, scale it, delete it")
def create_compute():
    name = unique("cluster")
    made = client().compute.begin_create_or_update(
        AmlCompute(name=name, size="Standard_DS3_v2", min_instances=0, max_instances=2)
    ).result()
    assert (made.name, made.max_instances) == (name, 2)
    made.max_instances = 4
    assert client().compute.begin_update(made).result().max_instances == 4
    assert name in [one.name for one in client().compute.list(compute_type="amlcompute")]
    client().compute.begin_delete(name).wait()
    raises(ResourceNotFoundError, lambda: client().compute.get(name))


@flow("a compute that does not exist is ResourceNotFoundError")
def missing_compute():
    raises(ResourceNotFoundError, lambda: client().compute.get("no-such-cluster"))
