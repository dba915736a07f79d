"""The management plane's own client (azure-mgmt-machinelearningservices): every list and get that it has, and what it writes."""

import inspect
import os
import time

from azure.core.exceptions import HttpResponseError
from world import credential, flow, raises, resource_group, subscription_id, unique, workspace_name

#: What stands for a path's names; none of these is there, so that a get is answered with a 404 that can be read.
NAMES = {
    "resource_group_name": resource_group,
    "workspace_name": workspace_name,
    "location": "eastus2",
    "registry_name": "no-registry",
    "compute_name": "cpu-cluster",
}


def management():
    from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient

    arm = os.environ["ARM_CLOUD_METADATA_URL"].split("/metadata/")[0]
    return MachineLearningServicesMgmtClient(
        credential(), subscription_id, base_url=arm, credential_scopes=[f"{arm}/.default"]
    )


def reads(client):
    """(name, function, arguments) of every operation that only reads, as the client declares them."""
    for group_name, group in sorted(vars(client).items()):
        if not type(group).__name__.endswith("Operations"):
            continue
        for name, work in inspect.getmembers(group, inspect.ismethod):
            if not (name == "get" or name.startswith(("list", "get_"))):
                continue
            needed = [
                one.name
                for one in inspect.signature(work).parameters.values()
                if one.default is inspect.Parameter.empty and one.kind is one.POSITIONAL_OR_KEYWORD
            ]
            yield f"{group_name}.{name}", work, needed


@flow("every list and get is answered, and none by 501")
def every_read():
    asked, unbuilt, broken = 0, [], []
    for name, work, needed in reads(management()):
        # A body is no name.
        if any(one in ("body", "parameters") for one in needed):
            continue
        arguments = {one: NAMES.get(one, "no-such-thing") for one in needed}
        asked += 1
        try:
            answer = work(**arguments)
            if hasattr(answer, "by_page"):
                list(answer)
        except HttpResponseError as error:
            if error.status_code == 501:
                unbuilt.append(name)
            elif error.status_code not in (400, 404):
                broken.append(f"{name}: {error.status_code}")
    assert asked >= 80, asked
    assert not broken, broken
    assert not unbuilt, unbuilt


@flow("a cluster is made, its scale changed by PATCH, and deleted")
def cluster():
    from azure.mgmt.machinelearningservices import models

    compute = management().compute
    where = (resource_group, workspace_name, unique("mc"))
    own = models.AmlComputeProperties(
        vm_size="Standard_DS3_v2", scale_settings=models.ScaleSettings(max_node_count=2, min_node_count=0)
    )
    resource = models.ComputeResource(location="eastus2", properties=models.AmlCompute(properties=own))
    compute.begin_create_or_update(*where, resource, polling_interval=0.2).result()
    scale = models.ScaleSettingsInformation(scale_settings=models.ScaleSettings(max_node_count=5))
    # The service answers 202 (recorded), and this client takes 200 alone: it raises, and the change is made all the same.
    change = models.ClusterUpdateParameters(properties=scale)
    raises(HttpResponseError, lambda: compute.begin_update(*where, change), "Accepted")
    until = time.monotonic() + 60
    while compute.get(*where).properties.provisioning_state != "Succeeded":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert compute.get(*where).properties.properties.scale_settings.max_node_count == 5
    compute.begin_delete(*where, underlying_resource_action="Delete", polling_interval=0.2).result()


@flow("an online endpoint and a batch endpoint are made, tagged by PATCH, and deleted")
def endpoints():
    from azure.mgmt.machinelearningservices import models

    client = management()
    online, batch = unique("mo"), unique("mb")
    made = models.OnlineEndpoint(location="eastus2", properties=models.OnlineEndpointProperties(auth_mode="AADToken"))
    client.online_endpoints.begin_create_or_update(
        resource_group, workspace_name, online, made, polling_interval=0.2
    ).result()
    tags = models.PartialMinimalTrackedResourceWithIdentity(tags={"key": "value"})
    client.online_endpoints.begin_update(resource_group, workspace_name, online, tags, polling_interval=0.2).result()
    assert client.online_endpoints.get(resource_group, workspace_name, online).tags == {"key": "value"}
    keys = client.online_endpoints.list_keys(resource_group, workspace_name, online)
    assert (keys.primary_key, keys.secondary_key) == (None, None)
    assert client.online_endpoints.get_token(resource_group, workspace_name, online).access_token
    named = client.online_endpoints.list(resource_group, workspace_name, name=online)
    assert [one.name for one in named] == [online]
    client.online_endpoints.begin_delete(resource_group, workspace_name, online, polling_interval=0.2).result()
    made = models.BatchEndpoint(location="eastus2", properties=models.BatchEndpointProperties(auth_mode="AADToken"))
    client.batch_endpoints.begin_create_or_update(
        resource_group, workspace_name, batch, made, polling_interval=0.2
    ).result()
    client.batch_endpoints.begin_update(resource_group, workspace_name, batch, tags, polling_interval=0.2).result()
    assert client.batch_endpoints.get(resource_group, workspace_name, batch).tags == {"key": "value"}


@flow("a workspace is made beside the cloud's own, and deleted")
def workspace():
    from azure.mgmt.machinelearningservices import models

    workspaces = management().workspaces
    name = unique("mw")
    made = workspaces.begin_create_or_update(
        resource_group,
        name,
        models.Workspace(location="eastus2", friendly_name="Second", tags={"a": "b"}),
        polling_interval=0.2,
    ).result()
    assert (made.friendly_name, made.tags) == ("Second", {"a": "b"})
    assert name in [one.name for one in workspaces.list_by_resource_group(resource_group)]
    workspaces.begin_delete(resource_group, name, polling_interval=0.2).result()
    assert name not in [one.name for one in workspaces.list_by_resource_group(resource_group)]
