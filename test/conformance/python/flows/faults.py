"""What the clients make of throttling, outages, lost connections and operations that are under way: scenarios.yml."""

import time

from azure.ai.ml import command
from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import EnvironmentCredential
from world import client, ended, environment, flow, folder, new_client, raises, unique


def make(name):
    path = folder({"model.txt": "weights"}) / "model.txt"
    return client().models.create_or_update(Model(name=name, version="1", path=path))


@flow("429: the client waits what Retry-After says, and asks again")
def throttled():
    name = unique("throttled")
    made = make(name)
    began = time.monotonic()
    assert client().models.get(name, "1").id == made.id
    assert time.monotonic() - began >= 2, time.monotonic() - began


@flow("429: a client that may not ask again raises HttpResponseError with the service's code")
def overrun():
    impatient = new_client(retry_total=0)
    error = raises(
        HttpResponseError, lambda: impatient.models.get(unique("overrun"), "1"), "SubscriptionRequestsThrottled"
    )
    assert error.status_code == 429 and error.response.headers["Retry-After"] == "1"


@flow("503: the client asks again, and the model is there once")
def unavailable():
    name = unique("unavailable")
    assert make(name).version == "1"
    assert [one.version for one in client().models.list(name=name)] == ["1"]


@flow("a connection that is dropped, before and after the request has counted, is made again")
def dropped():
    name = unique("dropped")
    assert make(name).version == "1"
    assert [one.version for one in client().models.list(name=name)] == ["1"]


@flow("401: a token that has expired is ClientAuthenticationError; a new credential goes on")
def expired():
    # The client asks for no other token by itself, so this one is nobody else's.
    own = new_client_of(EnvironmentCredential(disable_instance_discovery=True))
    name = unique("expired")
    error = raises((ClientAuthenticationError, HttpResponseError), lambda: own.models.get(name, "1"))
    assert error.status_code == 401 and "InvalidAuthenticationToken" in str(error)
    again = new_client_of(EnvironmentCredential(disable_instance_discovery=True))
    raises(ResourceNotFoundError, lambda: again.models.get(name, "1"))


def new_client_of(credential):
    from azure.ai.ml import MLClient
    from world import resource_group, subscription_id, workspace_name

    return MLClient(credential, subscription_id, resource_group, workspace_name)


def deployment(endpoint, name):
    return ManagedOnlineDeployment(
        name=name,
        endpoint_name=endpoint,
        code_configuration=CodeConfiguration(
            code=str(folder({"score.py": "def init(): pass\ndef run(raw): return 1\n"})), scoring_script="score.py"
        ),
        environment=environment(),
        instance_type="Standard_DS2_v2",
        instance_count=1,
    )


@flow("409: a change while something else is under way raises with the service's words; asked again, it is made")
def under_way():
    endpoint = ManagedOnlineEndpoint(name=unique("faulty-a"), auth_mode="key")
    client().online_endpoints.begin_create_or_update(endpoint).wait()
    endpoint.tags = {"asked": "twice"}
    error = raises(
        (ResourceExistsError, HttpResponseError),
        lambda: client().online_endpoints.begin_create_or_update(endpoint),
        "another operation on same entity is already running",
    )
    assert error.status_code == 409
    made = client().online_endpoints.begin_create_or_update(endpoint).result()
    assert made.tags["asked"] == "twice"
    client().online_endpoints.begin_delete(endpoint.name).wait()


@flow("a deployment that never gets healthy fails with ResourceNotReady, and has a log")
def never_healthy():
    name = unique("faulty-b")
    client().online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).wait()
    slow = client().online_deployments.begin_create_or_update(deployment(name, "slow"))
    raises(HttpResponseError, slow.result, "ResourceNotReady", "Liveness probe failed")
    log = client().online_deployments.get_logs(name="slow", endpoint_name=name, lines=10)
    assert "simulated" in log, log
    client().online_endpoints.begin_delete(name).wait()


@flow("a deployment without quota fails with OutOfQuota")
def no_quota():
    name = unique("faulty-c")
    client().online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).wait()
    poor = client().online_deployments.begin_create_or_update(deployment(name, "poor"))
    raises(HttpResponseError, poor.result, "OutOfQuota", "CPU quota")
    assert client().online_deployments.get("poor", name).provisioning_state == "Failed"
    client().online_endpoints.begin_delete(name).wait()


@flow("a job whose image cannot be built fails, and streaming it says why")
def no_image():
    from azure.ai.ml.exceptions import JobException

    job = client().jobs.create_or_update(
        command(command="true", display_name=unique("unbuilt"), environment=environment(), compute="cpu-cluster")
    )
    assert ended(job.name).status == "Failed"
    raises(JobException, lambda: client().jobs.stream(job.name), "Image build failed")
