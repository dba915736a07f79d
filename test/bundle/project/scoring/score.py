"""Greets: {"name": "Ada"} -> {"greeting": "good day, Ada", "predictions": [1, 2]}."""
import glob
import json
import os

GREETING = ""


def init():
    global GREETING
    paths = glob.glob(os.path.join(os.environ["AZUREML_MODEL_DIR"], "**", "greeting.txt"), recursive=True)
    with open(paths[0], encoding="utf-8") as file:
        GREETING = file.read().strip()
    print("ready to greet")


def run(raw_data):
    name = json.loads(raw_data)["name"]
    return {"greeting": f"{GREETING}, {name}", "predictions": [1, 2]}
