// Check setup as it is shipped: a healthy setup is all green, and each fault that is seeded is named by its own line and no other.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Role } from "../../local/azure/arm/caller.ts";
import { builtInRoles } from "../../local/azure/arm/roles.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import type { ServiceConnection } from "../../local/connections.ts";
import type { Namespace, PermissionOf, Permissions } from "../../local/devops/state/permissions.ts";
import { startProxy } from "../../local/network/proxy.ts";
import { assertSucceeded, Bench, type RunOptions, type TaskRun } from "../harness/bench.ts";
import { until } from "../harness/until.ts";
import { workspaceAsk } from "../local/azure/client.ts";

type Inputs = Readonly<Record<string, string | undefined>>;
/** A pipeline in the documentation. */
interface Snippet {
  readonly steps: readonly { readonly task?: string; readonly inputs?: Inputs }[];
}

/** Everything that can be checked of a pipeline that uses all tasks. */
const everything: Inputs = {
  computes: "cpu-cluster",
  endpoints: "greeter",
  rights: "builds, tests, pullRequests, workItems",
};

/** A fault, the inputs with which it is looked for, and the one line that has to name it. */
interface Fault {
  readonly what: string;
  /** @returns how it is taken back */
  readonly seed: (bench: Bench) => Promise<(() => void) | undefined> | (() => void) | undefined;
  readonly options?: (bench: Bench) => RunOptions;
  readonly inputs?: Inputs;
  readonly line: string;
  /** What the line answers, and what it says is to be done. */
  readonly says: RegExp;
  readonly remedy: RegExp;
}

const connection = (bench: Bench, change: Partial<ServiceConnection>): ServiceConnection => ({
  ...bench.cloud.connections["azure-ml"],
  ...change,
});

/** A service principal with these roles, and a connection that signs in as it. */
function withRoles(bench: Bench, roles: readonly Role[]): ServiceConnection {
  const clientId = randomUUID();
  const secret = randomUUID();
  bench.recorder.keep("client secret", secret);
  bench.cloud.azure.directory.add({
    clientId,
    objectId: randomUUID(),
    displayName: "client with roles of its own",
    secrets: [{ value: secret }],
    hasAccess: true,
    roles,
  });
  const { parameters } = bench.cloud.connections["azure-ml"];
  return connection(bench, {
    parameters: { ...parameters, serviceprincipalid: clientId, serviceprincipalkey: secret },
  });
}

const settings = (bench: Bench) => bench.cloud.azure.settings;
const direct = (bench: Bench): RunOptions => ({ network: { caFile: bench.cloud.caFile } });

const faults: readonly Fault[] = [
  {
    what: "a secret that has expired",
    seed: () => undefined,
    options: () => ({ connection: "azure-ml-expired" }),
    line: "token",
    says: /client secret of the service connection has expired .*AADSTS7000222/,
    remedy: /Make a new client secret in Entra/,
  },
  {
    what: "a federated credential with another subject",
    seed: () => undefined,
    options: (bench) => {
      const federated = bench.cloud.connections["azure-ml-federated"];
      const other = { ...federated, id: randomUUID(), name: "renamed" };
      const { scheme, parameters, ...rest } = other;
      // Azure DevOps knows it under its new name; Entra was never told of that.
      bench.cloud.devops.connections.add({ ...rest, authorization: { scheme, parameters: {} } });
      return { connection: { ...other, scheme, parameters } };
    },
    line: "token",
    says: /no federated credential that matches/,
    remedy: /issuer \S+.*subject sc:\/\/contoso\/breast-cancer\/renamed/,
  },
  {
    what: "a tenant that is none of this cloud",
    seed: () => undefined,
    options: (bench) => {
      const { parameters } = bench.cloud.connections["azure-ml"];
      return { connection: connection(bench, { parameters: { ...parameters, tenantid: randomUUID() } }) };
    },
    line: "token",
    says: /tenant \S+ of the service connection does not exist/,
    remedy: /tenant ID.*right cloud/,
  },
  {
    what: "a connection for another cloud",
    seed: () => undefined,
    options: (bench) => {
      const { activeDirectoryServiceEndpointResourceId: _none, ...data } = bench.cloud.connections["azure-ml"].data;
      return { connection: connection(bench, { data: { ...data, environment: "AzureChinaCloud" } }) };
    },
    line: "token",
    says: /knows no service https:\/\/management\.chinacloudapi\.cn.*its cloud is AzureChinaCloud/,
    remedy: /environment of the service connection/,
  },
  {
    what: "a connection without a subscription",
    seed: () => undefined,
    options: (bench) => {
      const { subscriptionId: _none, ...data } = bench.cloud.connections["azure-ml"].data;
      return { connection: connection(bench, { data }) };
    },
    line: "connection",
    says: /has no subscription id/,
    remedy: /Edit the connection/,
  },
  {
    what: "no role at all",
    seed: () => undefined,
    options: () => ({ connection: "azure-ml-forbidden" }),
    line: "role",
    says: /may not even read the workspace/,
    remedy: /Give the identity a role/,
  },
  {
    what: "a role that lacks what one task needs",
    seed: () => undefined,
    options: (bench) => {
      const but = {
        ...builtInRoles.contributor,
        notActions: ["Microsoft.MachineLearningServices/workspaces/models/*/write"],
      };
      return { connection: withRoles(bench, [but, builtInRoles.storageBlobDataContributor]) };
    },
    inputs: { tasks: "SubmitJob\nAzureMLRegisterModel@1, InvokeEndpoint" },
    line: "role RegisterModel",
    says: /Not allowed: models\/versions\/write\./,
    remedy: /AzureML Data Scientist/,
  },
  {
    what: "a workspace that is not there",
    seed: () => undefined,
    inputs: { workspace: "ws2" },
    line: "workspace",
    says: /no workspace "ws2" in the resource group "rg1"\. There is ws1/,
    remedy: /Correct the inputs workspace/,
  },
  {
    what: "a resource group that is not there",
    seed: () => undefined,
    inputs: { resourceGroup: "rg-gone" },
    line: "workspace",
    says: /no resource group "rg-gone"/,
    remedy: /Correct the input resourceGroup/,
  },
  {
    what: "names that only a private DNS zone knows",
    seed: ({ cloud }) => {
      const { api } = cloud.azure.urls;
      cloud.azure.urls.api = "https://eastus2.api.azureml.invalid";
      return () => {
        cloud.azure.urls.api = api;
      };
    },
    options: direct,
    line: "network names",
    says: /The agent cannot resolve the name eastus2\.api\.azureml\.invalid/,
    remedy: /private DNS zones privatelink\.api\.azureml\.ms/,
  },
  {
    what: "a firewall on the way to the workspace's services",
    seed: ({ cloud }) => {
      const { api } = cloud.azure.urls;
      cloud.azure.urls.api = "https://localhost:9";
      return () => {
        cloud.azure.urls.api = api;
      };
    },
    options: direct,
    line: "network way",
    says: /localhost:9 .*cannot be reached.*ECONNREFUSED/,
    remedy: /Allow the agent's machine to connect to it on port 443/,
  },
  {
    what: "a proxy that does not go there",
    seed: ({ cloud }) => {
      const { api } = cloud.azure.urls;
      cloud.azure.urls.api = "https://eastus2.api.azureml.invalid";
      return () => {
        cloud.azure.urls.api = api;
      };
    },
    line: "network way",
    says: /The agent's proxy does not connect to eastus2\.api\.azureml\.invalid/,
    remedy: /bypass list/,
  },
  {
    what: "a workspace that answers to its private link alone",
    seed: (bench) => {
      settings(bench).network.publicAccess = false;
      return () => {
        settings(bench).network.publicAccess = true;
      };
    },
    line: "network private link",
    says: /takes no calls from this network.*private link configuration/,
    remedy: /inside the network.*No role changes this/,
  },
  {
    what: "a firewall of the storage account",
    seed: (bench) => {
      settings(bench).storage.publicAccess = false;
      return () => {
        settings(bench).storage.publicAccess = true;
      };
    },
    line: "storage network",
    says: /network rules refuse this network/,
    remedy: /storage account's networking.*No role changes this/,
  },
  {
    what: "key access that is switched off, and a datastore that still gives the key",
    seed: (bench) => {
      settings(bench).storage.keyAccess = false;
      return () => {
        settings(bench).storage.keyAccess = true;
      };
    },
    line: "storage by key",
    says: /key access is switched off/,
    remedy: /systemDatastoresAuthMode: identity/,
  },
  {
    what: "no role on storage, where the datastore keeps no key",
    seed: (bench) => {
      settings(bench).storage.datastoresKeepKey = false;
      return () => {
        settings(bench).storage.datastoresKeepKey = true;
      };
    },
    options: (bench) => ({ connection: withRoles(bench, [builtInRoles.contributor]) }),
    line: "storage by identity",
    says: /Storage refuses the identity/,
    remedy: /Storage Blob Data Contributor on the storage account stor1/,
  },
  {
    what: "a role that reads storage and does not write it",
    seed: (bench) => {
      settings(bench).storage.datastoresKeepKey = false;
      return () => {
        settings(bench).storage.datastoresKeepKey = true;
      };
    },
    options: (bench) => ({
      connection: withRoles(bench, [builtInRoles.contributor, builtInRoles.storageBlobDataReader]),
    }),
    line: "storage by identity",
    says: /may read, and not write/,
    remedy: /Storage Blob Data Contributor/,
  },
  {
    what: "a compute that is not there",
    seed: () => undefined,
    inputs: { computes: "cpu-clutser" },
    line: "compute cpu-clutser",
    says: /no compute "cpu-clutser"; it has .*cpu-cluster/,
    remedy: /Correct the input computes/,
  },
  {
    what: "a compute instance that is stopped",
    seed: async (bench) => {
      const { cloud } = bench;
      const token = await tokenOf(bench);
      const body = {
        location: cloud.location,
        properties: { computeType: "ComputeInstance", properties: { vmSize: "STANDARD_DS3_V2" } },
      };
      await workspaceAsk(cloud, "PUT", "/computes/notebook-vm", { token, body });
      await workspaceAsk(cloud, "POST", "/computes/notebook-vm/stop", { token });
      await until("the compute instance to be stopped", async () => {
        const { body: now } = await workspaceAsk(cloud, "GET", "/computes/notebook-vm", { token });
        return (now as { properties: { properties: { state: string } } }).properties.properties.state === "Stopped";
      });
      return undefined;
    },
    inputs: { computes: "notebook-vm" },
    line: "compute notebook-vm",
    says: /compute instance that does not run: its state is Stopped/,
    remedy: /Start it in studio/,
  },
  {
    what: "a quota of 0 for the VM family of a cluster",
    seed: (bench) => {
      settings(bench).quota = { standardDSv2Family: 0 };
      return () => {
        settings(bench).quota = {};
      };
    },
    line: "quota cpu-cluster",
    says: /A node of STANDARD_DS3_V2 needs 4 vCPUs, and there is no room: standardDSv2Family: 0 of 0 vCPUs in use/,
    remedy: /Ask for more quota/,
  },
  {
    what: "a region without room for one more machine",
    seed: (bench) => {
      settings(bench).quota = { TotalDedicatedCores: 2 };
      return () => {
        settings(bench).quota = {};
      };
    },
    line: "quota cpu-cluster",
    says: /no room: .*TotalDedicatedCores: 0 of 2/,
    remedy: /Ask for more quota/,
  },
  {
    what: "an endpoint that is not there",
    seed: () => undefined,
    inputs: { endpoints: "greeter, greater" },
    line: "endpoint greater",
    says: /no online endpoint "greater"; it has greeter/,
    remedy: /Correct the input endpoints/,
  },
  {
    what: "an endpoint that failed",
    seed: ({ cloud }) => {
      const endpoint = endpointsOf(cloud.azure).get("greeter") as { provisioningState: string };
      endpoint.provisioningState = "Failed";
      return () => {
        endpoint.provisioningState = "Succeeded";
      };
    },
    line: "endpoint greeter",
    says: /its state is Failed/,
    remedy: /studio/,
  },
  {
    what: "no right to read runs",
    seed: ({ cloud }) => denied(cloud.devops.permissions, "build", "ViewBuilds"),
    line: "azure devops builds",
    says: /Not allowed: View builds/,
    remedy: /Manage security.*"View builds"/,
  },
  {
    what: "no right to start runs, where WatchModels is used",
    seed: ({ cloud }) => denied(cloud.devops.permissions, "build", "QueueBuilds"),
    line: "azure devops builds",
    says: /Not allowed: Queue builds/,
    remedy: /"Queue builds"/,
  },
  {
    what: "no right to give a run that is started its parameters, where WatchModels is used",
    seed: ({ cloud }) => denied(cloud.devops.permissions, "build", "EditPipelineQueueConfigurationPermission"),
    line: "azure devops builds",
    says: /Not allowed: Edit queue build configuration/,
    remedy: /"Edit queue build configuration"/,
  },
  {
    what: "no right to publish tests",
    seed: ({ cloud }) => denied(cloud.devops.permissions, "project", "PUBLISH_TEST_RESULTS"),
    line: "azure devops tests",
    says: /Not allowed: Create test runs/,
    remedy: /Permissions, Test/,
  },
  {
    what: "no right to comment on pull requests",
    seed: ({ cloud }) => denied(cloud.devops.permissions, "git", "PullRequestContribute"),
    line: "azure devops pullRequests",
    says: /Not allowed: Contribute to pull requests/,
    remedy: /Repositories, Security/,
  },
  {
    what: "no right to change work items",
    seed: ({ cloud }) => denied(cloud.devops.permissions, "areas", "WORK_ITEM_WRITE"),
    line: "azure devops workItems",
    says: /Not allowed: Edit work items in this node/,
    remedy: /Areas, Security/,
  },
];

/** Taken back after each test. */
function denied<Space extends Namespace>(all: Permissions, ...what: [Space, PermissionOf<Space>]): undefined {
  all.deny(...what);
}

async function tokenOf({ cloud }: Bench): Promise<string> {
  const { clientId } = cloud.credentials.contributor;
  const principal = cloud.azure.directory.find(clientId);
  assert.ok(principal);
  return cloud.azure.secret(cloud.azure.directory.issue(principal, cloud.urls.arm));
}

const checks = (run: TaskRun) => run.record?.setup?.checks ?? [];
const named = (run: TaskRun, outcome: string) => checks(run).flatMap((one) => (one.outcome === outcome ? one.id : []));

describe("AzureMLCheckSetup as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
    const { cloud } = bench;
    const token = await tokenOf(bench);
    const body = { location: cloud.location, properties: { authMode: "Key" } };
    await workspaceAsk(cloud, "PUT", "/onlineEndpoints/greeter", { token, body });
    await until(
      "the endpoint to be ready",
      () => endpointsOf(cloud.azure).get("greeter")?.provisioningState === "Succeeded",
    );
  });
  afterEach(() => bench?.cloud.devops.permissions.clear());
  after(() => bench?.close());

  it("is all green where nothing is wrong, asks each thing once it may, and changes nothing", async () => {
    const run = await bench.run("CheckSetup", everything);
    assertSucceeded(run);
    assert.deepEqual(
      checks(run).flatMap(({ id, outcome }) => (outcome === "passed" ? [] : [`${id} ${outcome}`])),
      [],
    );
    assert.equal(run.outputs["ok"], "true");
    assert.equal(run.outputs["failed"], "");
    // Whatever is no GET is a question that the service only takes as a POST.
    const questions = /\/oauth2\/v2\.0\/token$|\/listSecrets$|\/permissionevaluationbatch$/;
    const changing = run.exchanges.flatMap(({ listener, method, url }) => {
      const { pathname } = new URL(url);
      const isAgent = listener === "devops" && /\/distributedtask(\/|$)/.test(pathname);
      return isAgent || method === "GET" || questions.test(pathname) ? [] : [`${method} ${pathname}`];
    });
    assert.deepEqual(changing, []);
    const [page = ""] = run.summaries;
    for (const { id } of checks(run)) assert.ok(page.includes(`| ✅ | ${id} |`), id);
    assert.match(page, /is not tested here: the acceptance pipeline does that/);
  });

  it("says issuer, subject and audience of a federated connection, and no token", async () => {
    const run = await bench.run("CheckSetup", {}, { connection: "azure-ml-federated" });
    const token = checks(run).find(({ id }) => id === "token");
    const { tokens } = bench.cloud.devops;
    assert.ok(
      token?.answered.includes(
        `issuer ${tokens.issuer}, subject sc://contoso/breast-cancer/azure-ml-federated, audience api://AzureADTokenExchange`,
      ),
      token?.answered,
    );
    assert.doesNotMatch(JSON.stringify([run.record, run.summaries]), /eyJ/);
  });

  for (const { what, seed, options, inputs, line, says, remedy } of faults) {
    it(`names ${what} by its own line and no other`, async () => {
      const undo = await seed(bench);
      try {
        const run = await bench.run("CheckSetup", { ...everything, ...inputs }, options?.(bench) ?? {});
        assert.deepEqual(named(run, "failed"), [line], run.log);
        assert.deepEqual(named(run, "warned"), [], run.log);
        const found = checks(run).find(({ id }) => id === line);
        assert.match(found?.answered ?? "", says);
        assert.match(found?.remedy ?? "", remedy);
        // What could not be asked says why, by the name of what failed.
        for (const { answered, outcome } of checks(run))
          if (outcome === "notAsked")
            assert.match(answered, new RegExp(`because the check "${line}" failed|see "${line}"`), answered);
        assert.equal(run.result, "Failed");
        assert.equal(run.exitCode, 0);
        assert.deepEqual([run.outputs["ok"], run.outputs["failed"]], ["false", line]);
        assert.equal(run.errors.length, 1, run.errors.join("\n"));
        assert.match(run.summaries[0] ?? "", new RegExp(`\\| ❌ \\| ${line} \\|`));
      } finally {
        undo?.();
      }
    });
  }

  it("takes a proxy that does not go to the resource manager for no lack of a role", async () => {
    const { urls, caFile } = bench.cloud;
    const allowed = [urls.login, urls.api, urls.storage, urls.devops].map((url) => Number(new URL(url).port));
    const proxy = await startProxy(new Set(allowed));
    try {
      const run = await bench.run("CheckSetup", { rights: "builds" }, { network: { proxyUrl: proxy.url, caFile } });
      assert.deepEqual(named(run, "failed"), ["role"], run.log);
      const { answered, remedy } = checks(run).find(({ id }) => id === "role") ?? {};
      assert.match(answered ?? "", /Something else answered in place of \S+, with status 403: the agent's proxy/);
      assert.match(remedy ?? "", /No role changes this/);
    } finally {
      await proxy.close();
    }
  });

  it("warns where it cannot ask: roles that may not be read, and a service that is out of order", async () => {
    const own = withRoles(bench, [builtInRoles.dataScientist]);
    const unread = await bench.run("CheckSetup", { tasks: "RegisterModel" }, { connection: own });
    assert.equal(unread.result, "SucceededWithIssues", unread.log);
    assert.deepEqual(named(unread, "warned"), ["role"], unread.log);
    assert.match(
      checks(unread).find(({ id }) => id === "role")?.answered ?? "",
      /may read the workspace, and not its own roles/,
    );
    assert.equal(checks(unread).find(({ id }) => id === "role RegisterModel")?.outcome, "notAsked");
    assert.equal(checks(unread).find(({ id }) => id === "storage by identity")?.outcome, "notNeeded");
  });

  it("warns of rights that nobody named and no task needs, and needs those alone that are named", async () => {
    bench.cloud.devops.permissions.deny("git", "PullRequestContribute");
    const open = await bench.run("CheckSetup", { tasks: "SubmitJob" });
    assert.equal(open.result, "SucceededWithIssues", open.log);
    assert.deepEqual(named(open, "warned"), ["azure devops pullRequests"]);
    const closed = await bench.run("CheckSetup", { tasks: "SubmitJob", rights: "builds, tests" });
    assertSucceeded(closed);
  });

  it("fails for no right and no connection that only a task needs which nobody named", async () => {
    const { permissions } = bench.cloud.devops;
    for (const right of ["QueueBuilds", "EditPipelineQueueConfigurationPermission"] as const) {
      permissions.deny("build", right);
      const open = await bench.run("CheckSetup", {});
      assert.equal(open.result, "SucceededWithIssues", open.log);
      assert.deepEqual([named(open, "failed"), named(open, "warned")], [[], ["azure devops builds"]]);
      const watched = await bench.run("CheckSetup", { tasks: "WatchModels" });
      assert.deepEqual(named(watched, "failed"), ["azure devops builds"], watched.log);
      permissions.clear();
    }
    permissions.deny("build", "ViewBuilds");
    const unread = await bench.run("CheckSetup", {});
    assert.deepEqual(named(unread, "failed"), ["azure devops builds"], unread.log);
    permissions.clear();
    const own = await bench.run("CheckSetup", {}, { connection: "workspace-secret" });
    assert.deepEqual(named(own, "warned"), ["agentless waits"], own.log);
  });

  it("fails no first step of the documentation for rights that a build service has not of itself", async () => {
    for (const right of ["QueueBuilds", "EditPipelineQueueConfigurationPermission"] as const)
      bench.cloud.devops.permissions.deny("build", right);
    for (const page of ["README.md", "docs/install.md", "docs/first-run.md"]) {
      const blocks = [...readFileSync(page, "utf8").matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(
        ([, text]) => text ?? "",
      );
      const { steps } = parse(blocks.find((one) => one.includes("AzureMLCheckSetup@1")) ?? "") as Snippet;
      const { tasks, rights } = steps.find(({ task }) => task === "AzureMLCheckSetup@1")?.inputs ?? {};
      const run = await bench.run("CheckSetup", { tasks, rights });
      assert.deepEqual(named(run, "failed"), [], `${page}\n${run.log}`);
    }
  });

  it("refuses a task that there is none of, before it asks anything", async () => {
    const run = await bench.run("CheckSetup", { tasks: "SubmitJbo" });
    assert.equal(run.result, "Failed");
    assert.match(
      run.errors.join("\n"),
      /Input tasks names "SubmitJbo", which does not exist; there are RegisterData, CheckData, SubmitJob/,
    );
    assert.deepEqual(run.exchanges.filter(({ listener }) => listener !== "devops").length, 0);
  });

  it("tells WaitForJob's own need of a connection", async () => {
    const run = await bench.run("CheckSetup", { tasks: "WaitForJob" }, { connection: "workspace-secret" });
    assert.deepEqual(named(run, "failed"), ["agentless waits"], run.log);
    assert.match(checks(run).at(-1)?.answered ?? "", /not taken by tasks without an agent/);
  });
});
