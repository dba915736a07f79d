// Normalisation of a component's specification, rule by rule as recordings show it.
import assert from "node:assert/strict";
import { keptSpec, type Spec } from "../../../../../local/azure/resources/assets/component-spec.ts";
import type { AzureWorld } from "../../../../../local/azure/world/world.ts";

const world = { assets: { environments: { latest: () => ({ version: "35" }) } } } as unknown as AzureWorld;
const kept = (sent: Spec) => keptSpec(world, sent, { name: sent["name"], version: sent["version"] });

describe("local Azure: a component's specification", () => {
  it("drops what only the client knows, and how inputs and outputs are brought", () => {
    const shown = kept({
      ...{ name: "c", type: "command", command: "ls", id: "azureml:/x", _source: "YAML.JOB", compute: "azureml:cpu" },
      inputs: { data: { type: "uri_folder", mode: "ro_mount" }, text: { type: "string", default: "" } },
      outputs: { out: { type: "uri_file", mode: "upload" } },
    });
    assert.deepEqual(Object.keys(shown), [
      ...["name", "is_deterministic", "type", "inputs", "outputs", "resources", "command"],
    ]);
    const inputs = { data: { type: "uri_folder", optional: "False" }, text: { type: "string", optional: "False" } };
    assert.deepEqual(shown["inputs"], inputs);
    assert.deepEqual(shown["outputs"], { out: { type: "uri_file" } });
  });

  it("shows how many machines a command wants, and not of which size", () => {
    assert.deepEqual(kept({ type: "command", resources: { instance_type: "STANDARD_D3" } })["resources"], {
      instance_count: "1",
    });
    for (const type of ["parallel", "spark"])
      assert.equal(kept({ type, resources: { instance_count: 2 } })["resources"], undefined);
  });

  it("writes a distribution's kind in its own letters", () => {
    const type = (sent: string) =>
      (kept({ type: "command", distribution: { type: sent } })["distribution"] as Spec)["type"];
    assert.deepEqual(["mpi", "pytorch", "tensorflow", "PyTorch", "ray"].map(type), [
      ...["Mpi", "Pytorch", "TensorFlow", "Pytorch", "ray"],
    ]);
  });

  it("fills in a parallel component, and resolves its task's environment", () => {
    const shown = kept({
      type: "parallel",
      retry_settings: { timeout: 3 },
      task: { environment: "azureml:AzureML-Minimal@latest" },
    });
    assert.deepEqual(
      [shown["error_threshold"], shown["logging_level"], shown["retry_settings"]],
      ["-1", "INFO", { max_retries: "3", timeout: "3" }],
    );
    const environment = "azureml://registries/azureml/environments/AzureML-Minimal/versions/35";
    assert.deepEqual(shown["task"], { environment });
    assert.equal(kept({ type: "parallel", error_threshold: 0 })["error_threshold"], "0");
  });

  it("leaves the booleans of Spark's conf in small letters, and others with a capital", () => {
    const shown = kept({ type: "spark", is_deterministic: false, conf: { "spark.x": true, "spark.n": 2 } });
    assert.deepEqual(shown["conf"], { "spark.x": "true", "spark.n": "2" });
    assert.equal(shown["is_deterministic"], "False");
  });

  it("knows Microsoft's internal kinds, whose types have capitals and whose paths are mounted or copied", () => {
    const shown = kept({
      ...{ name: "Train", type: "CommandComponent", environment: { os: "Linux" } },
      inputs: { text: { type: "string" }, folder: { type: "path" }, file: { type: "AnyFile" } },
      outputs: { out: { type: "path" } },
    });
    assert.equal(shown["name"], "train");
    assert.equal(shown["successful_return_code"], "Zero");
    assert.deepEqual(shown["inputs"], {
      text: { type: "String", optional: "False" },
      folder: { type: "path", optional: "False", datastore_mode: "Mount" },
      file: { type: "AnyFile", optional: "False" },
    });
    assert.deepEqual(shown["outputs"], { out: { type: "path", datastore_mode: "Upload" } });
    const onWindows = kept({
      ...{ type: "CommandComponent", environment: { os: "Windows" }, inputs: { folder: { type: "path" } } },
    });
    assert.equal((onWindows["inputs"] as Record<string, Spec>)["folder"]?.["datastore_mode"], "Download");
    const later = kept({ name: "Train", type: "hemera", inputs: { text: { type: "string" } } });
    assert.deepEqual([later["name"], later["inputs"]], ["Train", { text: { type: "string", optional: "False" } }]);
  });
});
