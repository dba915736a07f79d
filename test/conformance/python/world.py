"""What every flow needs: the clients, names that are unique in the workspace, and folders with files."""

import functools
import os
import tempfile
import threading
import uuid
from pathlib import Path

subscription_id = os.environ["CONFORMANCE_SUBSCRIPTION"]
resource_group = os.environ["CONFORMANCE_RESOURCE_GROUP"]
workspace_name = os.environ["CONFORMANCE_WORKSPACE"]
workspace_id = (
    f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace_name}"
)

#: (title, function), in the order of their definition
flows = []


def flow(title):
    """Marks a function as a flow; `title` says what it shows."""

    def mark(work):
        flows.append((title, work))
        return work

    return mark


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def folder(files=None) -> Path:
    """A new folder with these files: relative path to text or bytes."""
    root = Path(tempfile.mkdtemp(prefix="conformance-"))
    for name, content in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@functools.lru_cache(maxsize=None)
def credential():
    """A service principal with its secret, as AZURE_* name it."""
    from azure.identity import EnvironmentCredential

    # A private cloud's authority is in no public list; the library's own switch for that.
    return EnvironmentCredential(disable_instance_discovery=True)


def new_client(**more):
    from azure.ai.ml import MLClient

    return MLClient(credential(), subscription_id, resource_group, workspace_name, **more)


@functools.lru_cache(maxsize=None)
def client():
    """The workspace's MLClient; the cloud is the one that AZUREML_CURRENT_CLOUD and ARM_CLOUD_METADATA_URL name."""
    return new_client()


def raises(kind, work, *words):
    """Runs `work`, which must raise `kind`; its text must hold each of `words`. Answers the exception."""
    try:
        work()
    except kind as error:
        for word in words:
            assert word in str(error), f"{word!r} is not in: {error}"
        return error
    raise AssertionError(f"nothing was raised, where {kind} was expected")


_environment_lock = threading.Lock()
_environment = []


def environment() -> str:
    """A registered environment that jobs name; one for each process."""
    from azure.ai.ml.entities import Environment

    with _environment_lock:
        if not _environment:
            made = client().environments.create_or_update(
                Environment(name=unique("plain"), version="1", image="mcr.microsoft.com/azureml/plain")
            )
            _environment.append(f"azureml:{made.name}:{made.version}")
    return _environment[0]


def run_command(command_line: str, **more):
    """Submits a command job and waits until it has ended; answers the job as it then is."""
    from azure.ai.ml import command

    job = client().jobs.create_or_update(
        command(command=command_line, environment=environment(), compute="cpu-cluster", **more)
    )
    return ended(job.name)


def ended(name: str, seconds: float = 300):
    """The job once it has ended; polls as the service's own samples do. The deadline ends a flow, it judges nothing."""
    import time

    until = time.monotonic() + seconds
    while True:
        job = client().jobs.get(name)
        if job.status in ("Completed", "Failed", "Canceled"):
            return job
        assert time.monotonic() < until, f"{name} is still {job.status}"
        time.sleep(0.1)
