"""What the recorder's fixtures hand to tests, for a run that records nothing."""

import os


class EnvironmentVariables:
    """The variables that say which workspace is tested; nothing is sanitized."""

    def get(self, name: str, default=None):
        return os.environ.get(name, default)

    def sanitize_batch(self, names: dict) -> dict:
        return {name: os.environ[name] for name in names}


class VariableRecorder:
    """Values that a recording would keep: here the first one of each name, for as long as the test runs."""

    def __init__(self) -> None:
        self.variables: dict = {}

    def get_or_record(self, name: str, default: str) -> str:
        return self.variables.setdefault(name, default)
