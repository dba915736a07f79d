"""With a cloud that makes environments: an MLflow model is trained, and deployed online and for batches without script and environment."""

import json
from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.entities import (
    BatchEndpoint,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from flows.batch import delete, predictions, set_default
from world import client, ended, folder, unique

here = Path(__file__).parent
# The example's environment, so that no other has to be made.
conda = here.parents[3] / "examples" / "breast-cancer-sklearn" / "azureml" / "conda.yml"


def trained():
    code = folder({"train.py": (here / "train.py").read_bytes(), "conda.yml": conda.read_bytes()})
    job = client().jobs.create_or_update(
        command(
            command="python train.py ${{outputs.model}}",
            code=str(code),
            compute="cpu-cluster",
            environment=Environment(image="mcr.microsoft.com/x", conda_file=str(conda)),
            outputs={"model": Output(type="mlflow_model")},
        )
    )
    client().jobs.stream(job.name)
    return client().models.create_or_update(
        Model(name=unique("line"), type="mlflow_model", path=f"azureml://jobs/{job.name}/outputs/model")
    )


def online(model):
    name = unique("line")
    client().online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
    made = client().online_deployments.begin_create_or_update(
        ManagedOnlineDeployment(
            name="blue",
            endpoint_name=name,
            model=f"azureml:{model.name}:{model.version}",
            instance_type="Standard_DS3_v2",
            instance_count=1,
        )
    ).result()
    assert made.provisioning_state == "Succeeded", made
    table = {"columns": ["x"], "index": [0, 1], "data": [[10.0], [20.0]]}
    request = folder({"request.json": json.dumps({"input_data": table})}) / "request.json"
    reply = client().online_endpoints.invoke(name, deployment_name="blue", request_file=str(request))
    assert [round(one, 6) for one in json.loads(reply)] == [21.0, 41.0], reply
    client().online_endpoints.begin_delete(name).wait()


def batch(model):
    name = client().batch_endpoints.begin_create_or_update(BatchEndpoint(name=unique("line"))).result().name
    client().batch_deployments.begin_create_or_update(
        ModelBatchDeployment(
            name="blue",
            endpoint_name=name,
            model=model,
            compute="cpu-cluster",
            settings=ModelBatchDeploymentSettings(instance_count=1, mini_batch_size=1, max_concurrency_per_instance=1),
        )
    ).result()
    set_default(name, "blue")
    data = Input(type="uri_folder", path=str(folder({"rows.csv": "x\n10.5\n20.5\n"})))
    job = client().batch_endpoints.invoke(endpoint_name=name, input=data)
    assert ended(job.name, 240).status == "Completed"
    rows = predictions(job.name)
    assert [round(float(row.split()[0]), 3) for row in rows] == [22.0, 42.0], rows
    delete(name)


if __name__ == "__main__":
    registered = trained()
    online(registered)
    # Last: the client sends the name of one invocation's deployment with every later one.
    batch(registered)
