# record.py FOLDER OUT: what Azure's own Python client sends for each YAML file below FOLDER, without any network.
# OUT/NAME.json holds {"client", "error", "writes"}; the kind of a document is the one that its `$schema` names.
import base64
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import uuid
import warnings
from pathlib import Path

import requests
import yaml

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
os.environ.update({"AZURE_ML_CLI_PRIVATE_FEATURES_ENABLED": "false", "GIT_PYTHON_REFRESH": "quiet"})

import azure.ai.ml as ml  # noqa: E402
from azure.ai.ml.entities import _load_functions as load  # noqa: E402
from azure.core.credentials import AccessToken  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
import stub  # noqa: E402



def _part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


# The client reads from its token for whom it is.
TOKEN = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part({'aud': 'https://ml.azure.com', 'tid': '3', 'oid': '4', 'upn': 'a'})}.{_part({})}"


class Credential:
    def get_token(self, *_scopes, **_options):
        return AccessToken(TOKEN, 4102444800)


def kind_of(document):
    """The kind that `load_*` and the operations group go by, from `$schema` or from what the document holds."""
    schema = str(document.get("$schema", "")).rsplit("/", 1)[-1].split(".")[0].lower()
    for end, kind in (
        ("component", "component"),
        ("job", "job"),
        ("onlinedeployment", "online_deployment"),
        ("onlineendpoint", "online_endpoint"),
        ("batchdeployment", "batch_deployment"),
        ("batchendpoint", "batch_endpoint"),
        ("serverlessendpoint", "serverless_endpoint"),
        ("marketplacesubscription", "marketplace_subscription"),
        ("compute", "compute"),
        ("computeinstance", "compute"),
        ("environment", "environment"),
        ("model", "model"),
        ("data", "data"),
        ("schedule", "schedule"),
        ("connection", "connection"),
    ):
        if schema.endswith(end):
            return kind
    if schema.startswith("azure") or schema.startswith("onelake"):
        return "datastore"
    raise ValueError(f"no kind for {schema!r}")


def send(client, kind, path, document):
    if kind == "job":
        experiment = document.get("experiment_name") or path.parent.name
        client.jobs.create_or_update(ml.load_job(path), experiment_name=experiment)
    elif kind == "batch_deployment":
        client.batch_deployments.begin_create_or_update(batch_deployment(path, document))
    elif kind == "datastore":
        # Version 1.34 hands its own older models to a newer REST client, which cannot write them: this is what they hold.
        store = ml.load_datastore(path)
        client.datastores.note(store.name, store._to_rest_object().serialize())
    else:
        operations, create = OPERATIONS[kind]
        getattr(getattr(client, operations), create)(getattr(load, f"load_{kind}")(path))


OPERATIONS = {
    "component": ("components", "create_or_update"),
    "online_deployment": ("online_deployments", "begin_create_or_update"),
    "online_endpoint": ("online_endpoints", "begin_create_or_update"),
    "batch_endpoint": ("batch_endpoints", "begin_create_or_update"),
    "serverless_endpoint": ("serverless_endpoints", "begin_create_or_update"),
    "marketplace_subscription": ("marketplace_subscriptions", "begin_create_or_update"),
    "compute": ("compute", "begin_create_or_update"),
    "environment": ("environments", "create_or_update"),
    "model": ("models", "create_or_update"),
    "data": ("data", "create_or_update"),
    "schedule": ("schedules", "begin_create_or_update"),
    "connection": ("connections", "create_or_update"),
}


def batch_deployment(path, document):
    kind = str(document.get("type", "")).lower()
    if kind == "pipeline":
        return load.load_pipeline_component_batch_deployment(path)
    return load.load_model_batch_deployment(path) if kind == "model" else load.load_batch_deployment(path)


def record(path):
    recorder = stub.Recorder()
    requests.Session.send = lambda session, request, **options: recorder.send(session, request, **options)
    uuid.uuid4 = recorder.guid
    random.seed(0)
    os.chdir(path.parent)
    error = None
    try:
        document = yaml.safe_load(path.read_text())
        client = ml.MLClient(Credential(), stub.SUBSCRIPTION, "rg1", "ws1")
        client.datastores.note = recorder.note_datastore
        send(client, kind_of(document), path, document)
    except Exception as refusal:  # the client's own refusal is a result
        error = " ".join(f"{type(refusal).__name__}: {refusal}".split()).replace(str(path.parent.parent), "")[:400]
    # A path of this machine would differ each time.
    return {"client": ml.__version__, "error": error, "writes": [] if error else recorder.writes()}


def main():
    source, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    # Outside of any git repository, whose state the client would send along.
    folder = Path(tempfile.mkdtemp()) / source.name
    shutil.copytree(source, folder)
    for module in list(sys.modules.values()):
        if module.__name__.startswith("azure.ai.ml") and hasattr(module, "generate_job_name"):
            module.generate_job_name = lambda: stub.MADE_UP_NAME
    for path in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")]):
        if "$schema" not in path.read_text():
            continue
        name = path.relative_to(folder).as_posix()
        result = record(path)
        target = out / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        print(("refused " if result["error"] else "sent    ") + name, flush=True)
    shutil.rmtree(folder.parent)


main()
