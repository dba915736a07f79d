"""Components: a step's specification, from YAML, from files and from code."""

from azure.ai.ml import Input, Output, command, load_component
from azure.ai.ml.constants import ListViewType
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from world import client, environment, flow, folder, raises, unique

specification = """$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: {name}
version: "{version}"
display_name: Prepare
description: prepares
inputs:
  raw: {{ type: uri_folder }}
  share: {{ type: number, default: 0.5, min: 0, max: 1 }}
  verbose: {{ type: boolean, optional: true }}
outputs:
  table: {{ type: uri_folder }}
code: ./src
command: python prepare.py --raw ${{{{inputs.raw}}}} --share ${{{{inputs.share}}}} --out ${{{{outputs.table}}}} $[[--verbose ${{{{inputs.verbose}}}}]]
environment: {environment}
"""


def from_yaml(name, version="1", script="print('prepared')\n"):
    root = folder(
        {
            "component.yml": specification.format(name=name, version=version, environment=environment()),
            "src/prepare.py": script,
        }
    )
    return load_component(str(root / "component.yml"))


@flow("create from YAML with code, and get it")
def create():
    name = unique("prepare").replace("-", "_")
    made = client().components.create_or_update(from_yaml(name))
    assert (made.name, made.version, made.type) == (name, "1", "command")
    got = client().components.get(name, "1")
    assert got.display_name == "Prepare"
    assert got.inputs["share"].default in (0.5, "0.5")
    assert got.inputs["verbose"].optional is True
    assert set(got.outputs) == {"table"}
    assert "/codes/" in got.code


@flow("the same component again changes nothing; other code for it is refused")
def immutable():
    name = unique("fixed").replace("-", "_")
    client().components.create_or_update(from_yaml(name))
    client().components.create_or_update(from_yaml(name))
    raises(
        HttpResponseError,
        lambda: client().components.create_or_update(from_yaml(name, script="print('other')\n")),
        'field "code" is immutable',
    )


@flow("list names and versions; latest and default; archive and restore")
def listed():
    name = unique("listed").replace("-", "_")
    for version in ("1", "2"):
        client().components.create_or_update(from_yaml(name, version))
    assert [one.version for one in client().components.list(name=name)] == ["2", "1"]
    assert name in [one.name for one in client().components.list()]
    assert client().components.get(name, label="latest").version == "2"
    assert client().components.get(name).version == "2"
    client().components.archive(name, version="2")
    assert [one.version for one in client().components.list(name=name)] == ["1"]
    archived = client().components.list(name=name, list_view_type=ListViewType.ARCHIVED_ONLY)
    assert [one.version for one in archived] == ["2"]
    client().components.restore(name, version="2")
    assert len(list(client().components.list(name=name))) == 2


@flow("create from code, without a version")
def from_code():
    name = unique("coded").replace("-", "_")
    builder = command(
        name=name,
        command="echo ${{inputs.text}} > ${{outputs.file}}/x",
        environment=environment(),
        inputs={"text": Input(type="string", default="hello")},
        outputs={"file": Output(type="uri_folder")},
    )
    made = client().components.create_or_update(builder.component)
    assert client().components.get(made.name, made.version).inputs["text"].default == "hello"


@flow("a component that does not exist is ResourceNotFoundError")
def missing():
    raises(ResourceNotFoundError, lambda: client().components.get(unique("nothing"), "1"))
