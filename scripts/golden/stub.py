# A stub of the network for Azure's own Python client: it accepts every request and records it.
import io
import itertools
import json
import re
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from urllib3 import HTTPResponse

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.MachineLearningServices/workspaces/ws1"
)
CONTAINER = "azureml-blobstore-11111111-1111-1111-1111-111111111111"
MADE_UP_NAME = "sad_boniato_ktrz3db4r2"
LATEST = "7"


class Recorder:
    """Answers the requests of one document, and keeps them in their order."""

    def __init__(self):
        self.calls = []
        self._counter = itertools.count(1)

    def guid(self):
        """Guids are made by counting, so that what they go into is the same each time."""
        return uuid.UUID(f"abcdef00-0000-4000-8000-{next(self._counter):012x}")

    def writes(self):
        """What would be created or changed in the workspace, in order."""
        return [
            {"method": call["method"], "path": call["path"], "body": call.get("json")}
            for call in self.calls
            if call["method"] == "PUT" and call["host"] == "management.azure.com"
        ]

    def note_datastore(self, name, body):
        """Notes down a write that the client itself could not make."""
        path = f"{WORKSPACE}/datastores/{name}"
        self.calls.append({"method": "PUT", "host": "management.azure.com", "path": path, "json": body})

    def send(self, _session, request, **_options):
        address = urlsplit(request.url)
        path = unquote(address.path)
        call = {"method": request.method, "host": address.hostname, "path": path}
        query = {name: values[0] for name, values in parse_qs(address.query).items() if name != "sig"}
        if query:
            call["query"] = query
        body = _json(request.body)
        if body is not None:
            call["json"] = body
        self.calls.append(call)
        status, answer, headers = self._answer(request.method, address.hostname, path, query, body)
        content = b"" if answer is None else json.dumps(answer).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = HTTPResponse(
            body=io.BytesIO(content), headers=headers, status=status, preload_content=False, enforce_content_length=False
        )
        response.url = request.url
        response.request = request
        response.reason = "OK" if status < 300 else "Not Found"
        return response

    def _answer(self, method, host, path, query, body):
        if host and ".blob." in host:
            status = 404 if method == "HEAD" else 200 if query.get("comp") == "metadata" else 201
            return status, None, {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "x-ms-error-code": "BlobNotFound"}
        below = path[len(WORKSPACE) :].strip("/") if path.lower().startswith(WORKSPACE.lower()) else None
        if below is None:
            return 200, {"id": path, "name": path.split("/")[-1], "properties": {}}, {}
        if below == "":
            return 200, _workspace(), {}
        if method == "PUT":
            return 200 if "/connections/" in path else 201, _made(path, body), {}
        if below.endswith("startPendingUpload"):
            return 200, _pending(), {}
        if below.endswith("listSecrets"):
            return 200, {"secretsType": "Sas", "sasToken": "sv=1&sig=x"}, {}
        if method == "GET":
            return _found(path, below, query)
        return 200, {}, {}


def _json(body):
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, TypeError):
        return None


def _workspace():
    return {
        "id": WORKSPACE,
        "name": "ws1",
        "location": "eastus2",
        "properties": {
            "workspaceId": "22222222-2222-2222-2222-222222222222",
            "discoveryUrl": "https://eastus2.api.azureml.ms/discovery",
            "mlFlowTrackingUri": f"azureml://eastus2.api.azureml.ms/mlflow/v1.0{WORKSPACE}",
            "storageAccount": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/stor1",
        },
    }


def _made(path, body):
    answer = {**(body or {}), "id": path, "name": path.split("/")[-1]}
    if "/deployments/" in path or re.search(r"/(onlineEndpoints|batchEndpoints|serverlessEndpoints|computes|schedules)/[^/]+$", path):
        answer["properties"] = {**answer.get("properties", {}), "provisioningState": "Succeeded"}
    if "/models/" in path:
        answer["properties"] = {"flavors": {}, **answer["properties"]}
    if "/codes/" in path:
        return {"id": path, "name": path.split("/")[-1], "properties": {"codeUri": body["properties"].get("codeUri")}}
    return answer


def _pending():
    uri = "https://stor1.blob.core.windows.net/abcdef00-aaaaaaaaaaaaaaaaaaaaaaaaaa"
    return {
        "pendingUploadId": "1",
        "pendingUploadType": "TemporaryBlobReference",
        "blobReferenceForConsumption": {
            "blobUri": uri,
            "storageAccountArmId": "x",
            "credential": {"credentialType": "SAS", "sasUri": f"{uri}?sig=x"},
        },
    }


def _found(path, below, query):
    parts = below.split("/")
    kind = parts[0]
    name = parts[-1]
    if kind == "datastores":
        return 200, {"id": path, "name": name, "properties": _datastore(name)}, {}
    if kind == "codes":
        return 200, {"value": []}, {}
    if kind == "computes":
        return 200, {"id": path, "name": name, "location": "eastus2", "properties": _compute(name)}, {}
    if kind in ("onlineEndpoints", "batchEndpoints") and len(parts) == 2:
        properties = {"authMode": "Key", "provisioningState": "Succeeded"}
        return 200, {"id": path, "name": name, "location": "eastus2", "properties": properties}, {}
    if kind in ("models", "data", "environments", "components", "featuresets"):
        return _asset(path, parts)
    return 404, {"error": {"code": "NotFound", "message": f"{path} was not found."}}, {}


def _datastore(name):
    return {
        "datastoreType": "AzureBlob",
        "isDefault": True,
        "accountName": "stor1",
        "containerName": CONTAINER if name == "workspaceblobstore" else name,
        "endpoint": "core.windows.net",
        "protocol": "https",
        "credentials": {"credentialsType": "None"},
    }


def _compute(name):
    return {"computeType": "AmlCompute", "provisioningState": "Succeeded", "properties": {"vmSize": "STANDARD_DS3_V2"}}


def _asset(path, parts):
    kind = parts[0]
    if len(parts) == 2:
        return 200, {"id": path, "name": parts[1], "properties": {"latestVersion": LATEST, "nextVersion": "8"}}, {}
    if len(parts) == 3:
        entry = f"{path}/{LATEST}"
        return 200, {"value": [{"id": entry, "name": LATEST, "properties": _version(kind, parts[1])}]}, {}
    return 200, {"id": path, "name": parts[3], "properties": _version(kind, parts[1])}, {}


def _version(kind, name):
    if kind == "data":
        return {"dataType": "uri_folder", "dataUri": f"azureml://datastores/workspaceblobstore/paths/{name}"}
    if kind == "models":
        return {"modelType": "custom_model", "modelUri": "azureml://datastores/workspaceblobstore/paths/m", "flavors": {}}
    if kind == "components":
        spec = {"name": name, "version": LATEST, "type": "command", "command": "ls", "is_deterministic": True}
        return {"componentSpec": {**spec, "environment": "azureml:e:1"}}
    return {"image": "i", "environmentType": "UserCreated"}
