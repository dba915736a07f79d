"""What a pipeline does with Azure's own client in place of a task: one verb, one process. Prints nothing; an exception is a failure."""
import os
import sys

from azure.ai.ml import MLClient, load_data, load_job
from azure.ai.ml.entities import Model
from azure.identity import EnvironmentCredential

client = MLClient(
    EnvironmentCredential(disable_instance_discovery=True),
    os.environ["BENCH_SUBSCRIPTION"],
    os.environ["BENCH_RESOURCE_GROUP"],
    os.environ["BENCH_WORKSPACE"],
)
verb, *rest = sys.argv[1:]
if verb == "register-data":
    client.data.create_or_update(load_data(rest[0], params_override=[{"name": rest[1]}, {"version": "1"}]))
elif verb == "submit-job":
    client.jobs.create_or_update(load_job(rest[0]))
elif verb == "submit-job-and-follow":
    job = client.jobs.create_or_update(load_job(rest[0]))
    client.jobs.stream(job.name)
elif verb == "register-model":
    client.models.create_or_update(Model(path=rest[0], name=rest[1], type="custom_model"))
elif verb == "download-model":
    client.models.download(name=rest[0], version="1", download_path=rest[1])
elif verb == "invoke-endpoint":
    client.online_endpoints.invoke(endpoint_name=rest[0], request_file=rest[1])
else:
    raise SystemExit(f"unknown verb {verb}")
