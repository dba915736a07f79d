import json
import os


def init():
    global factor
    root = os.environ["AZUREML_MODEL_DIR"]
    path = next(os.path.join(at, name) for at, _, names in os.walk(root) for name in names if name == "factor.txt")
    with open(path) as file:
        factor = float(file.read())


def run(raw):
    return [value * factor for value in json.loads(raw)["values"]]
