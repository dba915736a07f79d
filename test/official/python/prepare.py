"""Registers what the official tests take for granted in their workspace and in the registry sdk-test, from their own files.

A file that is not there registers nothing: the tests that want it are then named by the run.
"""

import os

import local_azure  # noqa: F401  (points the client at the local cloud)
from azure.ai.ml import MLClient, load_component, load_model
from azure.ai.ml.entities import Environment
from azure.identity import ClientSecretCredential

CONFIGURATIONS = os.path.join("tests", "test_configs")

# file, name, version
WORKSPACE = [
    ("dsl_pipeline/e2e_registered_components/train.yml", "train", "31"),
    ("dsl_pipeline/e2e_registered_components/score.yml", "score", "31"),
    ("dsl_pipeline/e2e_registered_components/eval.yml", "eval", "31"),
]
REGISTRY = [
    ("components/helloworld_component_no_paths.yml", "hello_world_asset", "1"),
    ("pipeline_jobs/job_with_registry_model_as_input/score.yml", "score_component", "2"),
]
REGISTRY_MODEL = "model/model_iris.yml"


def register(client: MLClient, components) -> None:
    for file, name, version in components:
        path = os.path.join(CONFIGURATIONS, file)
        if not os.path.exists(path):
            print(f"{path} is not there; {name}:{version} is not registered")
            continue
        component = load_component(path, params_override=[{"name": name}, {"version": version}])
        client.components.create_or_update(component)


def main() -> None:
    credential = ClientSecretCredential(*(os.environ[f"ML_{name}"] for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")))
    place = [os.environ[f"ML_{name}"] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP")]
    register(MLClient(credential, *place, os.environ["ML_WORKSPACE_NAME"], cloud="AzureCloud"), WORKSPACE)
    registry = MLClient(credential, *place, registry_name="sdk-test", cloud="AzureCloud")
    image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
    registry.environments.create_or_update(Environment(name="openMPIUbuntu", version="1", image=image))
    register(registry, REGISTRY)
    model = os.path.join(CONFIGURATIONS, REGISTRY_MODEL)
    if os.path.exists(model):
        registry.models.create_or_update(load_model(model))


if __name__ == "__main__":
    main()
