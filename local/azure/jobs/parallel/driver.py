"""Runs a user's init() and run(mini_batch) over files, as Azure ML's parallel job and batch deployments do, in one process.

For files a mini-batch is a list of paths and its size a number of files; for an MLTable of delimited or Parquet files, with
pandas at hand, it is a data frame and its size a number of bytes.
"""

import argparse
import importlib.util
import json
import os
import sys
import traceback


def main(arguments):
    own, theirs = split(arguments)
    parser = argparse.ArgumentParser()
    parser.add_argument("--entry-script", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--mini-batch-size", default="10")
    parser.add_argument("--error-threshold", type=int, default=-1)
    parser.add_argument("--mini-batch-error-threshold", type=int, default=-1)
    parser.add_argument("--max-retries", type=int, default=3)
    parser.add_argument("--timeout", default="60")
    parser.add_argument("--append-row-to", default="")
    parser.add_argument("--output-file", default="")
    options = parser.parse_args(own)

    sys.argv = [options.entry_script, *theirs]
    sys.path.insert(0, os.path.dirname(os.path.abspath(options.entry_script)))
    spec = importlib.util.spec_from_file_location("entry_script", options.entry_script)
    entry = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(entry)
    print(f"[local Azure, simulated] one process runs every mini-batch of {options.entry_script}.", flush=True)
    if hasattr(entry, "init"):
        entry.init()

    batches = mini_batches(options)
    rows, failed_batches, failed_items, succeeded = [], 0, 0, 0
    for number, batch in enumerate(batches):
        result, tries = None, 0
        while tries <= max(0, options.max_retries):
            tries += 1
            try:
                result = require_rows(entry.run(batch))
                break
            except Exception:
                print(f"Mini-batch {number}, try {tries}, has failed:\n{traceback.format_exc()}", flush=True)
        if result is None and tries > max(0, options.max_retries):
            failed_batches += 1
            failed_items += len(batch)
            if 0 <= options.mini_batch_error_threshold < failed_batches:
                sys.exit(f"{failed_batches} mini-batches have failed; the threshold is {options.mini_batch_error_threshold}.")
        else:
            rows.extend(rows_of(result))
            succeeded += len(result)
            # Items that run() leaves out of its result count as failed.
            failed_items += max(0, len(batch) - len(result))
        if 0 <= options.error_threshold < failed_items:
            sys.exit(f"{failed_items} items have failed; the threshold is {options.error_threshold}.")
    if hasattr(entry, "shutdown"):
        entry.shutdown()
    print(f"{len(batches)} mini-batches, {failed_batches} failed; {len(rows)} rows.", flush=True)
    # With nothing to append the service fails the job, whatever the thresholds (Azure/MachineLearningNotebooks#1652, microsoft/MLOpsPython#328).
    if batches and succeeded == 0 and (options.append_row_to or options.output_file):
        all_failed = "Every mini-batch has failed. " if failed_batches == len(batches) else ""
        sys.exit(f"{all_failed}There is no succeeded mini batch item returned from run().")
    for target in (options.append_row_to, options.output_file):
        if target:
            append(target, rows)
    if batches and failed_batches == len(batches):
        sys.exit("Every mini-batch has failed.")


def require_rows(result):
    """The result of run(), by the service's words where it is none (microsoft/MLOpsPython#328); arrays count too, says its documentation."""
    is_array = hasattr(result, "__array__") and getattr(result, "shape", None) != ()
    if isinstance(result, (list, tuple)) or hasattr(result, "to_csv") or is_array:
        return result
    raise TypeError(
        "The run() method in the entry script should return a list or a pandas DataFrame. The length of returned result is considered as "
        f"succeeded number of items. The actual type of output is {type(result).__name__}."
    )


def split(arguments):
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def mini_batches(options):
    frame = as_table(options.input)
    if frame is not None:
        rows = max(1, size_of(options.mini_batch_size) // max(1, int(frame.memory_usage(deep=True).sum() / max(1, len(frame)))))
        return [frame[start : start + rows] for start in range(0, len(frame), rows)] or [frame]
    files = sorted(files_below(options.input))
    step = max(1, int(float(options.mini_batch_size)))
    return [files[start : start + step] for start in range(0, len(files), step)]


def size_of(text):
    text = str(text).strip().lower()
    for suffix, factor in (("kb", 1024), ("mb", 1024**2), ("gb", 1024**3)):
        if text.endswith(suffix):
            return int(float(text[: -len(suffix)]) * factor)
    return int(float(text or 0)) or 10 * 1024**2


def files_below(path):
    if os.path.isfile(path):
        return [path]
    return [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if name != "MLTable"]


def as_table(path):
    if not os.path.isfile(os.path.join(path, "MLTable")):
        return None
    text = open(os.path.join(path, "MLTable")).read()
    if "read_delimited" not in text and "read_parquet" not in text:
        return None
    try:
        import pandas
    except ImportError:
        return None
    read = pandas.read_parquet if "read_parquet" in text else pandas.read_csv
    return pandas.concat([read(file) for file in sorted(files_below(path))], ignore_index=True)


def rows_of(result):
    if hasattr(result, "to_csv"):
        return [line for line in result.to_csv(sep=" ", header=False, index=False).splitlines()]
    return [row_of(plain(row)) for row in plain(result)]


def row_of(row):
    if isinstance(row, str):
        return row
    return " ".join(map(str, map(plain, row))) if isinstance(row, (list, tuple)) else json.dumps(row, default=plain_or_text)


def plain(value):
    """Arrays and numbers of NumPy as Python's own lists and numbers."""
    return value.tolist() if hasattr(value, "tolist") else value


def plain_or_text(value):
    return value.tolist() if hasattr(value, "tolist") else str(value)


def append(target, rows):
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    with open(target, "a") as out:
        out.writelines(f"{row}\n" for row in rows)


if __name__ == "__main__":
    main(sys.argv[1:])
