// The generator behind npm run contract: definitions that versions share, rules carried on, and TypeScript types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GeneratedClient } from "../../scripts/contract/client.ts";
import { type Schema, schemaOf } from "../../scripts/contract/schema.ts";
import { typesText } from "../../scripts/contract/types.ts";

const root = path.resolve(import.meta.dirname, "../..");
const contract = path.join(root, "local/azure/contract");

/** As the older generator writes models: a map of attributes, rules of validation, enumerations in the docstring. */
const MSREST = `
class Pet(msrest.serialization.Model):
    """A pet.

    :vartype kind: str or ~azure.models.Kind
    """
    _validation = {'kind': {'required': True}, 'name': {'required': True, 'min_length': 1, 'pattern': r'[a-z]'}, 'born': {'readonly': True}}
    _attribute_map = {'additional_properties': {'key': '', 'type': '{object}'}, 'kind': {'key': 'kind', 'type': 'str'}, 'name': {'key': 'name', 'type': 'str'}, 'born': {'key': 'born', 'type': 'iso-8601'}, 'owner': {'key': 'home.owner', 'type': '[str]'}}
    _subtype_map = {'kind': {'Cat': 'Cat'}}

class Cat(Pet):
    _validation = {'kind': {'required': True}, 'name': {'required': True, 'min_length': 1, 'pattern': r'[a-z]'}, 'born': {'readonly': True}}
    _attribute_map = {'kind': {'key': 'kind', 'type': 'str'}, 'name': {'key': 'name', 'type': 'str'}, 'born': {'key': 'born', 'type': 'iso-8601'}, 'lives': {'key': 'lives', 'type': 'int'}}
`;
/** The same as the newer one does. */
const ANNOTATED = `
class Pet(_Model):
    __mapping__: dict[str, _Model] = {}
    kind: str = rest_discriminator(name="kind", visibility=["read", "create"])
    name: str = rest_field(visibility=["read", "create"])
    born: Optional[datetime.datetime] = rest_field(visibility=["read"])
    toys: Optional[list["_models.Kind"]] = rest_field(name="toysOwned")

class Cat(Pet, discriminator="Cat"):
    lives: Optional[int] = rest_field()
    kind: Literal[Kind.CAT] = rest_discriminator(name="kind")
`;
const ENUMS = "class Kind(str, Enum):\n    CAT = 'Cat'\n";
const URL = "/subscriptions/{s}/providers/Microsoft.MachineLearningServices/pets/{name}";
const OPERATIONS = (read: string) => `
def build_put_request(**kwargs):
    _url = "${URL}"
    path_format_arguments = {"name": _SERIALIZER.url("name", name, 'str', pattern=r'^[a-z]+$')}
    return HttpRequest(method="PUT", url=_url)

class PetsOperations:
    def put(self, name, body: Union[_models.Pet, JSON, IO[bytes]]):
        _json = self._serialize.body(body, 'Pet')
        request = build_put_request()
        return self._deserialize(${read})
`;

describe("npm run contract", () => {
  let folder: string;
  let clients: GeneratedClient[];
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "contract-"));
    const client = (name: string, version: string, models: [string, string], read: string) => {
      const home = path.join(folder, name);
      for (const part of ["models", "operations"]) mkdirSync(path.join(home, part), { recursive: true });
      writeFileSync(path.join(home, "_configuration.py"), `api_version = "${version}"\n`);
      writeFileSync(path.join(home, "models", models[0]), models[1]);
      writeFileSync(path.join(home, "models", "_enums.py"), ENUMS);
      writeFileSync(path.join(home, "operations", "_operations.py"), OPERATIONS(read));
      return home;
    };
    const folders = [
      client("old", "2023-01-01", ["_models_py3.py", MSREST], "'Pet', response"),
      client("new", "2024-01-01", ["_models.py", ANNOTATED], "_models.Pet, response"),
    ];
    const reader = path.join(root, "scripts/contract/read-client.py");
    const read = JSON.parse(execFileSync("python3", [reader, ...folders], { encoding: "utf8" }));
    clients = read.map((one: { apiVersions: [string] }) => ({ ...one, apiVersion: one.apiVersions[0] }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("reads both forms of generated clients without running them", () => {
    const { definitions, operations, versions } = schemaOf(clients, [], () => true);
    assert.deepEqual(versions, ["2023-01-01", "2024-01-01"]);
    assert.deepEqual(operations, {
      "PUT pets/{}": [{ in: [0, 1], body: "Pet", answer: "Pet", namePattern: "^[a-z]+$" }],
    });
    const name = { type: "string", required: true, pattern: "[a-z]", minLength: 1 };
    const kind = { type: "Kind", required: true };
    const born = { type: "string", readOnly: true };
    assert.deepEqual(definitions["Pet"], [
      {
        in: [0],
        properties: { born, home: "Pet_home", kind, name },
        additional: "any",
        discriminator: "kind",
        subtypes: { Cat: "Cat" },
      },
      {
        in: [1],
        // What the newer form does not say is carried on from the version before.
        properties: { born, kind, name, toysOwned: "[Kind]" },
        additional: "any",
        discriminator: "kind",
        subtypes: { Cat: "Cat" },
      },
    ]);
    assert.deepEqual(definitions["Cat"], [{ in: [0, 1], base: "Pet", properties: { lives: "integer" } }]);
    assert.deepEqual(definitions["Kind"], [{ in: [0, 1], enum: ["Cat"] }]);
    assert.deepEqual(definitions["Pet_home"], [{ in: [0], properties: { owner: "[string]" } }]);
  });

  it("leaves out what is not wanted, and what only that needs", () => {
    assert.deepEqual(schemaOf(clients, [], () => false).definitions, {});
  });

  it("wrote the types that lie in the repository from the schema that does", () => {
    const schema = JSON.parse(readFileSync(path.join(contract, "published.gen.json"), "utf8")) as Schema;
    assert.equal(readFileSync(path.join(contract, "types.gen.ts"), "utf8"), typesText(schema));
  });
});
