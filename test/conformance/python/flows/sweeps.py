"""Sweeps: trials that really run, at random and by grid, ended early where a policy says so."""

import contextlib
import io
import json

from azure.ai.ml import Input, Output, command, load_job
from azure.ai.ml.sweep import BanditPolicy, Choice, TruncationSelectionPolicy, Uniform
from world import client, ended, environment, flow, folder, raises

train = """import argparse, mlflow, pathlib, time
p = argparse.ArgumentParser()
p.add_argument("--x", type=float)
p.add_argument("--kind", default="a")
p.add_argument("--out", default="")
p.add_argument("--steps", type=int, default=1)
a = p.parse_args()
with mlflow.start_run():
    for step in range(a.steps):
        mlflow.log_metric("score", a.x, step=step)
        if a.steps > 1:
            time.sleep(0.3)
if a.out:
    pathlib.Path(a.out, "x.txt").write_text(str(a.x))
"""

# A trial without a Python package: MLflow's REST API by hand, so that it takes half a second and not five.
light = """import json, os, ssl, sys, time, urllib.request
uri = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://") + "/api/2.0/mlflow/runs/log-metric"
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({"https": os.environ["HTTPS_PROXY"]}),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])),
)
def log(value, step=0):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "score", "value": value, "timestamp": int(time.time() * 1000), "step": step}
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
    opener.open(urllib.request.Request(uri, json.dumps(body).encode(), headers)).read()
x, steps = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
for step in range(steps):
    log(x, step)
    if steps > 1:
        time.sleep(0.4)
if len(sys.argv) > 3:
    open(os.path.join(sys.argv[3], "x.txt"), "w").write(str(x))
"""


def sweep(line="python light.py ${{inputs.x}}", sampling="random", goal="maximize", outputs=None, code=None, **space):
    builder = command(
        command=line,
        code=str(folder(code or {"light.py": light})),
        environment=environment(),
        compute="cpu-cluster",
        inputs={name: 0 for name in space},
        outputs=outputs or {},
    )
    made = builder(**space).sweep(
        compute="cpu-cluster", sampling_algorithm=sampling, primary_metric="score", goal=goal
    )
    made.set_limits(max_total_trials=6, max_concurrent_trials=3, timeout=600)
    return made


def trials(name):
    return list(client().jobs.list(parent_job_name=name))


@flow("a random sweep; its best trial is the one with the highest metric")
def at_random():
    job = client().jobs.create_or_update(sweep(x=Uniform(0, 1)))
    assert job.type == "sweep" and job.objective.goal.lower() == "maximize"
    done = ended(job.name)
    assert done.status == "Completed"
    found = trials(job.name)
    assert len(found) == 6 and {one.status for one in found} == {"Completed"}
    points = {one.name: json.loads(one.properties["hyperparameters"])["x"] for one in found}
    assert len(set(points.values())) == 6 and all(0 <= point <= 1 for point in points.values())
    assert done.properties["best_child_run_id"] == max(points, key=points.get)


@flow("a grid sweep tries every combination; the least metric is the best when minimized")
def by_grid():
    job = client().jobs.create_or_update(
        sweep("python light.py ${{inputs.x}} 1", sampling="grid", goal="minimize", x=Choice([3, 1, 2]))
    )
    done = ended(job.name)
    found = [json.loads(one.properties["hyperparameters"])["x"] for one in trials(job.name)]
    assert sorted(found) == [1, 2, 3]
    best = client().jobs.get(done.properties["best_child_run_id"])
    assert json.loads(best.properties["hyperparameters"])["x"] == 1


@flow("the same seed draws the same points")
def seeded():
    from azure.ai.ml.sweep import RandomSamplingAlgorithm

    def points():
        job = client().jobs.create_or_update(sweep(sampling=RandomSamplingAlgorithm(seed=7), x=Uniform(0, 1)))
        ended(job.name)
        return sorted(json.loads(one.properties["hyperparameters"])["x"] for one in trials(job.name))

    assert points() == points()


@flow("trials that fall behind are ended early")
def early():
    # The good one is there first, so that the others have something to fall behind.
    made = sweep("python light.py ${{inputs.x}} 6", sampling="grid", x=Choice([1.0, 0.1, 0.2]))
    made.set_limits(max_total_trials=3, max_concurrent_trials=3, timeout=600)
    made.early_termination = BanditPolicy(slack_factor=0.1, evaluation_interval=1, delay_evaluation=1)
    job = client().jobs.create_or_update(made)
    assert ended(job.name).status == "Completed"
    statuses = {json.loads(one.properties["hyperparameters"])["x"]: one.status for one in trials(job.name)}
    assert statuses == {1.0: "Completed", 0.1: "Canceled", 0.2: "Canceled"}, statuses


@flow("download the best trial's output")
def outputs():
    made = sweep(
        "python light.py ${{inputs.x}} 1 ${{outputs.model}}",
        sampling="grid",
        outputs={"model": Output(type="uri_folder")},
        x=Choice([1, 5, 3]),
    )
    job = client().jobs.create_or_update(made)
    assert ended(job.name).status == "Completed"
    target = folder()
    client().jobs.download(job.name, download_path=str(target), output_name="model")
    assert float(next(target.rglob("x.txt")).read_text()) == 5


@flow("load a sweep from YAML and follow its log; MLflow inside the trial")
def from_yaml():
    root = folder(
        {
            "sweep.yml": f"""$schema: https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json
type: sweep
trial:
  code: src
  command: python train.py --x ${{{{search_space.x}}}} --kind ${{{{search_space.kind}}}}
  environment: {environment()}
compute: azureml:cpu-cluster
sampling_algorithm: grid
search_space:
  x: {{type: choice, values: [1, 2]}}
  kind: {{type: choice, values: [a]}}
objective: {{goal: maximize, primary_metric: score}}
limits: {{max_total_trials: 2, max_concurrent_trials: 2, timeout: 600}}
""",
            "src/train.py": train,
        }
    )
    job = client().jobs.create_or_update(load_job(str(root / "sweep.yml")))
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        client().jobs.stream(job.name)
    assert "The best trial is" in text.getvalue()
    assert client().jobs.get(job.name).properties["score"] == "2"


@flow("cancel a sweep; its trials are canceled too")
def cancel():
    job = client().jobs.create_or_update(sweep("sleep 300; echo ${{inputs.x}}", x=Uniform(0, 1)))
    while not any(one.status == "Running" for one in trials(job.name)):
        pass
    client().jobs.begin_cancel(job.name).wait()
    assert client().jobs.get(job.name).status == "Canceled"
    assert {one.status for one in trials(job.name)} == {"Canceled"}


@flow("a sweep whose trials all fail has failed")
def failing():
    job = client().jobs.create_or_update(sweep("exit 3; echo ${{inputs.x}}", x=Uniform(0, 1)))
    assert ended(job.name).status == "Failed"


@flow("a sweep as a step of a pipeline; the next step reads the best trial's output")
def in_pipeline():
    from azure.ai.ml import dsl

    trial = command(
        name="searched",
        command="python light.py ${{inputs.x}} 1 ${{outputs.model}}",
        code=str(folder({"light.py": light})),
        environment=environment(),
        inputs={"x": Input(type="number")},
        outputs={"model": Output(type="uri_folder")},
    ).component
    read = command(
        name="read", command="cat ${{inputs.model}}/x.txt && grep -q 5 ${{inputs.model}}/x.txt", environment=environment(), inputs={"model": Input(type="uri_folder")}
    ).component

    @dsl.pipeline
    def searching():
        node = trial(x=Choice([2, 5]))
        searched = node.sweep(sampling_algorithm="grid", primary_metric="score", goal="maximize")
        searched.set_limits(max_total_trials=2, max_concurrent_trials=2)
        after = read(model=searched.outputs.model)

    built = searching()
    built.settings.default_compute = "cpu-cluster"
    job = client().jobs.create_or_update(built)
    assert ended(job.name).status == "Completed"
    found = {one.display_name: one for one in trials(job.name)}
    assert {"searched", "after"} == set(found)
    assert len(trials(found["searched"].name)) == 2


@flow("a sweep without an objective, and a grid over a range, are refused or fail")
def refused():
    job = client().jobs.create_or_update(sweep(sampling="grid", x=Uniform(0, 1)))
    assert ended(job.name).status == "Failed"
    made = sweep(x=Uniform(0, 1))
    made.objective = None
    raises(Exception, lambda: client().jobs.create_or_update(made))


@flow("truncation selection comes back as sent")
def policy():
    made = sweep(x=Choice([1, 2]), sampling="grid")
    made.early_termination = TruncationSelectionPolicy(truncation_percentage=20, evaluation_interval=2, delay_evaluation=3)
    job = client().jobs.create_or_update(made)
    got = client().jobs.get(job.name).early_termination
    assert (got.truncation_percentage, got.evaluation_interval, got.delay_evaluation) == (20, 2, 3)
    ended(job.name)
