"""Names that the suite imports for replayed runs."""

SANITIZED = "Sanitized"


class FakeTokenCredential:
    """A live run has no use for it."""

    def get_token(self, *_scopes, **_kwargs):
        raise AssertionError("A live run signs in; this credential is for replayed runs.")
