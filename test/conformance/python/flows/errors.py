"""The exceptions that the clients raise when the service says no."""

import os

from azure.ai.ml import MLClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from world import client, credential, environment, flow, folder, raises, resource_group, subscription_id, unique, workspace_name


def client_of(variable):
    client_id, secret = os.environ[variable].split(" ")
    return MLClient(secret_credential(client_id, secret), subscription_id, resource_group, workspace_name)


def secret_credential(client_id, secret):
    return ClientSecretCredential(os.environ["AZURE_TENANT_ID"], client_id, secret, disable_instance_discovery=True)


@flow("401: a secret that has expired is ClientAuthenticationError with its AADSTS code")
def expired():
    raises(ClientAuthenticationError, lambda: list(client_of("CONFORMANCE_EXPIRED").jobs.list()), "AADSTS7000222")


@flow("401: a wrong secret is ClientAuthenticationError with its AADSTS code")
def wrong():
    client_id, _ = os.environ["CONFORMANCE_EXPIRED"].split(" ")
    raises(ClientAuthenticationError, lambda: secret_credential(client_id, "wrong").get_token("https://management.azure.com/.default"), "AADSTS7000215")


@flow("401: an unknown client is ClientAuthenticationError with its AADSTS code")
def unknown():
    stranger = secret_credential("11111111-1111-1111-1111-111111111111", "x")
    raises(ClientAuthenticationError, lambda: stranger.get_token("https://management.azure.com/.default"), "AADSTS700016")


@flow("401: a token that is none is ClientAuthenticationError")
def no_token():
    import time

    from azure.core.credentials import AccessToken

    class Forged:
        def get_token(self, *_scopes, **_more):
            return AccessToken("e30.e30.e30", int(time.time()) + 3600)

    forged = MLClient(Forged(), subscription_id, resource_group, workspace_name)
    error = raises(HttpResponseError, lambda: forged.models.get("x", "1"))
    assert error.status_code == 401, error.status_code


@flow("403: a client without a role is HttpResponseError that names the action")
def forbidden():
    error = raises(HttpResponseError, lambda: client_of("CONFORMANCE_FORBIDDEN").models.get("x", "1"), "AuthorizationFailed")
    assert error.status_code == 403


@flow("404: another workspace, group and subscription")
def nowhere():
    def of(subscription, group, workspace):
        return MLClient(credential(), subscription, group, workspace)

    nobody = "00000000-0000-0000-0000-00000000dead"
    for other in (
        of(subscription_id, resource_group, "nowhere"),
        of(subscription_id, "nowhere", workspace_name),
        of(nobody, resource_group, workspace_name),
    ):
        raises(ResourceNotFoundError, lambda: other.models.get("x", "1"))


@flow("409: a deployment that is being changed takes no second change")
def conflict():
    from azure.ai.ml.entities import CodeConfiguration, Environment, ManagedOnlineDeployment, ManagedOnlineEndpoint

    name = unique("ep")
    client().online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).wait()
    # It comes up when the other change has been refused, and no sooner.
    gate = folder() / "open"
    script = f"import os, time\ndef init():\n    while not os.path.exists({str(gate)!r}): time.sleep(0.05)\ndef run(raw):\n    return 1\n"
    deployment = ManagedOnlineDeployment(
        name="blue",
        endpoint_name=name,
        code_configuration=CodeConfiguration(code=str(folder({"score.py": script})), scoring_script="score.py"),
        environment=Environment(image="mcr.microsoft.com/azureml/inference"),
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    first = client().online_deployments.begin_create_or_update(deployment)
    try:
        error = raises(HttpResponseError, lambda: client().online_deployments.begin_create_or_update(deployment))
    finally:
        gate.write_text("")
    assert error.status_code == 409, error.status_code
    assert first.result().provisioning_state == "Succeeded"
    client().online_endpoints.begin_delete(name).wait()


@flow("400: a job whose command names an unknown input is refused by the client")
def undeclared():
    from azure.ai.ml import command

    raises(
        Exception,
        lambda: client().jobs.create_or_update(
            command(command="echo ${{inputs.nothing}}", environment=environment(), compute="cpu-cluster")
        ),
        "nothing",
    )
