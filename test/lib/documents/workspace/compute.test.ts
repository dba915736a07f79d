// Computes and registries.
import assert from "node:assert/strict";
import { computeKind, registryKind } from "../../../../lib/documents/index.ts";
import { planFile } from "../../../../scripts/plan/plan.ts";
import { faultsOf, offline, type Project, project } from "../project.ts";

describe("spec compute", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "key.pem": "-----BEGIN PRIVATE-----\n" });
  });
  afterEach(() => files.remove());

  const body = async (yaml: string) => {
    const write = await computeKind.translate(computeKind.parse(files.yaml(yaml)), offline());
    return write.body as { location: string; identity?: object; properties: Record<string, unknown> };
  };

  it("writes a cluster with what the service would choose", async () => {
    assert.deepEqual(await body("name: c\ntype: amlcompute\n"), {
      location: "eastus2",
      properties: {
        computeType: "AmlCompute",
        disableLocalAuth: true,
        properties: {
          osType: "Linux",
          vmSize: "STANDARD_DS3_V2",
          scaleSettings: { minNodeCount: 0, maxNodeCount: 4, nodeIdleTimeBeforeScaleDown: "PT2M" },
          remoteLoginPortPublicAccess: "NotSpecified",
          enableNodePublicIp: true,
        },
      },
    });
  });

  it("writes a cluster's tier, identity, network and log-in", async () => {
    const { identity, location, properties } = await body(`
name: c
type: amlcompute
location: westus
tier: low_priority
ssh_public_access_enabled: false
ssh_settings: {admin_username: u, ssh_key_value: k}
network_settings: {vnet_name: v, subnet: s}
identity: {type: user_assigned, user_assigned_identities: [{resource_id: /r}]}
`);
    const inner = properties["properties"] as Record<string, unknown>;
    assert.equal(location, "westus");
    assert.deepEqual(identity, { type: "UserAssigned", userAssignedIdentities: { "/r": {} } });
    assert.equal(properties["disableLocalAuth"], false);
    assert.equal(inner["vmPriority"], "LowPriority");
    assert.equal(inner["remoteLoginPortPublicAccess"], "Disabled");
    assert.match((inner["subnet"] as { id: string }).id, /Microsoft\.Network\/virtualNetworks\/v\/subnets\/s$/);
  });

  it("writes an instance with schedules, applications and scripts", async () => {
    const { properties } = await body(`
name: ci
type: computeinstance
idle_time_before_shutdown_minutes: 30
ssh_public_access_enabled: true
ssh_settings: {ssh_key_value: k}
create_on_behalf_of: {user_tenant_id: t, user_object_id: o}
schedules:
  compute_start_stop:
    - {action: stop, trigger: {type: cron, expression: "0 18 * * *", start_time: "2021-03-10T21:21:07"}}
    - {action: start, state: disabled, trigger: {type: recurrence, frequency: day, interval: 1}}
custom_applications: [{name: app, image: {reference: i}, endpoints: [{target: 80, published: 8080}], environment_variables: {A: 1}}]
setup_scripts: {startup_script: {path: p}}
`);
    const inner = properties["properties"] as Record<string, Record<string, unknown>>;
    assert.equal(properties["disableLocalAuth"], false);
    assert.equal(inner["idleTimeBeforeShutdown"], "PT30M");
    const schedules = (inner["schedules"] ?? {}) as Record<string, Record<string, Record<string, unknown>>[]>;
    const [stop, start] = schedules["computeStartStop"] ?? [];
    assert.equal(stop?.["cron"]?.["startTime"], "2021-03-10T21:21:07");
    assert.equal(start?.["status"], "disabled");
    assert.deepEqual(start?.["recurrence"]?.["schedule"], { hours: [], minutes: [] });
    assert.deepEqual(inner["setupScripts"], {
      scripts: { startupScript: { scriptSource: "workspaceStorage", scriptData: "p" } },
    });
    assert.match(
      JSON.stringify(inner["customServices"]),
      /"environmentVariables":\{"A":\{"type":"local","value":"1"\}\}/,
    );
  });

  it("writes attached computes", async () => {
    const kubernetes = await body("name: k\ntype: kubernetes\nresource_id: /k\nnamespace: ns\nproperties: {a: b}\n");
    assert.deepEqual(kubernetes.properties, {
      computeType: "Kubernetes",
      resourceId: "/k",
      computeLocation: "eastus2",
      properties: { a: "b", namespace: "ns" },
    });
    const spark = await body("name: s\ntype: synapsespark\nresource_id: /s\n");
    assert.deepEqual(spark.properties, { computeType: "SynapseSpark", resourceId: "/s" });
  });

  it("reads a machine's private key from its file, and shows it nowhere", async () => {
    const yaml =
      "name: v\ntype: virtualmachine\nresource_id: /v\nssh_settings: {admin_username: u, ssh_private_key_file: key.pem}\n";
    const { properties } = await body(yaml);
    assert.deepEqual(properties["properties"], {
      sshPort: 22,
      administratorAccount: { username: "u", privateKeyData: "-----BEGIN PRIVATE-----\n" },
    });
    const { writes } = await planFile(files.write("vm.yml", yaml));
    assert.doesNotMatch(JSON.stringify(writes), /PRIVATE/);
  });

  const REFUSED: readonly [string, RegExp][] = [
    ["name: c\ntype: cluster\n", /Allowed here: amlcompute/],
    ["name: c\ntype: amlcompute\nmax_node_count: 4\n", /no field "max_node_count"/],
    ["name: k\ntype: kubernetes\nnamespace: n\n", /needs the field "resource_id"/],
    ["name: v\ntype: virtualmachine\nresource_id: /v\nssh_settings: {ssh_private_key_file: ../key}\n", /key/],
    [
      "name: c\ntype: computeinstance\nschedules: {compute_start_stop: [{action: stop, trigger: {type: cron, expression: '* * * * *', end_time: 2024-01-01}}]}\n",
      /no field .*end_time/,
    ],
  ];
  for (const [yaml, pattern] of REFUSED)
    it(`refuses ${JSON.stringify(yaml)}`, () => {
      const text = faultsOf(() => computeKind.parse(files.yaml(yaml))).map(({ message }) => message);
      assert.match(text.join("\n"), pattern);
    });

  it("writes a registry, below the resource group", async () => {
    const yaml =
      "name: r\nlocation: eastus\ntags: {a: b}\nreplication_locations: [{location: eastus}, {location: westus, storage_config: {storage_account_hns: true, storage_account_type: Standard_ZRS, replication_count: 2}}]\n";
    const write = await registryKind.translate(registryKind.parse(files.yaml(yaml)), offline());
    assert.match(
      write.path,
      /^\/subscriptions\/[^/]+\/resourceGroups\/rg1\/providers\/Microsoft\.MachineLearningServices\/registries\/r$/,
    );
    const created = (type: string, hns: boolean) => ({
      systemCreatedStorageAccount: { storageAccountHnsEnabled: hns, storageAccountType: type },
    });
    const acrDetails = [{ systemCreatedAcrAccount: { acrAccountSku: "Premium" } }];
    assert.deepEqual((write.body["properties"] as { regionDetails: object }).regionDetails, [
      { location: "eastus", acrDetails, storageAccountDetails: [created("standard_lrs", false)] },
      {
        location: "westus",
        acrDetails,
        storageAccountDetails: [created("standard_zrs", true), created("standard_zrs", true)],
      },
    ]);
  });

  it("refuses a registry's storage that is no ARM id", () => {
    const yaml = "name: r\nlocation: eastus\nreplication_locations: [{location: eastus, storage_config: [account]}]\n";
    const [fault] = faultsOf(() => registryKind.parse(files.yaml(yaml)));
    assert.match(fault?.message ?? "", /the ARM id of a storage account/);
    assert.equal(fault?.path, "replication_locations[0].storage_config[0]");
  });
});
