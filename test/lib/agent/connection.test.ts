// Service connections of every scheme, scope and cloud, and what is said of one that lacks something.
import assert from "node:assert/strict";
import { type ConnectionDetails, readConnection } from "../../../lib/agent/connection.ts";
import { cloudOf, clouds } from "../../../lib/azure/index.ts";
import { TaskError } from "../../../lib/errors.ts";

const id = "11111111-2222-3333-4444-555555555555";

interface Given {
  url?: string;
  scheme?: string;
  parameters?: Record<string, string>;
  data?: Record<string, string>;
}

function read({ url = "https://management.azure.com/", scheme, parameters = {}, data = {} }: Given): ConnectionDetails {
  const look = (values: Record<string, string>) => (key: string) =>
    Object.entries(values).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1] || undefined;
  return readConnection("azureSubscription", id, { url, scheme, parameter: look(parameters), data: look(data) });
}

const fault = (given: Given): TaskError => {
  try {
    read(given);
  } catch (error) {
    assert.ok(error instanceof TaskError && error.kind === "connection");
    return error;
  }
  return assert.fail("nothing was thrown");
};

const principal = { tenantid: "t", serviceprincipalid: "c" };
const subscription = { subscriptionId: "s", environment: "AzureCloud", scopeLevel: "Subscription" };

describe("service connection", () => {
  it("reads a service principal with a secret, and takes a missing scheme for one", () => {
    const parameters = { ...principal, serviceprincipalkey: "k", authenticationType: "spnKey" };
    for (const scheme of ["ServicePrincipal", "serviceprincipal", undefined]) {
      assert.deepEqual(read({ ...(scheme ? { scheme } : {}), parameters, data: subscription }), {
        id,
        scheme: "servicePrincipalSecret",
        tenantId: "t",
        clientId: "c",
        secret: "k",
        subscriptionId: "s",
        cloud: { environment: "AzureCloud", resourceManagerUrl: "https://management.azure.com/" },
      });
    }
  });

  it("reads a service principal with a certificate", () => {
    const parameters = { ...principal, authenticationType: "spnCertificate", servicePrincipalCertificate: "PEM" };
    const details = read({ scheme: "ServicePrincipal", parameters, data: subscription });
    assert.equal(details.scheme, "servicePrincipalCertificate");
    assert.equal(details.certificatePem, "PEM");
    assert.equal(details.secret, undefined);
  });

  it("reads workload identity federation, and the connection's name from its subject", () => {
    const parameters = { ...principal, workloadIdentityFederationSubject: "sc://contoso/breast-cancer/aml dev" };
    const details = read({ scheme: "WorkloadIdentityFederation", parameters, data: subscription });
    assert.equal(details.scheme, "workloadIdentity");
    assert.equal(details.name, "aml dev");
    assert.deepEqual(details.hidden, ["sc://contoso/breast-cancer/aml dev"]);
  });

  it("reads a managed identity, of the machine or of the user", () => {
    const system = read({ scheme: "ManagedServiceIdentity", parameters: { tenantid: "t" }, data: subscription });
    assert.deepEqual([system.scheme, system.clientId], ["managedIdentity", undefined]);
    const user = read({ scheme: "ManagedServiceIdentity", data: { ...subscription, msiClientId: "m" } });
    assert.deepEqual([user.tenantId, user.clientId], ["", "m"]);
  });

  it("takes resource group, workspace and location from the scope of a workspace", () => {
    const data = {
      subscriptionId: "s",
      scopeLevel: "AzureMLWorkspace",
      resourceGroupName: "rg1",
      mlWorkspaceName: "ws1",
      mlWorkspaceLocation: "eastus2",
    };
    const details = read({ scheme: "ManagedServiceIdentity", data });
    assert.deepEqual([details.resourceGroup, details.workspace, details.location], ["rg1", "ws1", "eastus2"]);
  });

  it("does not take a workspace that a connection kept from another scope", () => {
    const data = { ...subscription, resourceGroupName: "rg1", mlWorkspaceName: "old" };
    const details = read({ scheme: "ManagedServiceIdentity", data });
    assert.deepEqual([details.resourceGroup, details.workspace], ["rg1", undefined]);
  });

  it("hands on what the connection says of its cloud", () => {
    const data = {
      subscriptionId: "s",
      environment: "AzureStack",
      activeDirectoryAuthority: "https://login.local/",
      activeDirectoryServiceEndpointResourceId: "https://arm.local",
      StorageEndpointSuffix: "local",
    };
    assert.deepEqual(read({ url: "https://arm.local/", scheme: "ManagedServiceIdentity", data }).cloud, {
      environment: "AzureStack",
      resourceManagerUrl: "https://arm.local/",
      authorityUrl: "https://login.local/",
      audience: "https://arm.local",
      storageSuffix: "local",
    });
  });

  it("names the connection and what it lacks", () => {
    const scheme = "ServicePrincipal";
    const cases: [Given, RegExp][] = [
      [{ scheme, parameters: { serviceprincipalid: "c" }, data: subscription }, /has no tenant id/],
      [{ scheme, parameters: { tenantid: "t" }, data: subscription }, /has no service principal id/],
      [{ scheme, parameters: principal, data: subscription }, /has no service principal key/],
      [
        { scheme, parameters: { ...principal, authenticationType: "spnCertificate" }, data: subscription },
        /has no certificate/,
      ],
      [{ scheme, parameters: { ...principal, serviceprincipalkey: "k" } }, /has no subscription id/],
      [
        { scheme, parameters: { ...principal, serviceprincipalkey: "k" }, data: { scopeLevel: "ManagementGroup" } },
        /scope of a management group/,
      ],
      [{ scheme: "PublishProfile", data: subscription }, /signs in by PublishProfile/],
    ];
    for (const [given, message] of cases) {
      const error = fault(given);
      assert.match(error.message, message);
      assert.match(error.message, new RegExp(id));
      assert.ok(error.hint);
    }
  });

  describe("of type azureml-workspace", () => {
    const scheme = "None";
    const data = {
      environment: "AzureUSGovernment",
      activeDirectoryAuthority: "https://login.microsoftonline.us/",
      tenantId: "t",
      subscriptionId: "s",
      resourceGroupName: "rg1",
      mlWorkspaceName: "ws1",
    };
    const common = { id, tenantId: "t", subscriptionId: "s", resourceGroup: "rg1", workspace: "ws1" };
    const cloud = {
      environment: "AzureUSGovernment",
      resourceManagerUrl: "https://management.usgovcloudapi.net/",
      authorityUrl: "https://login.microsoftonline.us/",
    };
    const url = "https://management.usgovcloudapi.net/";

    const ways: [string, Record<string, string>, object][] = [
      ["workloadIdentityFederation", { servicePrincipalId: "c" }, { scheme: "workloadIdentity", clientId: "c" }],
      [
        "spnKey",
        { servicePrincipalId: "c", servicePrincipalKey: "k" },
        { scheme: "servicePrincipalSecret", clientId: "c", secret: "k" },
      ],
      [
        "spnCertificate",
        { servicePrincipalId: "c", servicePrincipalCertificate: "PEM" },
        { scheme: "servicePrincipalCertificate", clientId: "c", certificatePem: "PEM" },
      ],
      ["managedIdentity", {}, { scheme: "managedIdentity" }],
      ["managedIdentity", { servicePrincipalId: "m" }, { scheme: "managedIdentity", clientId: "m" }],
    ];
    for (const [authenticationType, parameters, wanted] of ways) {
      it(`reads what an earlier form made: ${authenticationType} with ${Object.keys(parameters).join(" and ") || "nothing else"}`, () => {
        const details = read({ url, scheme, parameters: { authenticationType, ...parameters }, data });
        assert.deepEqual(details, { ...common, ...wanted, cloud });
      });
    }

    const fields: [string, Record<string, string>, Record<string, string>, object][] = [
      ["the application alone", { servicePrincipalId: "c" }, {}, { scheme: "workloadIdentity", clientId: "c" }],
      [
        "a client secret",
        { servicePrincipalId: "c", servicePrincipalKey: "k" },
        {},
        { scheme: "servicePrincipalSecret", clientId: "c", secret: "k" },
      ],
      [
        "a certificate",
        { servicePrincipalId: "c", servicePrincipalCertificate: "PEM" },
        {},
        { scheme: "servicePrincipalCertificate", clientId: "c", certificatePem: "PEM" },
      ],
      ["the machine's identity", {}, { managedIdentity: "System" }, { scheme: "managedIdentity" }],
      ["an identity's client id", {}, { managedIdentity: "m" }, { scheme: "managedIdentity", clientId: "m" }],
    ];
    for (const [title, parameters, more, wanted] of fields) {
      it(`signs in by the fields that are filled in: ${title}`, () => {
        const { environment: _named, activeDirectoryAuthority: _address, ...plain } = data;
        const details = read({ url, scheme, parameters, data: { ...plain, ...more } });
        assert.deepEqual(details, { ...common, ...wanted, cloud: { environment: "Custom", resourceManagerUrl: url } });
        assert.equal(cloudOf(details.cloud), clouds.AzureUSGovernment, "its URL says which cloud");
      });
    }

    it("refuses fields that say two ways to sign in, or none", () => {
      const both = { servicePrincipalId: "c", servicePrincipalKey: "k", servicePrincipalCertificate: "PEM" };
      const cases: [Given, RegExp][] = [
        [
          { scheme, parameters: both, data },
          /says 2 ways to sign in: the client secret and the certificate are filled in/,
        ],
        [
          { scheme, parameters: { servicePrincipalId: "c" }, data: { ...data, managedIdentity: "system" } },
          /2 ways to sign in: the managed identity and the application/,
        ],
        [
          { scheme, parameters: both, data: { ...data, managedIdentity: "system" } },
          /3 ways to sign in: the client secret and the certificate and the managed identity/,
        ],
        [{ scheme, parameters: { servicePrincipalKey: "k" }, data }, /has no service principal id/],
        [{ scheme, parameters: {}, data }, /says no way to sign in/],
      ];
      for (const [given, message] of cases) assert.match(fault(given).message, message);
      assert.match(fault(cases[0]![0]).hint ?? "", /fill in one way/);
    });

    it("takes the addresses of a cloud of its own", () => {
      const own = {
        ...data,
        environment: "Custom",
        activeDirectoryAuthority: "",
        environmentAuthorityUrl: "https://login.local/",
        activeDirectoryServiceEndpointResourceId: "https://arm.local/",
      };
      const parameters = { authenticationType: "managedIdentity" };
      const { cloud } = read({ url: "https://arm.local/", scheme, parameters, data: own });
      assert.deepEqual(cloud, {
        environment: "Custom",
        resourceManagerUrl: "https://arm.local/",
        authorityUrl: "https://login.local/",
        audience: "https://arm.local/",
      });
    });

    it("names what it lacks", () => {
      const parameters = { authenticationType: "workloadIdentityFederation", servicePrincipalId: "c" };
      const without = (key: string) => ({ ...data, [key]: "" });
      const cases: [Given, RegExp][] = [
        [
          { scheme, parameters: { authenticationType: "spnKey", servicePrincipalId: "c" }, data },
          /service principal key/,
        ],
        [
          { scheme, parameters: { authenticationType: "spnCertificate", servicePrincipalId: "c" }, data },
          /certificate/,
        ],
        [{ scheme, parameters: { authenticationType: "spnKey" }, data }, /service principal id/],
        [{ scheme, parameters, data: without("tenantId") }, /tenant id/],
        [{ scheme, parameters, data: without("resourceGroupName") }, /has no resource group/],
        [{ scheme, parameters, data: without("mlWorkspaceName") }, /has no workspace/],
        [{ scheme, parameters: { authenticationType: "token" }, data }, /signs in by token/],
      ];
      for (const [given, message] of cases) assert.match(fault(given).message, message);
    });
  });

  it("says so where the agent was given no such connection", () => {
    const nothing = { parameter: () => undefined, data: () => undefined, url: undefined, scheme: undefined };
    assert.throws(() => readConnection("azureSubscription", "aml-typo", nothing), {
      kind: "connection",
      message:
        'Input azureSubscription names the service connection "aml-typo", and the agent was given none by that id.',
    });
  });
});
