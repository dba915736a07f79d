"""Parallel steps, which really run; and the kinds that local Azure completes as simulated: Spark, AutoML, fine-tuning."""

from azure.ai.ml import Input, Output, automl, dsl, load_job
from azure.ai.ml.parallel import RunFunction, parallel_run_function
from world import client, ended, environment, flow, folder, unique

entry = """import argparse, os
def init():
    global greeting
    parser = argparse.ArgumentParser()
    parser.add_argument("--greeting")
    greeting = parser.parse_known_args()[0].greeting
    print("init", greeting)
def run(mini_batch):
    print("batch of", len(mini_batch))
    return [f"{greeting} {os.path.basename(path)} {open(path).read()}" for path in mini_batch]
"""


def numbers(count=5):
    return str(folder({f"{index}.txt": str(index) for index in range(count)}))


def parallel(script=entry, **more):
    return parallel_run_function(
        name=unique("scored").replace("-", "_"),
        inputs={"data": Input(type="uri_folder"), "greeting": Input(type="string", default="hello")},
        outputs={"result": Output(type="uri_file")},
        input_data="${{inputs.data}}",
        instance_count=1,
        mini_batch_size="2",
        max_concurrency_per_instance=1,
        task=RunFunction(
            code=str(folder({"entry.py": script})),
            entry_script="entry.py",
            environment=environment(),
            program_arguments="--greeting ${{inputs.greeting}}",
            append_row_to="${{outputs.result}}",
        ),
        **more,
    )


def submit(pipeline):
    pipeline.settings.default_compute = "cpu-cluster"
    return client().jobs.create_or_update(pipeline)


def only_child(name):
    (found,) = client().jobs.list(parent_job_name=name)
    return found


@flow("a parallel step runs the user's run(mini_batch) over every file")
def in_parallel():
    component = parallel()

    @dsl.pipeline
    def scoring(data):
        scored = component(data=data)

    job = submit(scoring(data=Input(type="uri_folder", path=numbers())))
    assert ended(job.name).status == "Completed"
    child = only_child(job.name)
    target = folder()
    client().jobs.download(child.name, download_path=str(target))
    log = next(target.rglob("std_log.txt")).read_text()
    assert "init hello" in log and log.count("batch of 2") == 2 and log.count("batch of 1") == 1, log
    store = client().datastores.get_default(include_secrets=True)
    from azure.storage.blob import BlobClient

    secret = store.credentials
    blob = BlobClient(
        f"https://{store.account_name}.blob.{store.endpoint}",
        store.container_name,
        f"azureml/{child.name}/result",
        credential=getattr(secret, "account_key", None) or secret.sas_token,
    )
    rows = blob.download_blob().readall().decode().splitlines()
    assert sorted(rows) == [f"hello {index}.txt {index}" for index in range(5)], rows


@flow("a parallel step with more errors than allowed fails")
def too_many_errors():
    component = parallel("def run(mini_batch):\n    raise ValueError('no')\n", mini_batch_error_threshold=0)

    @dsl.pipeline
    def failing(data):
        scored = component(data=data)

    job = submit(failing(data=Input(type="uri_folder", path=numbers())))
    assert ended(job.name).status == "Failed"


@flow("a Spark job is accepted, completes, and says that it is simulated")
def spark():
    root = folder(
        {
            "spark.yml": """$schema: https://azuremlschemas.azureedge.net/latest/sparkJob.schema.json
type: spark
code: ./src
entry: {file: main.py}
conf:
  spark.driver.cores: 1
  spark.driver.memory: 2g
  spark.executor.cores: 2
  spark.executor.memory: 2g
  spark.executor.instances: 2
outputs:
  wrangled: {type: uri_folder, mode: direct}
args: --out ${{outputs.wrangled}}
identity: {type: user_identity}
resources: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
""",
            "src/main.py": "print('spark')\n",
        }
    )
    job = client().jobs.create_or_update(load_job(str(root / "spark.yml")))
    assert job.type == "spark"
    done = ended(job.name)
    assert done.status == "Completed"
    assert done.properties["azureml.simulated"] == "true"
    assert done.entry.entry == "main.py"
    target = folder()
    client().jobs.download(job.name, download_path=str(target))
    assert "simulated" in next(target.rglob("std_log.txt")).read_text()


@flow("an AutoML classification is accepted and completes as simulated")
def classification():
    table = folder({"MLTable": "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited: {delimiter: ','}\n", "rows.csv": "x,y\n1,0\n2,1\n"})
    job = automl.classification(
        compute="cpu-cluster",
        experiment_name="automl",
        training_data=Input(type="mltable", path=str(table)),
        target_column_name="y",
        primary_metric="accuracy",
        n_cross_validations=2,
    )
    job.set_limits(timeout_minutes=60, max_trials=2, max_concurrent_trials=1)
    made = client().jobs.create_or_update(job)
    assert made.type == "automl" and made.target_column_name == "y"
    done = ended(made.name)
    assert done.status == "Completed" and done.properties["azureml.simulated"] == "true"


def table(**more):
    files = {"MLTable": "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited: {delimiter: ','}\n", "rows.csv": "x,y\n1,0\n2,1\n"}
    return Input(type="mltable", path=str(folder({**files, **more})))


def simulated(job, task):
    made = client().jobs.create_or_update(job)
    assert (made.type, made.task_type.lower().replace("_", "")) == ("automl", task.replace("_", ""))
    done = ended(made.name)
    assert done.status == "Completed" and done.properties["azureml.simulated"] == "true"


@flow("AutoML regression and forecasting are accepted and complete as simulated")
def tabular():
    common = {"compute": "cpu-cluster", "experiment_name": "automl", "target_column_name": "y", "n_cross_validations": 2}
    regression = automl.regression(training_data=table(), primary_metric="r2_score", **common)
    simulated(regression, "regression")
    forecasting = automl.forecasting(
        training_data=table(), primary_metric="normalized_root_mean_squared_error", **common
    )
    forecasting.set_forecast_settings(time_column_name="x", forecast_horizon=1)
    simulated(forecasting, "forecasting")


@flow("AutoML for images and for text is accepted and completes as simulated")
def vision_and_text():
    common = {"compute": "gpu-cluster", "experiment_name": "automl"}
    image = automl.image_classification(training_data=table(), target_column_name="y", **common)
    image.set_limits(timeout_minutes=60, max_trials=1)
    simulated(image, "image_classification")
    text = automl.text_classification(
        training_data=table(), validation_data=table(), target_column_name="y", **common
    )
    text.set_limits(timeout_minutes=60)
    simulated(text, "text_classification")


@flow("a Spark step and a command step in one pipeline")
def spark_step():
    root = folder(
        {
            "p.yml": f"""type: pipeline
settings: {{default_compute: azureml:cpu-cluster}}
jobs:
  wrangle:
    type: spark
    code: ./src
    entry: {{file: main.py}}
    conf: {{spark.driver.cores: 1, spark.driver.memory: 2g, spark.executor.cores: 2, spark.executor.memory: 2g, spark.executor.instances: 1}}
    outputs: {{wrangled: {{type: uri_folder, mode: direct}}}}
    args: --out ${{{{outputs.wrangled}}}}
    resources: {{instance_type: standard_e4s_v3, runtime_version: "3.4"}}
  read:
    type: command
    command: grep -q simulated ${{{{inputs.data}}}}/simulated.txt
    environment: {environment()}
    inputs: {{data: "${{{{parent.jobs.wrangle.outputs.wrangled}}}}"}}
""",
            "src/main.py": "print('spark')\n",
        }
    )
    job = client().jobs.create_or_update(load_job(str(root / "p.yml")))
    assert ended(job.name).status == "Completed"


@flow("a fine-tuning job is accepted and completes as simulated")
def finetuning():
    from azure.ai.ml.finetuning import FineTuningTaskType, create_finetuning_job

    made = create_finetuning_job(
        task=FineTuningTaskType.CHAT_COMPLETION,
        training_data=str(folder({"train.jsonl": '{"messages": []}\n'}) / "train.jsonl"),
        model="azureml://registries/azureml/models/Phi-3/versions/1",
        hyperparameters={"per_device_train_batch_size": "1"},
        validation_data=str(folder({"check.jsonl": "{}\n"}) / "check.jsonl"),
        name=unique("tuned"),
        experiment_name="tuning",
        output_model_name_prefix=unique("tuned-model"),
    )
    job = client().jobs.create_or_update(made)
    done = ended(job.name)
    assert done.status == "Completed"


