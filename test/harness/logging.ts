// Writes the command line of a job that logs metrics the way the example does: MLflow's REST API with Python's standard library.
const LOG = `
import json, os, sys, time, urllib.request
uri = os.environ["MLFLOW_TRACKING_URI"]
if uri.startswith("azureml://"):
    uri = "https://" + uri[10:].split("?")[0].replace("/mlflow/v1.0/", "/mlflow/v2.0/")
metrics = [{"key": k, "value": float(v), "timestamp": int(time.time() * 1000), "step": s} for s, (k, v) in enumerate(p.split("=") for p in sys.argv[1:])]
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "metrics": metrics}).encode()
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
urllib.request.urlopen(urllib.request.Request(uri + "/api/2.0/mlflow/runs/log-batch", body, headers)).read()
`;

/** The command that logs these metrics, each at a step of its own; a value may be an expression that the service fills in. */
export function logging(metrics: Readonly<Record<string, number | string>>): string {
  const script = Buffer.from(LOG).toString("base64");
  const values = Object.entries(metrics).map(([name, value]) => `${name}=${value}`);
  return `echo ${script} | base64 -d > log.py && python log.py ${values.join(" ")}`;
}
