"""Learns nothing, and says so: a job of the tests. Logs `auc` and a history of `loss`, writes a model, takes its time."""
import argparse
import json
import os
import time
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--auc", type=float, required=True)
parser.add_argument("--seconds", type=float, default=0)
parser.add_argument("--model", required=True)
arguments = parser.parse_args()


def log(key, value, step=0):
    """One metric of this run, over MLflow's REST API."""
    base = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://").replace("/mlflow/v1.0/", "/mlflow/v2.0/")
    run = os.environ["MLFLOW_RUN_ID"]
    body = {"run_id": run, "key": key, "value": value, "step": step, "timestamp": int(time.time() * 1000)}
    request = urllib.request.Request(
        base.rstrip("/") + "/api/2.0/mlflow/runs/log-metric",
        data=json.dumps(body).encode("utf-8"),
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=30).read()


print("learning begins", flush=True)
log("auc", arguments.auc)
for step, loss in enumerate([0.5, 0.25, 0.125]):
    log("loss", loss, step)
end = time.time() + arguments.seconds
while time.time() < end:
    time.sleep(0.1)
os.makedirs(arguments.model, exist_ok=True)
with open(os.path.join(arguments.model, "greeting.txt"), "w", encoding="utf-8") as file:
    file.write("learned")
print("learning ends", flush=True)
