"""Workspace, datastores and computes, as MLClient reads them."""

from azure.ai.ml.entities import (
    AccountKeyConfiguration,
    AmlCompute,
    AzureBlobDatastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    ComputeInstance,
    KubernetesCompute,
    SasTokenConfiguration,
    ServicePrincipalConfiguration,
)
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


@flow("datastores of other kinds, each with its credential; the secret is shown to who asks for it")
def kinds_of_datastores():
    guid = "11111111-1111-1111-1111-111111111111"
    principal = ServicePrincipalConfiguration(tenant_id=guid, client_id=guid, client_secret="no-real-secret")
    key = AccountKeyConfiguration(account_key="bm8tcmVhbC1rZXktYXQtYWxs")
    sas = SasTokenConfiguration(sas_token="sv=2022&sig=no-real-signature")
    for made in (
        AzureFileDatastore(name=unique("share").replace("-", "_"), account_name="a", file_share_name="s", credentials=key),
        AzureBlobDatastore(name=unique("blob").replace("-", "_"), account_name="a", container_name="c", credentials=sas),
        AzureDataLakeGen2Datastore(
            name=unique("lake").replace("-", "_"), account_name="a", filesystem="f", credentials=principal
        ),
    ):
        client().datastores.create_or_update(made)
        plain = client().datastores.get(made.name)
        assert plain.type == made.type and plain.credentials.type == made.credentials.type
        for secret in ("account_key", "sas_token", "client_secret"):
            assert not getattr(plain.credentials, secret, None)
            given = getattr(made.credentials, secret, None)
            if given:
                full = client().datastores.get(made.name, include_secrets=True)
                assert getattr(full.credentials, secret) == given
        client().datastores.delete(made.name)


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


@flow("an instance is created, stopped and started")
def instance():
    name = unique("ci")
    made = client().compute.begin_create_or_update(ComputeInstance(name=name, size="Standard_DS3_v2")).result()
    assert (made.type, made.state) == ("computeinstance", "Running")
    client().compute.begin_stop(name).wait()
    assert client().compute.get(name).state == "Stopped"
    client().compute.begin_start(name).wait()
    assert client().compute.get(name).state == "Running"
    client().compute.begin_delete(name).wait()


@flow("a Kubernetes cluster is attached and detached")
def attached():
    name = unique("k8s")
    cluster = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.ContainerService/managedClusters/k1"
    client().compute.begin_create_or_update(
        KubernetesCompute(name=name, resource_id=cluster, namespace="learning")
    ).result()
    got = client().compute.get(name)
    assert (got.type, got.namespace, got.resource_id) == ("kubernetes", "learning", cluster)
    client().compute.begin_delete(name, action="Detach").wait()
    raises(ResourceNotFoundError, lambda: client().compute.get(name))


@flow("a compute that does not exist is ResourceNotFoundError")
def missing_compute():
    raises(ResourceNotFoundError, lambda: client().compute.get("no-such-cluster"))
