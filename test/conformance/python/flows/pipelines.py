"""Pipeline jobs: graphs of components that really run, side by side, with data passed between steps."""

import contextlib
import io
import time

from azure.ai.ml import Input, Output, command, dsl, load_component, load_job
from azure.ai.ml.exceptions import JobException
from world import client, ended, environment, flow, folder, raises, unique


def step(line, inputs=None, outputs=None, name=None, **more):
    """A component made in code."""
    return command(
        name=name or unique("step").replace("-", "_"),
        command=line,
        environment=environment(),
        inputs=inputs or {},
        outputs=outputs or {},
        **more,
    ).component


def writer():
    return step(
        "echo ${{inputs.text}} > ${{outputs.data}}/text.txt",
        {"text": Input(type="string")},
        {"data": Output(type="uri_folder")},
        name="writer",
    )


def joiner():
    return step(
        "cat ${{inputs.one}}/text.txt ${{inputs.two}}/text.txt > ${{outputs.both}}/text.txt",
        {"one": Input(type="uri_folder"), "two": Input(type="uri_folder")},
        {"both": Output(type="uri_folder")},
        name="joiner",
    )


def submit(built, **settings):
    built.settings.default_compute = "cpu-cluster"
    for key, value in settings.items():
        setattr(built.settings, key, value)
    return client().jobs.create_or_update(built, experiment_name="pipelines")


def children(name):
    return {child.display_name: child for child in client().jobs.list(parent_job_name=name)}


@flow("data passes between steps; outputs of a child are downloaded")
def passes():
    write, join = writer(), joiner()

    @dsl.pipeline
    def both(first: str, second: str):
        one = write(text=first)
        two = write(text=second)
        joined = join(one=one.outputs.data, two=two.outputs.data)
        return {"all": joined.outputs.both}

    job = submit(both(first=unique("a"), second="b"))
    assert job.type == "pipeline" and set(job.jobs) == {"one", "two", "joined"}
    done = ended(job.name)
    assert done.status == "Completed", done.status
    found = children(job.name)
    assert set(found) == {"one", "two", "joined"}
    assert {child.status for child in found.values()} == {"Completed"}
    target = folder()
    client().jobs.download(found["joined"].name, download_path=str(target), output_name="both")
    text = next(target.rglob("text.txt")).read_text()
    assert text.endswith("\nb\n") and text.startswith("a-")


@flow("load a pipeline from YAML with local components, inputs, and a bound output")
def from_yaml():
    root = folder(
        {
            "pipeline.yml": """$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: from yaml
settings: {default_compute: azureml:cpu-cluster}
inputs:
  table: {type: uri_file, path: data/rows.csv}
  factor: 3
outputs:
  result: {type: uri_folder}
jobs:
  prepare:
    type: command
    component: ./prepare.yml
    inputs: {rows: "${{parent.inputs.table}}"}
  multiply:
    type: command
    component: ./multiply.yml
    inputs:
      numbers: ${{parent.jobs.prepare.outputs.numbers}}
      factor: ${{parent.inputs.factor}}
    outputs: {result: "${{parent.outputs.result}}"}
""",
            "prepare.yml": f"""type: command
name: prepare
inputs: {{rows: {{type: uri_file}}}}
outputs: {{numbers: {{type: uri_folder}}}}
code: src
command: python prepare.py ${{{{inputs.rows}}}} ${{{{outputs.numbers}}}}
environment: {environment()}
""",
            "multiply.yml": f"""type: command
name: multiply
inputs:
  numbers: {{type: uri_folder}}
  factor: {{type: integer, default: 2}}
outputs: {{result: {{type: uri_folder}}}}
command: awk '{{print $1 * ${{{{inputs.factor}}}}}}' ${{{{inputs.numbers}}}}/n.txt > ${{{{outputs.result}}}}/r.txt
environment: {environment()}
""",
            "src/prepare.py": "import sys\nopen(sys.argv[2] + '/n.txt', 'w').write(open(sys.argv[1]).read().replace(',', '\\n'))\n",
            "data/rows.csv": "1,2,3",
        }
    )
    job = client().jobs.create_or_update(load_job(str(root / "pipeline.yml")))
    assert job.display_name == "from yaml"
    assert ended(job.name).status == "Completed"
    target = folder()
    client().jobs.download(children(job.name)["multiply"].name, download_path=str(target), output_name="result")
    assert next(target.rglob("r.txt")).read_text().split() == ["3", "6", "9"]


@flow("steps that do not wait for each other run at the same time")
def parallel():
    # Each waits until all three are there: one after the other they would never end. Of equal steps only one would run.
    place = folder()
    together = f"touch {place}/${{{{inputs.own}}}}; for i in $(seq 1200); do [ $(ls {place} | wc -l) = 3 ] && exit 0; sleep 0.1; done; exit 1"

    @dsl.pipeline
    def wide():
        slow = step(together, {"own": Input(type="string")})
        for own in "abc":
            slow(own=own)

    assert ended(submit(wide()).name).status == "Completed"


@flow("a step that did the very same before is not run again; one that is forced is")
def reuse():
    text, write = unique("reuse"), writer()

    @dsl.pipeline
    def one_step(text: str):
        only = write(text=text)

    first = submit(one_step(text=text))
    ended(first.name)
    second = submit(one_step(text=text))
    ended(second.name)
    before, after = children(first.name)["only"], children(second.name)["only"]
    assert after.properties["azureml.isreused"] == "true"
    assert after.properties["azureml.reusedrunid"] == before.name
    target = folder()
    client().jobs.download(after.name, download_path=str(target), output_name="data")
    assert next(target.rglob("text.txt")).read_text() == f"{text}\n"
    third = submit(one_step(text=text), force_rerun=True)
    ended(third.name)
    assert "azureml.isreused" not in children(third.name)["only"].properties


@flow("a failing step ends the pipeline, and what it would have fed never runs")
def failing():
    fail = step(f"echo {unique('x')}; exit 4", outputs={"data": Output(type="uri_folder")})
    read = step("ls ${{inputs.data}}", {"data": Input(type="uri_folder")})

    @dsl.pipeline
    def broken():
        first = fail()
        read(data=first.outputs.data)

    job = submit(broken())
    done = ended(job.name)
    assert done.status == "Failed"
    found = children(job.name)
    assert found["first"].status == "Failed"
    assert "read" not in found
    raises(JobException, lambda: client().jobs.stream(job.name), "failed steps")


@flow("continue on step failure: what does not need the failed step goes on")
def goes_on():
    fail = step(f"echo {unique('x')}; exit 4")
    slow = step(f"sleep 0.5; echo {unique('x')}")

    @dsl.pipeline
    def partly():
        bad = fail()
        good = slow()

    job = submit(partly(), continue_on_step_failure=True)
    assert ended(job.name).status == "Failed"
    statuses = {name: child.status for name, child in children(job.name).items()}
    assert statuses == {"bad": "Failed", "good": "Completed"}, statuses


@flow("without it the others are canceled")
def stops():
    fail = step(f"sleep 0.5; echo {unique('x')}; exit 4")
    slow = step(f"sleep 60; echo {unique('x')}")

    @dsl.pipeline
    def stopped():
        bad = fail()
        good = slow()

    job = submit(stopped(), continue_on_step_failure=False)
    assert ended(job.name).status == "Failed"
    statuses = {name: child.status for name, child in children(job.name).items()}
    assert statuses == {"bad": "Failed", "good": "Canceled"}, statuses


@flow("a pipeline within a pipeline")
def nested():
    write, join = writer(), joiner()

    @dsl.pipeline
    def inner(text: str):
        one = write(text=text)
        return {"data": one.outputs.data}

    @dsl.pipeline
    def outer(text: str):
        left = inner(text=text)
        right = inner(text="right")
        joined = join(one=left.outputs.data, two=right.outputs.data)

    job = submit(outer(text=unique("left")))
    assert ended(job.name).status == "Completed"
    found = children(job.name)
    assert {"left", "right", "joined"} == set(found)
    assert [one.display_name for one in client().jobs.list(parent_job_name=found["left"].name)] == ["one"]


@flow("registered components, by name and version")
def registered():
    name = unique("registered").replace("-", "_")
    client().components.create_or_update(
        step("echo ${{inputs.text}} > ${{outputs.data}}/text.txt", {"text": Input(type="string")}, {"data": Output(type="uri_folder")}, name=name)
    )
    component = client().components.get(name, label="latest")

    @dsl.pipeline
    def with_registered():
        use = component(text="registered")

    job = submit(with_registered())
    assert ended(job.name).status == "Completed"
    assert children(job.name)["use"].properties["azureml.moduleName"] == name


@flow("optional inputs, defaults, and environment variables of a step")
def optional():
    component = step(
        "test \"$WORD\" = said && test ${{inputs.rate}} = 0.5 && echo $[[ --maybe ${{inputs.maybe}} ]] > ${{outputs.o}}/o.txt",
        {"rate": Input(type="number", default=0.5), "maybe": Input(type="string", optional=True)},
        {"o": Output(type="uri_folder")},
    )

    @dsl.pipeline
    def with_optional():
        a = component()
        a.environment_variables = {"WORD": "said"}

    job = submit(with_optional())
    assert ended(job.name).status == "Completed"


@flow("an output that has a name becomes a data asset")
def named_output():
    name, write = unique("made"), writer()

    @dsl.pipeline
    def naming():
        one = write(text="named")
        one.outputs.data = Output(type="uri_folder", name=name, version="4")

    job = submit(naming())
    assert ended(job.name).status == "Completed"
    assert client().data.get(name, "4").type == "uri_folder"


@flow("an output with a path goes there")
def placed_output():
    place, write = unique("place"), writer()

    @dsl.pipeline
    def placing():
        one = write(text="placed")
        one.outputs.data = Output(
            type="uri_folder", mode="upload", path=f"azureml://datastores/workspaceblobstore/paths/{place}/"
        )

    job = submit(placing())
    assert ended(job.name).status == "Completed"
    read = command(
        command="test $(cat ${{inputs.x}}/text.txt) = placed",
        environment=environment(),
        compute="cpu-cluster",
        inputs={"x": Input(type="uri_folder", path=f"azureml://datastores/workspaceblobstore/paths/{place}/")},
    )
    assert ended(client().jobs.create_or_update(read).name).status == "Completed"


@flow("follow a pipeline's log to the end")
def stream():
    write = writer()

    @dsl.pipeline
    def streamed():
        write(text=unique("streamed"))

    job = submit(streamed())
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        client().jobs.stream(job.name)
    assert "Submitting" in text.getvalue() and "Execution Summary" in text.getvalue()


@flow("cancel a pipeline; its steps are canceled too")
def cancel():
    slow = step(f"sleep 300; echo {unique('x')}")

    @dsl.pipeline
    def endless():
        slow()

    job = submit(endless())
    while not any(child.status == "Running" for child in client().jobs.list(parent_job_name=job.name)):
        time.sleep(0.1)
    client().jobs.begin_cancel(job.name).wait()
    assert client().jobs.get(job.name).status == "Canceled"
    assert {child.status for child in client().jobs.list(parent_job_name=job.name)} == {"Canceled"}


@flow("a child is shown by its own name, and its log is downloaded")
def child():
    say = step(f"echo said {unique('x')}")

    @dsl.pipeline
    def talking():
        speaks = say()

    job = submit(talking())
    ended(job.name)
    name = children(job.name)["speaks"].name
    got = client().jobs.get(name)
    assert (got.name, got.status, got.display_name) == (name, "Completed", "speaks")
    target = folder()
    client().jobs.download(name, download_path=str(target))
    assert "said x-" in next(target.rglob("std_log.txt")).read_text()


@flow("a compute that does not exist is refused by the client, a component that does not exist by the service")
def refused():
    write = writer()

    @dsl.pipeline
    def nowhere():
        write(text="x")

    built = nowhere()
    built.settings.default_compute = "no-such-cluster"
    raises(Exception, lambda: client().jobs.create_or_update(built), "no-such-cluster")
    root = folder(
        {
            "p.yml": "type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\n"
            "jobs:\n  a:\n    type: command\n    component: azureml:no_such_component:1\n"
        }
    )
    raises(Exception, lambda: client().jobs.create_or_update(load_job(str(root / "p.yml"))), "no_such_component")


@flow("a pipeline component is registered and run as a step and as a job")
def pipeline_component():
    name = unique("composed").replace("-", "_")
    root = folder(
        {
            "component.yml": f"""type: pipeline
name: {name}
version: "1"
inputs: {{text: {{type: string, default: spoken}}}}
outputs: {{data: {{type: uri_folder}}}}
jobs:
  write:
    type: command
    component: ./write.yml
    inputs: {{text: "${{{{parent.inputs.text}}}}"}}
    outputs: {{data: "${{{{parent.outputs.data}}}}"}}
""",
            "write.yml": f"""type: command
name: write
inputs: {{text: {{type: string}}}}
outputs: {{data: {{type: uri_folder}}}}
command: echo ${{{{inputs.text}}}} > ${{{{outputs.data}}}}/text.txt
environment: {environment()}
""",
        }
    )
    client().components.create_or_update(load_component(str(root / "component.yml")))
    registered_one = client().components.get(name, "1")
    assert registered_one.type == "pipeline"

    @dsl.pipeline
    def around():
        within = registered_one(text=unique("said"))

    job = submit(around())
    assert ended(job.name).status == "Completed"
    within = children(job.name)["within"]
    assert [one.display_name for one in client().jobs.list(parent_job_name=within.name)] == ["write"]


@flow("forty steps in a row and side by side")
def many():
    write, join = writer(), joiner()

    @dsl.pipeline
    def wide():
        seed = write(text=unique("seed"))
        for index in range(20):
            side = write(text=f"{index}")
            join(one=seed.outputs.data, two=side.outputs.data)

    job = submit(wide())
    assert ended(job.name).status == "Completed"
    assert len(list(client().jobs.list(parent_job_name=job.name))) == 41


