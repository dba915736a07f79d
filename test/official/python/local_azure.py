"""pytest plug-in: runs azure-ai-ml's own end-to-end tests against local Azure, with the tests' bodies unchanged.

Says where the cloud is, signs in there, cuts waits, and writes how each test ended as a line of JSON.
"""

import functools
import json
import os
import re
import sys
import time

import azure.identity
import pytest
from azure.ai.ml import _azure_environments
from devtools_testutils.proxy_fixtures import EnvironmentVariables, VariableRecorder

CONFIGURATIONS = os.path.join(os.getcwd(), "tests", "test_configs")
LONGEST_WAIT = 1.0


def _point_at_the_local_cloud() -> None:
    # The tests ask for AzureCloud by name, so that name leads to the local cloud.
    _azure_environments._environments["AzureCloud"] = json.loads(os.environ["OFFICIAL_CLOUD"])
    # The authority is local Azure's; Microsoft's own is not asked whether there is such an authority.
    credential = azure.identity.ClientSecretCredential
    credential.__init__ = functools.partialmethod(credential.__init__, disable_instance_discovery=True)


def _cut_waits() -> None:
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, LONGEST_WAIT))


_point_at_the_local_cloud()
_cut_waits()


# ---- files that a test opened and that are not there


_missing = set()


def _watch(event: str, arguments) -> None:
    if event != "open" or not isinstance(arguments[0], str) or not str(arguments[1]).startswith("r"):
        return
    path = os.path.abspath(arguments[0])
    if path.startswith(CONFIGURATIONS) and not os.path.exists(path):
        _missing.add(os.path.relpath(path))


sys.addaudithook(_watch)


def _named_and_missing(error: str):
    """Files and folders of the suite's configuration that a failure names and that are not there."""
    for path in re.findall(r"[^\s'\"=(]*tests/test_configs/[^\s'\",:;)\]\x1b]+", error):
        if not os.path.exists(path):
            yield os.path.relpath(path)


# ---- the recorder's fixtures, for a run that records nothing


@pytest.fixture(scope="session")
def test_proxy():
    return None


@pytest.fixture(scope="session")
def environment_variables() -> EnvironmentVariables:
    return EnvironmentVariables()


@pytest.fixture
def variable_recorder() -> VariableRecorder:
    return VariableRecorder()


@pytest.fixture
def recorded_test():
    return None


# ---- how each test ended


def pytest_collection_modifyitems(config, items) -> None:
    # Some tests allow themselves an hour; what takes longer than this hangs.
    for item in items:
        item.add_marker(pytest.mark.timeout(int(os.environ["OFFICIAL_TEST_SECONDS"])), append=False)
    texts = [text for text in os.environ["OFFICIAL_ONLY"].split("\n") if text]
    others = [item for item in items if texts and not any(text in item.nodeid for text in texts)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    missing = {*_missing, *_named_and_missing(str(report.longrepr))}
    if missing:
        report.user_properties.append(("missing", sorted(missing)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    _missing.clear()


class Writer:
    """Writes a line for each test once it is over."""

    def __init__(self, file: str) -> None:
        self._file = open(file, "a", encoding="utf-8")
        self._tests: dict = {}

    def _write(self, result: dict) -> None:
        self._file.write(json.dumps(result) + "\n")
        self._file.flush()

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self._write({"id": report.nodeid, "outcome": "failed", "seconds": 0, "error": str(report.longrepr)[-6000:]})

    def pytest_runtest_logreport(self, report) -> None:
        so_far = self._tests.setdefault(report.nodeid, {"id": report.nodeid, "outcome": "passed", "seconds": 0})
        so_far["seconds"] = round(so_far["seconds"] + report.duration, 3)
        if report.failed:
            so_far["outcome"] = "failed"
            so_far["error"] = (so_far.get("error", "") + str(report.longrepr))[-6000:]
            missing = dict(report.user_properties).get("missing")
            if missing:
                so_far["missing"] = missing
        elif report.skipped and so_far["outcome"] == "passed":
            so_far["outcome"] = "skipped"
            so_far["error"] = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if report.when == "teardown":
            self._write(self._tests.pop(report.nodeid))

    def pytest_sessionfinish(self) -> None:
        # A worker that went down in the middle of a test reports no end of it.
        for result in self._tests.values():
            self._write({**result, "outcome": "failed"})
        self._write({"complete": True})


def pytest_configure(config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(os.environ["OFFICIAL_RESULTS"]), "local_azure_results")
