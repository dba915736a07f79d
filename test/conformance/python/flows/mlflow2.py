"""MLflow 2 against the strict workspace."""

from flows._mlflow import *  # noqa: F403  (its flows are this module's)
