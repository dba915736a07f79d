// The cloud of a service connection.
import assert from "node:assert/strict";
import { cloudOf, clouds } from "../../../lib/azure/index.ts";

describe("clouds", () => {
  it("takes a known cloud by its resource manager, whatever the connection calls its authority", () => {
    const cloud = cloudOf({
      environment: "AzureCloud",
      resourceManagerUrl: "https://management.azure.com/",
      authorityUrl: "https://login.windows.net/",
    });
    assert.equal(cloud, clouds.AzureCloud);
  });

  for (const name of ["AzureChinaCloud", "AzureUSGovernment"] as const) {
    it(`takes ${name} by its name`, () => assert.equal(cloudOf({ environment: name.toLowerCase() }), clouds[name]));
  }

  it("takes AzureCloud where nothing is said", () => assert.equal(cloudOf({}), clouds.AzureCloud));

  it("makes a cloud of its own from a resource manager that no known cloud has", () => {
    const cloud = cloudOf({
      environment: "AzureStack",
      resourceManagerUrl: "https://localhost:8443/",
      authorityUrl: "https://localhost:8444",
      audience: "https://localhost:8443/",
      storageSuffix: "storage.localhost:8445",
      vaultSuffix: "vault.localhost:8446",
      vaultAudience: "https://vault.localhost/",
    });
    assert.deepEqual(cloud, {
      name: "AzureStack",
      authority: "https://localhost:8444/",
      resourceManager: "https://localhost:8443",
      managementScope: "https://localhost:8443/.default",
      mlScope: "https://ml.azure.com/.default",
      storageScope: "https://storage.azure.com/.default",
      storageSuffix: "storage.localhost:8445",
      vaultScope: "https://vault.localhost/.default",
      vaultSuffix: "vault.localhost:8446",
      studio: "https://ml.azure.com",
      wellKnown: false,
    });
  });

  it("asks for tokens of the public cloud where an own cloud does not say its audience", () => {
    const cloud = cloudOf({ resourceManagerUrl: "https://localhost:1" });
    assert.equal(cloud.managementScope, "https://management.azure.com/.default");
  });
});
