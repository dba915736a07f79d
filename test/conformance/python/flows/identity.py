"""azure-identity: every way in that a pipeline or a developer has, to the workspace itself."""

import os

from azure.ai.ml import MLClient
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzurePipelinesCredential,
    CertificateCredential,
    ChainedTokenCredential,
    ClientSecretCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
)
from world import flow, raises, resource_group, subscription_id, workspace_name

tenant = os.environ["AZURE_TENANT_ID"]


def opens(credential):
    """The credential reads the workspace."""
    found = MLClient(credential, subscription_id, resource_group, workspace_name).workspaces.get(workspace_name)
    assert found.name == workspace_name


def by_secret(**more):
    return ClientSecretCredential(
        tenant,
        os.environ["AZURE_CLIENT_ID"],
        os.environ["AZURE_CLIENT_SECRET"],
        disable_instance_discovery=True,
        **more,
    )


@flow("a client secret, given and from the environment")
def secret():
    opens(by_secret())
    opens(EnvironmentCredential(disable_instance_discovery=True))


@flow("a certificate with its private key")
def certificate():
    data = os.environ["CONFORMANCE_CERTIFICATE"].encode()
    client = os.environ["CONFORMANCE_CERTIFICATE_CLIENT"]
    opens(CertificateCredential(tenant, client, certificate_data=data, disable_instance_discovery=True))


def by_federation(connection):
    return AzurePipelinesCredential(
        tenant_id=tenant,
        client_id=os.environ["CONFORMANCE_FEDERATED_CLIENT"],
        service_connection_id=connection,
        system_access_token=os.environ["CONFORMANCE_SYSTEM_ACCESSTOKEN"],
        disable_instance_discovery=True,
    )


@flow("federation of a service connection of Azure Pipelines")
def federation():
    opens(by_federation(os.environ["CONFORMANCE_CONNECTION"]))


@flow("federation of a connection that the run may not use is ClientAuthenticationError")
def foreign_federation():
    stranger = by_federation("11111111-1111-1111-1111-111111111111")
    raises(ClientAuthenticationError, lambda: stranger.get_token("https://management.azure.com/.default"))


@flow("a managed identity")
def managed_identity():
    os.environ["IDENTITY_ENDPOINT"] = os.environ["CONFORMANCE_IDENTITY_ENDPOINT"]
    os.environ["IDENTITY_HEADER"] = os.environ["CONFORMANCE_IDENTITY_HEADER"]
    opens(ManagedIdentityCredential())


@flow("a chain goes on where a credential fails")
def chain():
    client = os.environ["AZURE_CLIENT_ID"]
    wrong = ClientSecretCredential(tenant, client, "wrong", disable_instance_discovery=True)
    raises(ClientAuthenticationError, lambda: opens(wrong))

    class Unavailable:
        def get_token(self, *_scopes, **_more):
            from azure.identity import CredentialUnavailableError

            raise CredentialUnavailableError("there is none here")

    opens(ChainedTokenCredential(Unavailable(), by_secret()))
