"""Reads what a generated REST client of azure-ai-ml says of an API: its operations and the models of their bodies.

read-client.py FOLDER...   one generated client each, such as azure/ai/ml/_restclient/v2023_10_01
read-client.py --provider Microsoft.Insights --by-file FOLDER...   a client whose groups of operations have a version each

Prints a JSON list, one entry for each folder, or for each version that its operations have. The sources are parsed and not run, so that nothing but Python is needed.
Two generators made them: models of msrest state a map of attributes and rules of validation, newer ones are annotated.
Types are written as in the committed schema: string, integer, number, boolean, any, a definition's name, [item] and {value}.
"""

import ast
import json
import re
import sys
from pathlib import Path

PROVIDER = "/providers/Microsoft.MachineLearningServices/"
PRIMITIVES = {
    "str": "string", "int": "integer", "long": "integer", "float": "number", "bool": "boolean", "object": "any",
    "iso-8601": "string", "duration": "string", "bytearray": "string", "date": "string", "time": "string",
    "bytes": "string", "Any": "any", "datetime": "string", "timedelta": "string", "JSON": "any",
}
RULES = {"pattern": "pattern", "min_length": "minLength", "max_length": "maxLength"}


def name_of(node):
    """The last part of a dotted name, or of a name in quotes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.split(".")[-1]
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def assigned(body, name):
    for node in body:
        if isinstance(node, ast.Assign) and name_of(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return None


def keywords(call):
    return {one.arg: one.value for one in call.keywords}


def calls(tree, name):
    return [one for one in ast.walk(tree) if isinstance(one, ast.Call) and (name_of(one.func) or "") == name]


# --- models of msrest ---------------------------------------------------------------------------------------------


def wire_type(text):
    if text[0] in "[{":
        return text[0] + wire_type(text[1:-1]) + text[-1]
    return PRIMITIVES.get(text, text)


def documented_enums(docstring):
    """The enumerations that `:vartype NAME: str or ~models.Enumeration` names, by attribute."""
    text = re.sub(r"\s+", " ", docstring or "")
    found = re.findall(r":vartype (\w+): (.*?)(?= :ivar | :vartype |$)", text)
    named = {name: re.search(r"\bstr or ~[\w.]*?(\w+)\]?$", kind.strip()) for name, kind in found}
    return {name: match.group(1) for name, match in named.items() if match}


def msrest_model(node, enums):
    attributes = assigned(node.body, "_attribute_map")
    if attributes is None:
        return None
    validation = assigned(node.body, "_validation") or {}
    documented = documented_enums(ast.get_docstring(node))
    model = {"bases": [name_of(base) for base in node.bases], "properties": {}}
    subtypes = assigned(node.body, "_subtype_map")
    for attribute, said in attributes.items():
        kind = wire_type(said["type"])
        if documented.get(attribute) in enums:
            kind = kind.replace("string", documented[attribute])
        if said["key"] == "":
            model["additional"] = kind[1:-1]
            continue
        rules = validation.get(attribute, {})
        property = {"type": kind}
        if rules.get("required"):
            property["required"] = True
        if rules.get("readonly"):
            property["readOnly"] = True
        property.update({ours: rules[theirs] for theirs, ours in RULES.items() if theirs in rules})
        # A dot parts the keys of an inner object that the client spares its users.
        path = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", said["key"])]
        holder = model
        for part in path[:-1]:
            inner = holder["properties"].setdefault(part, {"inner": {"properties": {}}})
            holder = inner.setdefault("inner", {"properties": {}})
        holder["properties"][path[-1]] = property
        if subtypes and attribute in subtypes:
            model["discriminator"] = said["key"].replace("\\.", ".")
            model["subtypes"] = subtypes[attribute]
    return model


# --- annotated models ---------------------------------------------------------------------------------------------


def annotated_type(node):
    """The wire type of an annotation, and whether it may be left out."""
    if isinstance(node, ast.Constant) and node.value is None:
        return "any", True
    if isinstance(node, ast.Subscript):
        outer = name_of(node.value)
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer == "Optional":
            return annotated_type(items[0])[0], True
        if outer == "Union":
            named = [annotated_type(item)[0] for item in items]
            named = [one for one in named if one != "string"] or named
            return named[0] if len(set(named)) == 1 else "any", False
        if outer in ("list", "List"):
            return f"[{annotated_type(items[0])[0]}]", False
        if outer in ("dict", "Dict"):
            return f"{{{annotated_type(items[1])[0]}}}", False
        if outer == "Literal":
            value = items[0]
            return (name_of(value.value) if isinstance(value, ast.Attribute) else "string"), False
        raise ValueError(f"annotation {ast.unparse(node)}")
    name = name_of(node)
    return PRIMITIVES.get(name, name), False


def annotated_model(node):
    model = {"bases": [name_of(base) for base in node.bases], "properties": {}}
    value = {one.arg: one.value for one in node.keywords}.get("discriminator")
    if value is not None:
        model["chosenBy"] = value.value
    for one in node.body:
        if not isinstance(one, ast.AnnAssign) or not isinstance(one.value, ast.Call):
            continue
        called = name_of(one.value.func)
        if called not in ("rest_field", "rest_discriminator"):
            continue
        said = keywords(one.value)
        wire = said["name"].value if "name" in said else one.target.id
        kind, optional = annotated_type(one.annotation)
        property = {"type": kind}
        if not optional:
            property["required"] = True
        if "visibility" in said and ast.literal_eval(said["visibility"]) == ["read"]:
            property["readOnly"] = True
        model["properties"][wire] = property
        if called == "rest_discriminator" and not isinstance(one.annotation, ast.Subscript):
            model["discriminator"] = wire
    return model


def add_subtypes(models):
    """Gives each annotated base the models that are chosen by its discriminator, as msrest states them."""

    def ancestors(name):
        for base in models.get(name, {}).get("bases", []):
            yield base
            yield from ancestors(base)

    for name, model in models.items():
        if "chosenBy" not in model:
            continue
        # The nearest base that has the discriminator is the one that is asked; those above it know of this model too.
        for base in dict.fromkeys(ancestors(name)):
            if "discriminator" in models.get(base, {}):
                models[base].setdefault("subtypes", {}).setdefault(model["chosenBy"], name)


# --- a client -----------------------------------------------------------------------------------------------------


def read_models(folder):
    """The enumerations, the models, and whether the models say what texts have to look like."""
    enums, models = {}, {}
    for file in sorted(folder.glob("*enums.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                values = [one.value.value for one in node.body if isinstance(one, ast.Assign)]
                enums[node.name] = [value for value in values if isinstance(value, str)]
    source = folder / "_models_py3.py"
    is_msrest = source.exists()
    for node in ast.parse((source if is_msrest else folder / "_models.py").read_text()).body:
        if isinstance(node, ast.ClassDef):
            model = msrest_model(node, enums) if is_msrest else annotated_model(node)
            if model is not None:
                models[node.name] = model
    if not is_msrest:
        add_subtypes(models)
    return enums, models, is_msrest


def read_request(function):
    """Method and path of what a `build_*_request` builds, and the pattern of the last name in the path."""
    built = calls(function, "HttpRequest")
    urls = [one.value for one in ast.walk(function)
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and PROVIDER in one.value]
    if not built or not urls:
        return None
    request = {"method": keywords(built[0])["method"].value, "path": urls[0].split(PROVIDER)[1].rstrip("/")}
    last = re.search(r"\{(\w+)\}$", request["path"])
    for node in ast.walk(function):
        if last and isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and key.value == last.group(1) and isinstance(value, ast.Call):
                    pattern = keywords(value).get("pattern")
                    if pattern is not None:
                        request["namePattern"] = pattern.value
    request["path"] = re.sub(r"\{\w+\}", "{}", request["path"])
    return request


def body_of(function):
    for call in calls(function, "body"):
        if len(call.args) == 2:
            return wire_type(call.args[1].value)
    for argument in function.args.args + function.args.kwonlyargs:
        if argument.arg == "body" or (argument.annotation is not None and "IO[bytes]" in ast.unparse(argument.annotation)):
            if argument.annotation is not None:
                named = re.findall(r"_models\.(\w+)", ast.unparse(argument.annotation))
                if named:
                    return named[0]
    return None


def answer_of(function):
    """The model that is read from an answer; headers and bare words are no model."""
    for call in calls(function, "_deserialize"):
        said = call.args[0]
        kind = wire_type(said.value) if isinstance(said, ast.Constant) else annotated_type(said)[0]
        if kind.strip("[]{}") not in PRIMITIVES.values():
            return kind
    return None


def read_operations(files):
    operations = []
    for file in files:
        tree = ast.parse(file.read_text())
        built = {node.name: read_request(node) for node in tree.body
                 if isinstance(node, ast.FunctionDef) and node.name.startswith("build_")}
        for group in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            methods = {one.name: one for one in group.body if isinstance(one, ast.FunctionDef)}
            for method in methods.values():
                used = [name_of(call.func) for call in ast.walk(method) if isinstance(call, ast.Call)]
                request = next((built[name] for name in used if built.get(name)), None)
                if request is None:
                    continue
                operation = dict(request)
                body = body_of(method)
                if body:
                    operation["body"] = body
                waiting = methods.get("begin" + method.name[: -len("_initial")]) if method.name.endswith("_initial") else None
                answer = answer_of(method) or (answer_of(waiting) if waiting is not None else None)
                if answer:
                    operation["answer"] = answer
                operations.append(operation)
    return operations


VERSION = r"\"(20\d\d-\d\d-\d\d[a-z-]*)\""


def files_by_version(folder, by_file):
    """The files of operations under each version that the client, or the file itself, states."""
    files = sorted((folder / "operations").glob("*operations.py"))
    if not by_file:
        return {tuple(sorted(set(re.findall(VERSION, (folder / "_configuration.py").read_text())))): files}
    found = {}
    for file in files:
        for version in sorted(set(re.findall(r"\"api-version\", " + VERSION, file.read_text()))):
            found.setdefault((version,), []).append(file)
    return found


def main(words):
    global PROVIDER
    if "--provider" in words:
        at = words.index("--provider")
        PROVIDER = f"/providers/{words[at + 1]}/"
        words = words[:at] + words[at + 2 :]
    by_file = "--by-file" in words
    clients = []
    for folder in (Path(word) for word in words if word != "--by-file"):
        enums, models, states_rules = read_models(folder / "models")
        for versions, files in sorted(files_by_version(folder, by_file).items()):
            clients.append({
                "folder": folder.name,
                "apiVersions": list(versions),
                "enums": enums,
                "models": models,
                "statesRules": states_rules,
                "operations": read_operations(files),
            })
    json.dump(clients, sys.stdout)


main(sys.argv[1:])
