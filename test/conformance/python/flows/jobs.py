"""Command jobs: submitted, followed, listed, canceled, re-tagged, archived, and what they leave downloaded."""

import contextlib
import io
import time

from azure.ai.ml import Input, Output, command, dsl, load_job
from azure.ai.ml.constants import ListViewType
from azure.ai.ml.entities import Data
from azure.ai.ml.exceptions import JobException
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from world import client, ended, environment, flow, folder, new_client, raises, run_command, unique


def submit(line, **more):
    more.setdefault("environment", environment())
    more.setdefault("compute", "cpu-cluster")
    return client().jobs.create_or_update(command(command=line, **more))


@flow("submit a command and see it complete")
def create():
    job = submit("echo hello", display_name="greeting", experiment_name="conformance", tags={"a": "b"})
    assert job.display_name == "greeting"
    assert job.experiment_name == "conformance"
    assert job.studio_url
    done = ended(job.name)
    assert (done.status, done.tags["a"]) == ("Completed", "b")
    assert done.command == "echo hello"


@flow("load a job from YAML with code, inputs and outputs")
def from_yaml():
    root = folder(
        {
            "job.yml": f"""$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
command: python main.py --rate ${{{{inputs.rate}}}} --table ${{{{inputs.table}}}} --out ${{{{outputs.result}}}}
code: src
environment: {environment()}
compute: azureml:cpu-cluster
experiment_name: conformance
inputs:
  rate: 0.1
  table: {{ type: uri_file, path: data/table.csv }}
outputs:
  result: {{ type: uri_folder }}
""",
            "src/main.py": "import argparse, pathlib\np = argparse.ArgumentParser()\nfor n in ('rate', 'table', 'out'): p.add_argument('--' + n)\n"
            "a = p.parse_args()\npathlib.Path(a.out, 'result.txt').write_text(a.rate + ' ' + open(a.table).read())\n",
            "data/table.csv": "1,2,3",
        }
    )
    job = client().jobs.create_or_update(load_job(str(root / "job.yml")))
    assert ended(job.name).status == "Completed"
    target = folder()
    client().jobs.download(job.name, download_path=str(target), output_name="result")
    assert [path.read_text() for path in target.rglob("result.txt")] == ["0.1 1,2,3"]


@flow("follow a job's log to the end")
def stream():
    job = submit("for i in 1 2 3; do echo line $i; sleep 0.3; done")
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        client().jobs.stream(job.name)
    said = text.getvalue()
    assert f"RunId: {job.name}" in said
    assert "Web View" in said
    assert "Execution Summary" in said
    assert [said.count(f"line {index}\n") for index in (1, 2, 3)] == [1, 1, 1], said


@flow("following a job that fails raises JobException with its error")
def stream_failed():
    job = submit("echo about to fail; exit 3")
    raises(JobException, lambda: client().jobs.stream(job.name), "exited with status code 3")
    assert client().jobs.get(job.name).status == "Failed"


@flow("cancel a running job")
def cancel():
    job = submit("sleep 300")
    while client().jobs.get(job.name).status != "Running":
        time.sleep(0.05)
    client().jobs.begin_cancel(job.name).wait()
    assert client().jobs.get(job.name).status == "Canceled"


@flow("re-tag a job, rename it, and keep the rest")
def retag():
    job = client().jobs.get(run_command("true", tags={"a": "b"}).name)
    job.tags["reviewed"] = "yes"
    job.display_name = "another name"
    client().jobs.create_or_update(job)
    again = client().jobs.get(job.name)
    assert again.tags["reviewed"] == "yes" and again.tags["a"] == "b"
    assert again.display_name == "another name"
    assert again.status == "Completed"


@flow("archive a job and restore it")
def archive():
    job = run_command("true")
    client().jobs.archive(job.name)
    assert job.name not in [one.name for one in client().jobs.list()]
    assert job.name in [one.name for one in client().jobs.list(list_view_type=ListViewType.ARCHIVED_ONLY)]
    client().jobs.restore(job.name)
    assert job.name in [one.name for one in client().jobs.list()]


@flow("list more jobs than a page holds, newest first")
def listed():
    names = [submit("true", name=unique("listed")).name for _ in range(35)]
    found = [one.name for one in client().jobs.list() if one.name in names]
    assert found == names[::-1]


@flow("list the first ones only; the children of a job; the archived ones beside the others")
def filters():
    first, second = run_command("true"), run_command("true")
    newest = [one.name for one in client().jobs.list(max_results=1)]
    assert len(newest) >= 1
    client().jobs.archive(first.name)
    shown = [one.name for one in client().jobs.list(list_view_type=ListViewType.ALL)]
    assert {first.name, second.name} <= set(shown)
    assert first.name not in [one.name for one in client().jobs.list()]
    assert list(client().jobs.list(parent_job_name=second.name)) == []


@flow("validate a job without submitting it")
def validate():
    good = command(command="true", environment=environment(), compute="cpu-cluster")
    assert client().jobs.validate(good).passed
    step = command(
        name="needs", command="echo ${{inputs.text}}", environment=environment(), inputs={"text": Input(type="string")}
    ).component

    @dsl.pipeline
    def lacking():
        step()

    result = client().jobs.validate(lacking())
    assert not result.passed
    assert any("text" in path for path in result.error_messages), result.error_messages


@flow("delete a job")
def delete():
    name = run_command("true").name
    client().jobs.begin_delete(name).wait()
    raises(ResourceNotFoundError, lambda: client().jobs.get(name))


@flow("download the log and every output")
def download():
    job = run_command(
        "echo said; mkdir -p outputs; echo kept > outputs/kept.txt; echo made > ${{outputs.table}}/made.txt",
        outputs={"table": Output(type="uri_folder")},
    )
    target = folder()
    # Of "all" this client (1.35.2) gets the log alone: it compares the data plane's "UriFolder" with "uri_folder".
    client().jobs.download(job.name, download_path=str(target), all=True)
    client().jobs.download(job.name, download_path=str(target), output_name="table")
    found = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if path.is_file()}
    assert found["artifacts/user_logs/std_log.txt"].read_text().endswith("said\n")
    assert found["artifacts/outputs/kept.txt"].read_text() == "kept\n"
    assert found["named-outputs/table/made.txt"].read_text() == "made\n"


@flow("read a registered data asset by its name")
def data_input():
    name = unique("input")
    client().data.create_or_update(
        Data(name=name, version="1", path=str(folder({"a.txt": "asset"})), type="uri_folder")
    )
    job = run_command(
        "test $(cat ${{inputs.table}}/a.txt) = asset",
        inputs={"table": Input(type="uri_folder", path=f"azureml:{name}:1")},
    )
    assert job.status == "Completed"


@flow("an output with a name becomes a data asset")
def named_output():
    name = unique("made")
    job = run_command(
        "echo 1 > ${{outputs.table}}/a.csv", outputs={"table": Output(type="uri_folder", name=name, version="3")}
    )
    assert job.status == "Completed"
    assert client().data.get(name, "3").type == "uri_folder"


@flow("the same code is uploaded once, whoever comes with it")
def code_reuse():
    root = folder({"main.py": f"print('{unique('code')}')\n"})
    one = submit("python main.py", code=str(root))
    other = new_client().jobs.create_or_update(
        command(command="python main.py", code=str(root), environment=environment(), compute="cpu-cluster")
    )
    assert one.code == other.code


@flow("environment variables, optional parts and literals reach the command")
def literals():
    job = run_command(
        "test $COLOR = blue && test ${{inputs.flag}} = True && test ${{inputs.rate}} = 0.25 && echo ok $[[ --maybe ${{inputs.maybe}} ]]",
        environment_variables={"COLOR": "blue"},
        inputs={"flag": True, "rate": 0.25, "maybe": "there"},
    )
    assert job.status == "Completed"


@flow("a time limit ends the job")
def limit():
    from azure.ai.ml.entities import CommandJobLimits

    job = command(command="sleep 300", environment=environment(), compute="cpu-cluster")
    job.limits = CommandJobLimits(timeout=1)
    made = client().jobs.create_or_update(job)
    assert ended(made.name).status in ("Canceled", "Failed")


@flow("an environment given inline becomes an anonymous one")
def inline_environment():
    from azure.ai.ml.entities import Environment

    job = submit("true", environment=Environment(image="mcr.microsoft.com/x:1"))
    assert "CliV2AnonymousEnvironment" in job.environment
    assert ended(job.name).status == "Completed"


@flow("a job without compute is serverless")
def serverless():
    job = client().jobs.create_or_update(command(command="true", environment=environment()))
    assert job.compute is None
    assert ended(job.name).status == "Completed"


@flow("services, distribution, resources and identity come back as sent")
def settings():
    from azure.ai.ml import AmlTokenConfiguration, PyTorchDistribution

    job = submit(
        "true",
        distribution=PyTorchDistribution(process_count_per_instance=2),
        instance_count=2,
        shm_size="4g",
        identity=AmlTokenConfiguration(),
    )
    assert job.distribution.process_count_per_instance == 2
    assert (job.resources.instance_count, job.resources.shm_size) == (2, "4g")
    ended(job.name)


@flow("a job that does not exist is ResourceNotFoundError")
def missing():
    raises(ResourceNotFoundError, lambda: client().jobs.get(unique("nothing")), "not found")
    raises(ResourceNotFoundError, lambda: client().jobs.begin_cancel(unique("nothing")))


@flow("a compute, an environment and a data asset that do not exist are refused")
def refused():
    raises(HttpResponseError, lambda: submit("true", compute="no-such"), "no-such")
    raises(HttpResponseError, lambda: submit("true", environment="azureml:no-such:1"), "no-such")
    raises(
        HttpResponseError,
        lambda: submit("ls ${{inputs.x}}", inputs={"x": Input(path="azureml:no-such:1", type="uri_folder")}),
        "no-such",
    )


@flow("update a job's tags alone")
def update():
    job = run_command("true", tags={"a": "b"})
    updated = client().jobs.update(job.name, tags={"c": "d"}, description="looked at")
    assert updated.tags["a"] == "b" and updated.tags["c"] == "d"
    assert client().jobs.get(job.name).description == "looked at"
