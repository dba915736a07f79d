"""The relay's Bicep files, read by a grammar of Bicep that is not ours (pycep-parser). Nothing compiles or deploys them here."""

import re
from pathlib import Path

from pycep import BicepParser
from world import flow, raises

BICEP = Path(__file__).resolve().parents[4] / "relay" / "bicep"
FILES = {path.name: path.read_text() for path in sorted(BICEP.glob("*.bicep"))}


def parsed(name):
    return BicepParser().parse(text=FILES[name])


@flow("Bicep: every file of the relay is Bicep, with the parameters and resources that its text declares")
def whole():
    assert set(FILES) >= {"main.bicep", "events.bicep", "workspace-reader.bicep"}, FILES.keys()
    for name, text in FILES.items():
        tree = parsed(name)
        for kind, word in (("parameters", "param"), ("variables", "var"), ("resources", "resource"), ("modules", "module"), ("outputs", "output")):
            declared = re.findall(rf"^{word} (\w+)", text, re.MULTILINE)
            assert sorted(tree.get(kind, {})) == sorted(declared), f"{name}: {kind} {sorted(tree.get(kind, {}))} {sorted(declared)}"


@flow("Bicep: resources name their type and a dated api-version, and secrets are marked secure")
def resources():
    for name in FILES:
        tree = parsed(name)
        for symbol, resource in tree["resources"].items():
            assert re.fullmatch(r"Microsoft(\.\w+)+(/\w+)+", resource["type"]), f"{name}: {symbol} is of {resource['type']}"
            version = resource["api_version"]
            assert re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", version), f"{name}: {symbol} has {version}"
        for symbol, parameter in tree["parameters"].items():
            marks = [mark["type"] for mark in parameter["decorators"]]
            if re.search(r"secret|password|key$", symbol, re.IGNORECASE):
                assert "secure" in marks, f"{name}: {symbol} is not secure"
            # People are shown those of the file that they deploy.
            assert name != "main.bicep" or "description" in marks, f"{name}: {symbol} has no description"


def params_of(config):
    """The module's `params`, also where the module has a condition."""
    if "params" in config:
        return config["params"]
    inner = [params_of(value) for value in config.values() if isinstance(value, dict)]
    return next((one for one in inner if one is not None), None)


@flow("Bicep: modules are given what they declare, and nothing else")
def modules():
    found = 0
    for name in FILES:
        for symbol, module in parsed(name).get("modules", {}).items():
            found += 1
            declared = parsed(module["detail"]["path"])["parameters"]
            given = params_of(module["config"])
            assert set(given) <= set(declared), f"{name}: {symbol} gives {set(given) - set(declared)}"
            needed = {one for one, parameter in declared.items() if parameter.get("default") is None}
            assert needed <= set(given), f"{name}: {symbol} does not give {needed - set(given)}"
    assert found == 2, found


@flow("Bicep: what is none is refused by that grammar")
def broken():
    for change in (("param name string", "param name string ="), ("resource identity ", "resource "), ("{", "")):
        text = FILES["main.bicep"].replace(*change, 1)
        assert text != FILES["main.bicep"], change
        raises(Exception, lambda: BicepParser().parse(text=text))
