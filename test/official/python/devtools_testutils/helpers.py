"""Where the suite looks for this function."""

from devtools_testutils import is_live_and_not_recording

__all__ = ["is_live_and_not_recording"]
