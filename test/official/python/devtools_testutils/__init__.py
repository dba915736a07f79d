"""Stands in for the Azure SDK's own recorder, which is on no package index: nothing is recorded here, every run is live."""


class AzureRecordedTestCase:
    """What the suite's classes derive from."""

    @property
    def is_live(self) -> bool:
        return True


def is_live() -> bool:
    return True


def is_live_and_not_recording() -> bool:
    """The suite's own recordings were made with False: uploads keep their real hashes, which True replaces by random ones."""
    return False


def _nothing_to_do(*_args, **_kwargs) -> None:
    """Recordings are cleaned and matched by these; there are none."""


add_body_key_sanitizer = _nothing_to_do
add_general_regex_sanitizer = _nothing_to_do
add_general_string_sanitizer = _nothing_to_do
add_remove_header_sanitizer = _nothing_to_do
add_uri_regex_sanitizer = _nothing_to_do
remove_batch_sanitizers = _nothing_to_do
set_bodiless_matcher = _nothing_to_do
set_custom_default_matcher = _nothing_to_do
