// Models, environments and components as the recordings show them: keys, casing, and what the service makes of a body.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { assetCalls, innerCodes, keys, sixKeys } from "./calls.ts";

describe("local Azure's models, environments and components", () => {
  const calls = assetCalls();

  describe("models", () => {
    const uri = (path: string) =>
      `azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg1/workspaces/ws1/datastores/workspaceblobstore/paths/${path}`;

    it("turns resourcegroups into resourceGroups, and always has flavors", async () => {
      const created = await calls.put("/models/m/versions/3", {
        description: "a model",
        tags: { foo: "bar" },
        modelType: "custom_model",
        modelUri: uri("LocalUpload/h/model.pkl"),
      });
      assert.equal(created.status, 201);
      assert.deepEqual(keys(created.body.properties), [
        ..."description tags properties isArchived isAnonymous flavors modelType modelUri jobName".split(" "),
      ]);
      assert.deepEqual(created.body.properties.flavors, {});
      assert.equal(created.body.properties.jobName, null);
      assert.match(created.body.properties.modelUri, /\/resourceGroups\/rg1\//);
      assert.deepEqual(keys(created.body.systemData), sixKeys);
      const again = await calls.put("/models/m/versions/3", {
        modelType: "custom_model",
        modelUri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/h/model.pkl",
      });
      assert.equal(again.status, 200, "the short form is the same place");
      assert.equal(again.body.systemData.createdAt, created.body.systemData.createdAt);
      const moved = await calls.put("/models/m/versions/3", { modelUri: uri("LocalUpload/h/other.pkl") });
      assert.equal(moved.body.error.message, "Asset paths cannot be updated.");
    });

    it("shows provisioningState and stage from 2023-04-01 on", async () => {
      await calls.put("/models/staged/versions/1", { modelUri: uri("x"), stage: "Development" }, "2025-12-01");
      const now = await calls.call("GET", "/models/staged/versions/1");
      assert.deepEqual(
        [now.body.properties.provisioningState, now.body.properties.stage],
        ["Succeeded", "Development"],
      );
      const then = await calls.call("GET", "/models/staged/versions/1", { apiVersion: "2022-10-01" });
      assert.ok(!("stage" in then.body.properties) && !("provisioningState" in then.body.properties));
    });

    it("reads the flavors of an MLflow model from its MLmodel file", async () => {
      await calls.cloud.azure.blobs.put(
        `azureml-blobstore-${calls.cloud.azure.workspaceGuid}`,
        "LocalUpload/h2/iris/MLmodel",
        "flavors:\n  sklearn:\n    sklearn_version: 1.5.0\n    pickled_model: model.pkl\n  python_function:\n    python_version: 3.10\n",
      );
      const properties = { modelType: "mlflow_model", modelUri: uri("LocalUpload/h2/iris") };
      const created = await calls.put("/models/mlflow/versions/1", properties);
      assert.deepEqual(created.body.properties.flavors, {
        sklearn: { data: { sklearn_version: "1.5.0", pickled_model: "model.pkl" } },
        python_function: { data: { python_version: "3.1" } },
      });
    });

    it("has a container with empty tags, and the next version", async () => {
      await calls.put("/models/auto/versions/1", { modelUri: uri("a") });
      const { body } = await calls.call("GET", "/models/auto", { apiVersion: "2022-05-01" });
      assert.deepEqual(body.properties, {
        description: null,
        tags: {},
        properties: {},
        isArchived: false,
        latestVersion: "1",
        nextVersion: "2",
      });
      assert.deepEqual(keys(body.systemData), sixKeys);
    });

    it("keeps anonymous ones anonymous, and out of the list of names", async () => {
      const hash = "0123456789abcdef0123456789abcdef";
      const created = await calls.put(`/models/${hash}/versions/1`, { modelUri: uri("b"), isAnonymous: true });
      assert.equal(created.body.properties.isAnonymous, true);
      const names = (await calls.call("GET", "/models")).body.value.map((one: { name: string }) => one.name);
      assert.ok(names.includes("auto") && !names.includes(hash));
    });

    it("is archived and restored by PUT, as a container too", async () => {
      await calls.put("/models/old/versions/1", { modelUri: uri("c") });
      const archived = await calls.call("PUT", "/models/old", { body: { properties: { isArchived: true } } });
      assert.equal(archived.status, 200);
      assert.equal(archived.body.properties.isArchived, true);
      const names = (await calls.call("GET", "/models")).body.value.map((one: { name: string }) => one.name);
      assert.ok(!names.includes("old"));
    });

    it("is deleted once", async () => {
      await calls.put("/models/gone/versions/1", { modelUri: uri("d") });
      assert.equal((await calls.call("DELETE", "/models/gone/versions/1")).status, 200);
      assert.equal((await calls.call("DELETE", "/models/gone/versions/1")).status, 204);
      assert.equal((await calls.call("GET", "/models/gone/versions/1")).status, 404);
    });
  });

  describe("environments", () => {
    const condaFile =
      "channels:\n- conda-forge\ndependencies:\n- python=3.8\n- pip\n- pip:\n  - mlflow\nname: example-environment\n";
    const image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04";

    it("takes conda as YAML and gives it back as indented JSON", async () => {
      const created = await calls.put("/environments/e/versions/foo", { description: "d", condaFile, image });
      assert.equal(created.status, 201);
      assert.deepEqual(keys(created.body.properties), [
        ..."description tags properties isArchived isAnonymous environmentType image condaFile osType".split(" "),
      ]);
      assert.equal(
        created.body.properties.condaFile,
        '{\n  "channels": [\n    "conda-forge"\n  ],\n  "dependencies": [\n    "python=3.8",\n    "pip",\n    {\n      "pip": [\n        "mlflow"\n      ]\n    }\n  ],\n  "name": "example-environment"\n}',
      );
      const again = await calls.put("/environments/e/versions/foo", { description: "d", condaFile, image });
      assert.equal(again.status, 201, "also the second time");
      assert.equal(again.body.systemData.createdAt, created.body.systemData.createdAt);
    });

    it("does not redefine a version", async () => {
      await calls.put("/environments/fixed/versions/1", { image });
      const refused = await calls.put("/environments/fixed/versions/1", { image: "ubuntu:24.04" });
      assert.equal(refused.status, 409);
      assert.match(
        refused.body.error.message,
        /^Environment fixed with version 1 is already registered and cannot be changed\.$/,
      );
      const again = await calls.put("/environments/fixed/versions/1", { image, osType: "linux" });
      assert.deepEqual([again.status, again.body.properties.osType], [201, "Linux"]);
    });

    it("reads what has published values in any case, and shows it in the published one", async () => {
      await calls.put("/environments/cased/versions/1", { image, osType: "Linux" });
      const again = await calls.put("/environments/cased/versions/1", { image, osType: "linux" });
      assert.deepEqual([again.status, again.body.properties.osType], [201, "Linux"]);
      assert.equal((await calls.put("/environments/cased/versions/1", { image, osType: "WINDOWS" })).status, 409);
      const { body } = await calls.put("/environments/cased/versions/2", { image, autoRebuild: "onbaseimageupdate" });
      assert.equal(
        (await calls.call("GET", "/environments/cased/versions/2")).body.properties.autoRebuild,
        "OnBaseImageUpdate",
      );
      assert.equal(body.properties.osType, "Linux");
    });

    it("shows an anonymous one as recorded at 2023-04-01-preview", async () => {
      const path = "/environments/CliV2AnonymousEnvironment/versions/6bac0123456789abcdef0123456789ab";
      const { body } = await calls.put(path, { image, isAnonymous: true }, "2023-04-01-preview");
      assert.deepEqual(body.properties, {
        description: null,
        tags: {},
        properties: {},
        isArchived: false,
        isAnonymous: true,
        autoDeleteSetting: null,
        environmentType: "UserCreated",
        image,
        condaFile: "",
        osType: "Linux",
        autoRebuild: "Disabled",
        provisioningState: "Succeeded",
        stage: "Logged",
        intellectualProperty: null,
      });
      assert.equal(
        keys(body.properties).join(),
        "description,tags,properties,isArchived,isAnonymous,autoDeleteSetting,environmentType,image,condaFile,osType,autoRebuild,provisioningState,stage,intellectualProperty",
      );
    });

    it("shows a build without an image", async () => {
      const build = { contextUri: "https://x/c/LocalUpload/h/files/", dockerfilePath: "Dockerfile" };
      const { body } = await calls.put("/environments/built/versions/1", { build });
      assert.ok(!("image" in body.properties));
      assert.deepEqual(keys(body.properties).slice(5), ["environmentType", "condaFile", "build", "osType"]);
    });

    it("is missing with the recorded sentence", async () => {
      const answer = await calls.call("GET", "/environments/none");
      assert.equal(answer.status, 404);
      assert.equal(answer.body.error.message, "No environment exists for name: none, version: , label: ");
    });

    it("has curated ones, whose latest is found like any other", async () => {
      const name = "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu";
      const { body } = await calls.call("GET", `/environments/${name}/versions?$orderBy=createdtime%20desc&$top=1`);
      assert.equal(body.value[0].name, "35");
      assert.equal(body.value[0].properties.environmentType, "Curated");
    });
  });

  describe("components", () => {
    const spec = (name: string, code = "1") => ({
      _source: "YAML.COMPONENT",
      $schema: "https://azuremlschemas.azureedge.net/development/commandComponent.schema.json",
      type: "command",
      name,
      version: "1",
      display_name: "CommandComponentBasic",
      description: "basic",
      tags: { tag: "tagvalue" },
      is_deterministic: true,
      command: "echo Hello World",
      code: `azureml:${calls.workspace}/codes/c/versions/${code}`,
      environment: "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33",
      inputs: { component_in_number: { type: "number", default: 10.99, description: "A number" } },
      outputs: { component_out_path: { type: "uri_folder", mode: "rw_mount" } },
    });

    it("rewrites the specification", async () => {
      const created = await calls.put(
        "/components/basic/versions/1",
        { description: "basic", tags: { tag: "tagvalue" }, isAnonymous: false, componentSpec: spec("basic") },
        "2022-10-01",
      );
      assert.equal(created.status, 201);
      assert.equal(created.body.properties.description, null);
      assert.equal(
        JSON.stringify(created.body.properties.componentSpec),
        JSON.stringify({
          $schema: "https://azuremlschemas.azureedge.net/development/commandComponent.schema.json",
          name: "basic",
          version: "1",
          display_name: "CommandComponentBasic",
          is_deterministic: "True",
          type: "command",
          description: "basic",
          tags: { tag: "tagvalue" },
          inputs: {
            component_in_number: { type: "number", optional: "False", default: "10.99", description: "A number" },
          },
          outputs: { component_out_path: { type: "uri_folder" } },
          code: `azureml:${calls.workspace}/codes/c/versions/1`,
          environment: "azureml://registries/azureml/environments/AzureML-sklearn-1.0-ubuntu20.04-py38-cpu/versions/33",
          resources: { instance_count: "1" },
          command: "echo Hello World",
        }),
      );
      const shown = await calls.call("GET", "/components/basic/versions/1", { apiVersion: "2022-10-01" });
      assert.deepEqual(shown.body, created.body);
    });

    it("refuses other code under the same version", async () => {
      await calls.put("/components/fixed/versions/1", { componentSpec: spec("fixed") });
      assert.equal((await calls.put("/components/fixed/versions/1", { componentSpec: spec("fixed") })).status, 200);
      const answer = await calls.put("/components/fixed/versions/1", { componentSpec: spec("fixed", "2") });
      assert.equal(answer.status, 400);
      assert.equal(
        answer.body.error.message,
        'Failed to update component fixed since field "code" is immutable, try specifying a new version.',
      );
      assert.deepEqual(innerCodes(answer), ["BadArgument", "ArgumentInvalid", "UpdateComponentFailed"]);
    });

    it("gives anonymous ones an id of the service's own, the same for the same content", async () => {
      const path = "/components/azureml_anonymous/versions";
      const asked = randomUUID();
      const body = { isAnonymous: true, componentSpec: spec("azureml_anonymous") };
      const one = await calls.put(`${path}/${asked}`, body);
      assert.equal(one.status, 201);
      assert.match(one.headers["location"] ?? "", new RegExp(`${asked}\\?`));
      assert.notEqual(one.body.name, asked);
      const two = await calls.put(`${path}/${randomUUID()}`, body);
      assert.equal(two.body.id, one.body.id);
      assert.equal((await calls.call("GET", `${path}/${one.body.name}`)).status, 200);
    });

    it("leaves an anonymous one the name and version that it was sent with, and gives it none", async () => {
      const put = async (componentSpec: object) => {
        const path = `/components/azureml_anonymous/versions/${randomUUID()}`;
        return (await calls.put(path, { isAnonymous: true, componentSpec })).body.properties.componentSpec;
      };
      const named = await put({ ...spec("samples_train"), version: "0.0.6" });
      assert.deepEqual([named.name, named.version], ["samples_train", "0.0.6"]);
      assert.ok(!("version" in (await put({ ...spec("samples_train"), version: undefined }))));
    });

    it("shows a container without a latest version, and with a moment as the next", async () => {
      await calls.put("/components/held/versions/1", { componentSpec: spec("held") });
      const { body } = await calls.call("GET", "/components/held", { apiVersion: "2022-10-01" });
      assert.equal(body.properties.description, "");
      assert.equal(body.properties.latestVersion, null);
      assert.match(body.properties.nextVersion, /^\d{4}(-\d\d){5}-\d{7}$/);
      assert.deepEqual(Object.keys(body.systemData), ["createdAt", "lastModifiedAt"]);
      const missing = await calls.call("GET", "/components/nowhere");
      assert.equal(missing.body.error.message, "Not found component nowhere.");
      assert.deepEqual(innerCodes(missing), ["NotFound", "ComponentNotFound"]);
    });

    it("resolves a label of a curated environment, and finds the default version", async () => {
      const latest = { ...spec("labelled"), environment: "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest" };
      await calls.put("/components/labelled/versions/1", { componentSpec: latest });
      const { body } = await calls.call("GET", "/components/labelled/versions/azureml_default");
      assert.match(body.properties.componentSpec.environment, /\/versions\/35$/);
      assert.ok(body.id.endsWith("/components/labelled/labels/default"), body.id);
      assert.equal((await calls.call("GET", "/components/labelled/labels/default")).body.name, "1");
    });
  });
});
