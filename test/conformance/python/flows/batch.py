"""Batch endpoints: deployments of models and of pipelines, invoked over files, their jobs listed, their results downloaded."""

from azure.ai.ml import Input, command, dsl
from azure.ai.ml.entities import (
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
    PipelineComponentBatchDeployment,
)
from azure.core.exceptions import ResourceNotFoundError
from world import client, ended, environment, flow, folder, raises, unique

score = """import os
def init():
    global factor
    root = os.environ["AZUREML_MODEL_DIR"]
    path = next(os.path.join(path, name) for path, _, names in os.walk(root, followlinks=True) for name in names if name == "factor.txt")
    factor = float(open(path).read())
    print("init with", factor)
def run(mini_batch):
    print("mini-batch of", len(mini_batch))
    return [f"{os.path.basename(path)} {factor * float(open(path).read())}" for path in mini_batch]
"""


def endpoint(**more):
    name = unique("batch")
    made = client().batch_endpoints.begin_create_or_update(BatchEndpoint(name=name, **more)).result()
    assert made.name == name
    return name


def deploy(endpoint_name, name, factor="2", script=score, **settings):
    root = folder({"src/score.py": script, "model/factor.txt": factor})
    settings.setdefault("mini_batch_size", 2)
    return client().batch_deployments.begin_create_or_update(
        ModelBatchDeployment(
            name=name,
            endpoint_name=endpoint_name,
            model=Model(path=str(root / "model")),
            code_configuration=CodeConfiguration(code=str(root / "src"), scoring_script="score.py"),
            environment=Environment(image="mcr.microsoft.com/azureml/batch"),
            compute="cpu-cluster",
            settings=ModelBatchDeploymentSettings(
                instance_count=1,
                max_concurrency_per_instance=1,
                retry_settings=BatchRetrySettings(max_retries=0, timeout=30),
                **settings,
            ),
        )
    ).result()


def set_default(endpoint_name, name):
    got = client().batch_endpoints.get(endpoint_name)
    got.defaults.deployment_name = name
    client().batch_endpoints.begin_create_or_update(got).result()


def numbers(count=5):
    return Input(type="uri_folder", path=str(folder({f"{index}.txt": str(index) for index in range(count)})))


def predictions(job_name):
    target = folder()
    client().jobs.download(job_name, download_path=str(target), output_name="score")
    return sorted(next(target.rglob("predictions.csv")).read_text().splitlines())


def delete(name):
    client().batch_endpoints.begin_delete(name).wait()


@flow("create, deploy, set the default, invoke, follow, download, delete")
def whole_story():
    name = endpoint(description="story", tags={"a": "b"}, properties={"p": "v"})
    got = client().batch_endpoints.get(name)
    assert got.scoring_uri.endswith("/jobs") and got.auth_mode == "aad_token" and got.tags == {"a": "b"}
    made = deploy(name, "blue")
    assert made.provisioning_state == "Succeeded"
    set_default(name, "blue")
    assert client().batch_endpoints.get(name).defaults.deployment_name == "blue"
    job = client().batch_endpoints.invoke(endpoint_name=name, input=numbers())
    assert job.name and job.status in ("Preparing", "Running")
    assert ended(job.name).status == "Completed"
    assert predictions(job.name) == [f"{index}.txt {2.0 * index}" for index in range(5)]
    delete(name)
    raises(ResourceNotFoundError, lambda: client().batch_endpoints.get(name))


@flow("the jobs of an endpoint and of a deployment are listed")
def jobs():
    name = endpoint()
    deploy(name, "blue")
    set_default(name, "blue")
    first = client().batch_endpoints.invoke(endpoint_name=name, input=numbers(1))
    second = client().batch_endpoints.invoke(endpoint_name=name, inputs={"data": numbers(1)})
    for job in (first, second):
        assert ended(job.name).status == "Completed"
    listed = list(client().batch_endpoints.list_jobs(endpoint_name=name))
    assert {one.name for one in listed} == {first.name, second.name}
    assert {one.status for one in listed} == {"Completed"}
    below = list(client().batch_deployments.list_jobs(endpoint_name=name, name="blue"))
    assert {one.name for one in below} == {first.name, second.name}
    shown = client().jobs.get(first.name)
    assert shown.type == "pipeline" and shown.tags["azureml.deploymentname"] == "blue"
    assert shown.experiment_name == name
    delete(name)


@flow("a deployment's settings come back as sent")
def settings():
    name = endpoint()
    deploy(name, "blue", output_file_name="out.csv", error_threshold=3, environment_variables={"A": "b"}, logging_level="debug")
    got = client().batch_deployments.get(name="blue", endpoint_name=name)
    assert (got.mini_batch_size, got.output_file_name, got.error_threshold) == (2, "out.csv", 3)
    assert got.environment_variables == {"A": "b"}
    assert got.retry_settings.max_retries == 0
    delete(name)


@flow("a scoring script that raises fails the job")
def failing():
    name = endpoint()
    deploy(name, "blue", script="def init():\n    pass\ndef run(mini_batch):\n    raise ValueError('no')\n")
    set_default(name, "blue")
    job = client().batch_endpoints.invoke(endpoint_name=name, input=numbers(2))
    assert ended(job.name).status == "Failed"
    delete(name)


@flow("an MLflow model without a scoring script")
def mlflow_model():
    import mlflow
    from sklearn.linear_model import LinearRegression

    path = folder() / "saved"
    import pandas

    table = pandas.DataFrame({"x": [0.0, 1.0, 2.0]})
    mlflow.sklearn.save_model(LinearRegression().fit(table, [0.0, 2.0, 4.0]), str(path))
    registered = client().models.create_or_update(
        Model(name=unique("linear"), version="1", path=str(path), type="mlflow_model")
    )
    name = endpoint()
    client().batch_deployments.begin_create_or_update(
        ModelBatchDeployment(
            name="blue",
            endpoint_name=name,
            model=registered,
            compute="cpu-cluster",
            settings=ModelBatchDeploymentSettings(instance_count=1, mini_batch_size=1, max_concurrency_per_instance=1),
        )
    ).result()
    set_default(name, "blue")
    data = Input(type="uri_folder", path=str(folder({"rows.csv": "x\n10\n20\n"})))
    job = client().batch_endpoints.invoke(endpoint_name=name, input=data)
    assert ended(job.name).status == "Completed"
    rows = predictions(job.name)
    assert [round(float(row.split()[0]), 3) for row in rows] == [20.0, 40.0], rows
    delete(name)


@flow("a deployment of a pipeline component, with a literal and a folder")
def pipeline_deployment():
    step = command(
        name="count",
        command="ls ${{inputs.data}} | wc -l | tr -d ' ' > ${{outputs.out}}/count.txt; echo ${{inputs.word}} >> ${{outputs.out}}/count.txt",
        environment=environment(),
        inputs={"data": Input(type="uri_folder"), "word": Input(type="string")},
        outputs={"out": {"type": "uri_folder"}},
    ).component

    @dsl.pipeline(name=unique("counting").replace("-", "_"), version="1")
    def counting(data: Input(type="uri_folder"), word: str = "said"):
        counted = step(data=data, word=word)
        return {"out": counted.outputs.out}

    component = client().components.create_or_update(counting().component, version="1")
    name = endpoint()
    client().batch_deployments.begin_create_or_update(
        PipelineComponentBatchDeployment(
            name="steps", endpoint_name=name, component=component.id, settings={"default_compute": "cpu-cluster"}
        )
    ).result()
    set_default(name, "steps")
    job = client().batch_endpoints.invoke(
        endpoint_name=name, inputs={"data": numbers(3), "word": Input(type="string", default="spoken")}
    )
    assert ended(job.name).status == "Completed"
    (child,) = client().jobs.list(parent_job_name=job.name)
    target = folder()
    client().jobs.download(child.name, download_path=str(target), output_name="out")
    assert next(target.rglob("count.txt")).read_text().split() == ["3", "spoken"]
    delete(name)


@flow("a name that an invocation brings changes nothing, as users of the service report")
def named_by_the_service():
    name = endpoint()
    deploy(name, "blue")
    set_default(name, "blue")
    job = client().batch_endpoints.invoke(endpoint_name=name, input=numbers(1), job_name="mine")
    assert job.name != "mine" and job.name.startswith("batchjob-"), job.name
    assert ended(job.name).status == "Completed"
    raises(ResourceNotFoundError, lambda: client().jobs.get("mine"))
    delete(name)


@flow("without a default deployment an invocation is refused")
def no_default():
    name = endpoint()
    deploy(name, "blue")
    raises(Exception, lambda: client().batch_endpoints.invoke(endpoint_name=name, input=numbers(1)))
    delete(name)


@flow("two deployments: the default, and the other by name")
def by_name():
    name = endpoint()
    deploy(name, "blue", "2")
    deploy(name, "green", "10")
    set_default(name, "blue")
    job = client().batch_endpoints.invoke(endpoint_name=name, input=numbers(2))
    ended(job.name)
    assert predictions(job.name)[1] == "1.txt 2.0"
    # This client (1.35.2) sends the name of one invocation with every later one of the process; so this flow comes last.
    other = client().batch_endpoints.invoke(endpoint_name=name, deployment_name="green", input=numbers(2))
    ended(other.name)
    assert predictions(other.name)[1] == "1.txt 10.0"
    assert {one.name for one in client().batch_deployments.list(endpoint_name=name)} == {"blue", "green"}
    client().batch_deployments.begin_delete(name="green", endpoint_name=name).wait()
    assert [one.name for one in client().batch_deployments.list(endpoint_name=name)] == ["blue"]
    raises(ResourceNotFoundError, lambda: client().batch_deployments.get(name="green", endpoint_name=name))
    delete(name)


@flow("a batch endpoint and a deployment that do not exist are ResourceNotFoundError")
def missing():
    raises(ResourceNotFoundError, lambda: client().batch_endpoints.get(unique("no")), "NoSuchEndpoint")
    name = endpoint()
    raises(ResourceNotFoundError, lambda: client().batch_deployments.get(name="blue", endpoint_name=name))
    delete(name)
