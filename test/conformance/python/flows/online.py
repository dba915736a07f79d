"""Managed online endpoints: created, deployed to, shared out, called with key and token, and taken down."""

import json

from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from world import client, flow, folder, raises, unique

score = """import json, os
def init():
    global factor
    root = os.environ["AZUREML_MODEL_DIR"]
    path = next(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names if name == "factor.txt")
    factor = float(open(path).read())
    print("init done with", factor)
def run(raw):
    values = json.loads(raw)["values"]
    print("scoring", len(values))
    return [value * factor for value in values]
"""


def endpoint(auth_mode="key", **more):
    name = unique("ep")
    made = client().online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=name, auth_mode=auth_mode, **more)
    ).result()
    assert made.provisioning_state == "Succeeded"
    return name


def deploy(endpoint_name, name, factor="2", script=score, **more):
    root = folder({"src/score.py": script, "model/factor.txt": factor})
    return client().online_deployments.begin_create_or_update(
        ManagedOnlineDeployment(
            name=name,
            endpoint_name=endpoint_name,
            model=Model(path=str(root / "model")),
            code_configuration=CodeConfiguration(code=str(root / "src"), scoring_script="score.py"),
            environment=Environment(image="mcr.microsoft.com/azureml/inference"),
            instance_type="Standard_DS3_v2",
            instance_count=1,
            **more,
        )
    ).result()


def share(endpoint_name, mirror=None, **traffic):
    got = client().online_endpoints.get(endpoint_name)
    got.traffic = traffic
    got.mirror_traffic = mirror or {}
    return client().online_endpoints.begin_create_or_update(got).result()


def call(endpoint_name, values=(1, 2), **more):
    request = folder({"request.json": json.dumps({"values": list(values)})}) / "request.json"
    return json.loads(client().online_endpoints.invoke(endpoint_name, request_file=str(request), **more))


def delete(name):
    client().online_endpoints.begin_delete(name).wait()


@flow("create, deploy, take the traffic, call with a key, delete")
def whole_story():
    name = endpoint(description="story", tags={"a": "b"})
    assert client().online_endpoints.get(name).scoring_uri.endswith("/score")
    made = deploy(name, "blue")
    assert (made.provisioning_state, made.instance_count) == ("Succeeded", 1)
    shared = share(name, blue=100)
    assert shared.traffic == {"blue": 100}
    assert call(name) == [2, 4]
    assert name in [one.name for one in client().online_endpoints.list()]
    assert [one.name for one in client().online_deployments.list(name)] == ["blue"]
    delete(name)
    raises(ResourceNotFoundError, lambda: client().online_endpoints.get(name))


@flow("call with an Azure ML token")
def token():
    name = endpoint("aml_token")
    deploy(name, "blue", "3")
    share(name, blue=100)
    assert call(name) == [3, 6]
    keys = client().online_endpoints.get_keys(name)
    assert keys.access_token and keys.expiry_time_utc
    delete(name)


@flow("call with a Microsoft Entra token")
def entra_token():
    name = endpoint("aad_token")
    deploy(name, "blue", "4")
    share(name, blue=100)
    assert call(name) == [4, 8]
    delete(name)


@flow("two deployments: traffic moved from one to the other")
def two():
    name = endpoint()
    deploy(name, "blue", "2")
    share(name, blue=100)
    deploy(name, "green", "10")
    assert call(name) == [2, 4]
    share(name, blue=0, green=100)
    assert call(name) == [10, 20]
    assert client().online_endpoints.get(name).traffic == {"blue": 0, "green": 100}
    raises(HttpResponseError, lambda: client().online_deployments.begin_delete(name=("green"), endpoint_name=name).wait())
    client().online_deployments.begin_delete(name="blue", endpoint_name=name).wait()
    assert [one.name for one in client().online_deployments.list(name)] == ["green"]
    delete(name)


@flow("mirror traffic reaches the other deployment, and its answer nobody")
def mirror():
    name = endpoint()
    deploy(name, "blue", "2")
    deploy(name, "green", "10")
    shared = share(name, blue=100, mirror={"green": 50})
    assert shared.mirror_traffic == {"green": 50}
    for _ in range(30):
        assert call(name) == [2, 4]
    log = client().online_deployments.get_logs("green", name, lines=200)
    assert "scoring 2" in log
    delete(name)


@flow("logs of both containers")
def logs():
    name = endpoint()
    deploy(name, "blue")
    share(name, blue=100)
    call(name)
    said = client().online_deployments.get_logs("blue", name, lines=100)
    assert "init done with 2.0" in said and "scoring 2" in said
    assert client().online_deployments.get_logs("blue", name, lines=100, container_type="storage-initializer")
    delete(name)


@flow("scale a deployment and change its settings")
def scale():
    from azure.ai.ml.entities import OnlineRequestSettings

    name = endpoint()
    deploy(name, "blue", request_settings=OnlineRequestSettings(request_timeout_ms=10000, max_concurrent_requests_per_instance=3))
    got = client().online_deployments.get("blue", name)
    assert got.request_settings.request_timeout_ms == 10000
    got.instance_count = 2
    got.tags = {"scaled": "yes"}
    changed = client().online_deployments.begin_create_or_update(got).result()
    assert (changed.instance_count, changed.tags) == (2, {"scaled": "yes"})
    delete(name)


@flow("keys can be regenerated; the old one opens no more")
def keys():
    import requests

    name = endpoint()
    deploy(name, "blue")
    share(name, blue=100)
    before = client().online_endpoints.get_keys(name)
    client().online_endpoints.begin_regenerate_keys(name, key_type="primary").wait()
    after = client().online_endpoints.get_keys(name)
    assert before.primary_key != after.primary_key and before.secondary_key == after.secondary_key
    url = client().online_endpoints.get(name).scoring_uri
    ask = lambda key: requests.post(url, json={"values": [1]}, headers={"Authorization": f"Bearer {key}"}).status_code
    assert [ask(before.primary_key), ask(after.primary_key), ask(after.secondary_key)] == [401, 200, 200]
    delete(name)


@flow("a deployment that never gets healthy is an exception with the reason, and stays Failed")
def failed():
    name = endpoint()
    error = raises(Exception, lambda: deploy(name, "blue", script="def init():\n    raise RuntimeError('no')\ndef run(raw):\n    return 1\n"))
    assert "ResourceNotReady" in str(error) or "crashed" in str(error), error
    got = client().online_deployments.get("blue", name)
    assert got.provisioning_state == "Failed"
    assert "no" in client().online_deployments.get_logs("blue", name, lines=50)
    delete(name)


@flow("a scoring script that raises answers 424 to the caller")
def scoring_error():
    name = endpoint()
    deploy(name, "blue")
    share(name, blue=100)
    raises(HttpResponseError, lambda: call(name, ["text", None]))
    delete(name)


@flow("a wrong traffic map and a second mode are refused")
def refused():
    name = endpoint()
    deploy(name, "blue")
    raises(Exception, lambda: share(name, blue=50))
    raises(Exception, lambda: share(name, nothing=100))
    delete(name)


@flow("a scoring script that is no Python is refused by the client")
def no_python():
    name = endpoint()
    raises(Exception, lambda: deploy(name, "blue", script="def init(:\n"), "syntax error")
    delete(name)


@flow("one deployment by name, whatever the traffic")
def by_header():
    name = endpoint()
    deploy(name, "blue", "2")
    deploy(name, "green", "10")
    share(name, blue=100)
    # Last of those that invoke: this client (1.35.2) sends the header of one call with every later one of the process.
    other = client()
    request = folder({"request.json": json.dumps({"values": [1, 2]})}) / "request.json"
    said = other.online_endpoints.invoke(name, request_file=str(request), deployment_name="green")
    assert json.loads(said) == [10, 20]
    raises(Exception, lambda: other.online_endpoints.invoke(name, request_file=str(request), deployment_name="no"))
    delete(name)


@flow("an endpoint and a deployment that do not exist are ResourceNotFoundError")
def missing():
    name = endpoint()
    raises(ResourceNotFoundError, lambda: client().online_endpoints.get(unique("no")))
    raises(ResourceNotFoundError, lambda: client().online_deployments.get("blue", name))
    delete(name)
