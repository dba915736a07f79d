"""Runs the flows of the modules named on the command line and tells each result as a line of JSON.

A flow is a function marked with @flow("what it shows"); it passes when it returns. Whatever it prints is shown only
when it fails. Results go to the descriptor that standard output was at the start; the last line is {"complete": true}.
A flow that hangs ends the process, and where it hung is written to what standard error was.
"""

import faulthandler
import importlib
import json
import os
import sys
import tempfile
import time
import traceback

from world import flows


def main() -> int:
    results = os.fdopen(os.dup(1), "w", buffering=1)
    errors = os.fdopen(os.dup(2), "w", buffering=1)
    only = os.environ.get("CONFORMANCE_ONLY", "").lower().replace(":", "")
    failed = 0
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        for module in sys.argv[1:]:
            flows.clear()
            try:
                importlib.import_module(f"flows.{module}")
            except Exception:  # a module that cannot be read is a failure like any other
                flows.append((f"{module} can be imported", lambda text=traceback.format_exc(): _fail(text)))
            for title, work in list(flows):
                if only not in f"{module} {title}".lower().replace(":", ""):
                    continue
                faulthandler.dump_traceback_later(float(os.environ["CONFORMANCE_FLOW_SECONDS"]), exit=True, file=errors)
                failed += _run(module, title, work, said, results)
                faulthandler.cancel_dump_traceback_later()
    results.write(json.dumps({"complete": True}) + "\n")
    results.flush()
    return 1 if failed else 0


def _run(module, title, work, said, results) -> int:
    said.seek(0)
    said.truncate()
    started = time.monotonic()
    error = None
    try:
        work()
    except BaseException:  # also SystemExit: a flow must not end the others
        error = traceback.format_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    output = ""
    if error is not None:
        said.seek(0)
        output = said.read()[-4000:]
    result = {
        "suite": module,
        "title": title,
        "ok": error is None,
        "milliseconds": round((time.monotonic() - started) * 1000),
    }
    if error is not None:
        result.update(error=error[-6000:], output=output)
    results.write(json.dumps(result) + "\n")
    return 0 if error is None else 1


def _fail(text):
    raise AssertionError(text)


if __name__ == "__main__":
    sys.exit(main())
