"""Serves one deployment's scoring script over loopback HTTP: init() once, run(raw_data) for each request.

Behaves as azureml-inference-server-http 1.5.1 does where a client can see it: run() gets the body as a string, its
result is written as JSON (a str becomes a JSON string, None becomes {}), a failing run() is a 500 that says to look at
the logs, and a failing init() ends the process with exit code 3. Needs nothing but the standard library of Python 3.9.

Started by local/azure/scoring/process.ts. File descriptor 3 is a socket to it: one line of JSON goes out, the port, once
init() has returned; when its other end closes, the local cloud is gone and so is this process with all that it started.
"""
import builtins
import importlib.util
import inspect
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HEADER_LIMIT = 100
logger = logging.getLogger("azmlinfsrv")


def log_like_the_container():
    """Log lines and print() in one form, on standard output; warnings and tracebacks of others stay on standard error."""
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter("%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    printed = logging.getLogger("azmlinfsrv.print")
    original = builtins.print

    def print_to_log(*objects, sep=" ", end="\n", file=None, flush=False):
        if file is None or file is sys.stdout:
            printed.info((" " if sep is None else sep).join(map(str, objects)))
        else:
            original(*objects, sep=sep, end=end, file=file, flush=flush)

    builtins.print = print_to_log


def load_script(app_root, entry_script):
    """Imports the scoring script by path, as a module that no other import knows."""
    script = os.path.join(app_root, entry_script)
    spec = importlib.util.spec_from_file_location("entry_module", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("init", "run"):
        if not hasattr(module, name):
            raise RuntimeError(f"User script at {script} does not have a {name}() function defined.")
    logger.info("Found user script at %s", script)
    return module


class Script:
    """The user's script, ready to be called. One run() at a time, as with the one worker of the default container."""

    def __init__(self, module):
        self.run = module.run
        parameters = list(inspect.signature(module.run).parameters.values())
        self.wants_headers = any(parameter.name == "request_headers" for parameter in parameters)
        inputs = [parameter.name for parameter in parameters if parameter.name != "request_headers"]
        if not inputs:
            raise RuntimeError("run() needs to accept an argument for input data.")
        self.input = inputs[0]
        self.turn = threading.Lock()

    def call(self, text, headers):
        """Returns what run() returned and how many milliseconds it took."""
        arguments = {self.input: text}
        if self.wants_headers:
            arguments["request_headers"] = headers
        with self.turn:
            started = time.perf_counter()
            result = self.run(**arguments)
            return result, (time.perf_counter() - started) * 1000


def swagger(version):
    """The description of an undecorated run(): any JSON in, any JSON out."""
    schema = {"type": "object", "example": {}}
    operation = {"operationId": "RunMLService", "description": "Run web service's model and get the prediction output"}
    answers = {"200": {"description": "The model processed the input correctly and provided a valid prediction"}}
    about = {"title": "ML service", "description": "API specification for the Azure Machine Learning service", "version": "1.0"}
    if version == "3":
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths = {"/score": {"post": {**operation, "requestBody": body, "responses": answers}}}
        return {"openapi": "3.0.3", "info": about, "paths": paths}
    body = [{"name": "serviceInputPayload", "in": "body", "description": "The input payload", "schema": schema}]
    paths = {"/score": {"post": {**operation, "consumes": ["application/json"], "parameters": body, "responses": answers}}}
    return {"swagger": "2.0", "info": about, "schemes": ["https"], "paths": paths}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "azmlinfsrv"
    script = None  # set before the server starts

    def log_message(self, format, *args):
        pass  # score requests are logged once they are answered; probes are not

    def answer(self, status, content, headers=None, mimetype="application/json"):
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", mimetype)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        return status, len(data)

    def refuse(self, status, message, failed=False):
        return self.answer(status, json.dumps({"message": message}), {"x-ms-run-function-failed": str(failed)})

    def request_headers(self):
        """The ids that go back to the client; None when one is too long, which has then been answered."""
        request_id = self.headers.get("x-request-id") or str(uuid.uuid4())
        client_id = self.headers.get("x-ms-client-request-id") or ""
        if len(request_id) > HEADER_LIMIT or len(client_id) > HEADER_LIMIT:
            self.refuse(431, f"x-request-id and x-ms-client-request-id must not exceed {HEADER_LIMIT} characters")
            return None
        named = {"x-request-id": request_id}
        if client_id:
            named["x-ms-client-request-id"] = client_id
        return named

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def score(self, text):
        ids = self.request_headers()
        if ids is None:
            return
        started = time.perf_counter()
        try:
            result, milliseconds = self.script.call(text, dict(self.headers))
        except Exception:
            logger.error("Encountered Exception: %s", traceback.format_exc())
            message = "An unexpected error occurred in scoring script. Check the logs for more info."
            status, length = self.refuse(500, message, failed=True)
        else:
            try:
                headers = {"x-ms-run-function-failed": "False", **ids, "x-ms-run-fn-exec-ms": f"{milliseconds:.3f}"}
                status, length = self.answer(200, json.dumps({} if result is None else result), headers)
            except (TypeError, ValueError):  # what run() returned is no JSON
                logger.error("Encountered Exception: %s", traceback.format_exc())
                message = "An unexpected internal error occurred. Check the logs for more info."
                status, length = self.refuse(500, message)
        logger.info("%s %s %s %.3fms %s", self.command, self.path, status, (time.perf_counter() - started) * 1000, length)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/":
            self.answer(200, "Healthy", mimetype="text/html; charset=utf-8")
        elif url.path == "/swagger.json":
            version = parse_qs(url.query).get("version", ["2"])[0]
            if version in ("2", "3"):
                self.answer(200, json.dumps(swagger(version)), {"x-ms-run-function-failed": "False"})
            else:
                self.refuse(404, f"Swagger version [{version}] is not supported. Supported versions: [2, 3]")
        elif url.path == "/score":
            values = {name: [self.parsed(each) for each in given] for name, given in parse_qs(url.query).items()}
            self.score(json.dumps({name: given[0] if len(given) == 1 else given for name, given in values.items()}))
        else:
            self.refuse(404, "The requested URL was not found on the server.")

    def do_POST(self):
        content = self.body()
        if urlsplit(self.path).path != "/score":
            self.refuse(404, "The requested URL was not found on the server.")
            return
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.refuse(400, f"Input cannot be decoded as UTF-8: {error}")
            return
        self.score(text)

    def do_OPTIONS(self):
        self.answer(200, "", mimetype="text/html; charset=utf-8")

    @staticmethod
    def parsed(value):
        try:
            return json.loads(value)
        except ValueError:
            return value


def live_as_long_as_the_cloud():
    def watch():
        while os.read(3, 64):
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main():
    live_as_long_as_the_cloud()
    app_root = os.environ["AML_APP_ROOT"]
    # The folder of this very file is no place of the user's.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != os.path.dirname(os.path.abspath(__file__))]
    sys.path.append(app_root)
    sys.path.append(os.path.join(app_root, os.path.dirname(os.environ["AZUREML_ENTRY_SCRIPT"])))
    log_like_the_container()
    try:
        module = load_script(app_root, os.environ["AZUREML_ENTRY_SCRIPT"])
        Handler.script = Script(module)
    except BaseException:
        logger.error(traceback.format_exc())
        sys.exit(3)
    logger.info("Invoking user's init function")
    try:
        module.init()
    except BaseException:
        logger.error("User's init function failed")
        logger.error("Encountered Exception %s", traceback.format_exc())
        logger.info("Model Directory Contents:")
        for folder, _, files in os.walk(os.environ.get("AZUREML_MODEL_DIR", "")):
            for name in sorted(files)[:200]:
                logger.info(os.path.join(folder, name))
        sys.exit(3)
    logger.info("Users's init has completed successfully")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    logger.info("Worker with pid %s ready for serving traffic", os.getpid())
    os.write(3, (json.dumps({"port": server.server_address[1]}) + "\n").encode())
    server.serve_forever()


if __name__ == "__main__":
    main()
