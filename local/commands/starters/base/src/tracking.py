"""Logs metrics and parameters to the run that Azure Machine Learning started for this job.

Azure ML tells a job where its MLflow server is and which run is its own by environment variables. With the `mlflow` and
`azureml-mlflow` packages installed one would call `mlflow.log_metric`; this module speaks the same REST API with Python's
standard library alone, so that the example needs no package. Outside a job it only prints.
"""
import json
import os
import time
import urllib.request


class Run:
    def __init__(self):
        uri = os.environ.get("MLFLOW_TRACKING_URI", "")
        # azureml://HOST/mlflow/v1.0/SCOPE is Azure ML's own scheme; MLflow's REST API lives under https://HOST/mlflow/v2.0/SCOPE
        if uri.startswith("azureml://"):
            uri = "https://" + uri[len("azureml://"):].split("?")[0].replace("/mlflow/v1.0/", "/mlflow/v2.0/")
        self.base = uri.rstrip("/")
        self.id = os.environ.get("MLFLOW_RUN_ID") or os.environ.get("AZUREML_RUN_ID")

    def _post(self, endpoint, body):
        if not (self.base and self.id):
            return
        request = urllib.request.Request(
            f"{self.base}/api/2.0/mlflow/{endpoint}",
            data=json.dumps({"run_id": self.id, "run_uuid": self.id, **body}).encode("utf-8"),
            headers={
                "Content-Type": "application/json",
                "Authorization": "Bearer " + os.environ.get("MLFLOW_TRACKING_TOKEN", ""),
            },
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()

    def metrics(self, values, step=0):
        """Logs several metrics (name -> number) for one step, in one request."""
        now = int(time.time() * 1000)
        self._post(
            "runs/log-batch",
            {"metrics": [{"key": k, "value": v, "timestamp": now, "step": step} for k, v in values.items()]},
        )

    def parameters(self, values):
        self._post("runs/log-batch", {"params": [{"key": k, "value": str(v)} for k, v in values.items()]})
