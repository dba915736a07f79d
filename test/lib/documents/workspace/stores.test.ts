// Datastores and connections, and the secrets in them.
import assert from "node:assert/strict";
import { connectionKind, datastoreKind, readSource } from "../../../../lib/documents/index.ts";
import { planFile } from "../../../../scripts/plan/plan.ts";
import { faultsOf, offline, type Project, project } from "../project.ts";

const SECRET = "Zq8-very-secret-91";

describe("spec stores", () => {
  let files: Project;
  beforeEach(() => {
    files = project();
  });
  afterEach(() => files.remove());

  const datastore = async (yaml: string) => {
    const write = await datastoreKind.translate(datastoreKind.parse(files.yaml(`name: d\n${yaml}`)), offline());
    return { ...write, properties: write.body["properties"] };
  };
  const connection = async (yaml: string) =>
    (await connectionKind.translate(connectionKind.parse(files.yaml(`name: c\n${yaml}`)), offline())).body[
      "properties"
    ];

  it("writes a blob datastore with an account key", async () => {
    const yaml = `type: azure_blob\naccount_name: acc\ncontainer_name: con\ncredentials: {account_key: ${SECRET}}\n`;
    const { path, query, properties } = await datastore(yaml);
    assert.equal(path, "datastores/d");
    assert.deepEqual(query, { skipValidation: "true" });
    assert.deepEqual(properties, {
      datastoreType: "AzureBlob",
      accountName: "acc",
      containerName: "con",
      endpoint: "core.windows.net",
      protocol: "https",
      tags: {},
      credentials: { credentialsType: "AccountKey", secrets: { secretsType: "AccountKey", key: SECRET } },
    });
  });

  it("takes the cloud's own storage address", async () => {
    const resolver = offline();
    const china = { ...resolver.workspace, storageSuffix: "core.chinacloudapi.cn" };
    const document = datastoreKind.parse(
      files.yaml("name: d\ntype: azure_file\naccount_name: a\nfile_share_name: s\n"),
    );
    const write = await datastoreKind.translate(document, Object.assign(offline(), { workspace: china }));
    assert.equal((write.body["properties"] as { endpoint: string }).endpoint, "core.chinacloudapi.cn");
  });

  it("writes the other credentials", async () => {
    const sas = await datastore(
      `type: azure_file\naccount_name: a\nfile_share_name: s\ncredentials: {sas_token: ${SECRET}}\n`,
    );
    const principal = await datastore(
      `type: azure_data_lake_gen1\nstore_name: s\ncredentials: {tenant_id: t, client_id: c, client_secret: ${SECRET}}\n`,
    );
    const none = await datastore("type: azure_data_lake_gen2\naccount_name: a\nfilesystem: f\n");
    const lake = await datastore("type: one_lake\none_lake_workspace_name: w\nendpoint: e\nartifact: {name: n}\n");
    const of = ({ properties }: { properties: unknown }) => (properties as { credentials: object }).credentials;
    assert.deepEqual(of(sas), { credentialsType: "Sas", secrets: { secretsType: "Sas", sasToken: SECRET } });
    assert.deepEqual(of(principal), {
      credentialsType: "ServicePrincipal",
      authorityUrl: "https://login.microsoftonline.com",
      tenantId: "t",
      clientId: "c",
      secrets: { secretsType: "ServicePrincipal", clientSecret: SECRET },
    });
    assert.deepEqual(of(none), { credentialsType: "None" });
    assert.deepEqual((lake.properties as { artifact: object }).artifact, {
      artifactName: "n",
      artifactType: "LakeHouse",
    });
  });

  it("takes authority_uri for authority_url, as Azure's client does", async () => {
    const store = "type: azure_data_lake_gen2\naccount_name: a\nfilesystem: f\n";
    const tenant = "tenant_id: t, client_id: c";
    for (const secret of [`client_secret: ${SECRET}`, "thumbprint: x"]) {
      const { properties } = await datastore(`${store}credentials: {${tenant}, ${secret}, authority_uri: https://l}\n`);
      assert.equal((properties as { credentials: { authorityUrl: string } }).credentials.authorityUrl, "https://l");
      await assert.rejects(
        datastore(`${store}credentials: {${tenant}, ${secret}, authority_uri: https://l, authority_url: https://l}\n`),
        /authority_uri.*authority_url/s,
      );
    }
  });

  it("writes connections with each kind of credentials", async () => {
    assert.deepEqual(await connection(`type: git\ntarget: https://g\ncredentials: {type: pat, pat: ${SECRET}}\n`), {
      authType: "PAT",
      category: "Git",
      target: "https://g",
      credentials: { pat: SECRET },
      isSharedToAll: true,
      metadata: {},
    });
    assert.deepEqual(await connection("type: azure_blob\nurl: https://u\naccount_name: a\ncontainer_name: c\n"), {
      authType: "AAD",
      category: "AzureBlob",
      target: "https://u",
      isSharedToAll: true,
      metadata: { ContainerName: "c", AccountName: "a" },
    });
    assert.deepEqual(
      await connection(
        `type: azure_open_ai\nazure_endpoint: e\napi_key: ${SECRET}\napi_version: "1"\nis_shared: false\n`,
      ),
      {
        authType: "ApiKey",
        category: "AzureOpenAi",
        target: "e",
        credentials: { key: SECRET },
        isSharedToAll: false,
        metadata: { ApiType: "Azure", ApiVersion: "1" },
      },
    );
  });

  it("takes the credentials of an AI service in each form that Azure's client takes", async () => {
    const forms: readonly [string, object][] = [
      [`api_key: ${SECRET}\n`, { authType: "ApiKey", credentials: { key: SECRET } }],
      [`credentials: {type: api_key, key: ${SECRET}}\n`, { authType: "ApiKey", credentials: { key: SECRET } }],
      ["credentials: {type: aad}\n", { authType: "AAD" }],
      ["api_key:\n", { authType: "AAD" }],
      ['api_key: ""\n', { authType: "AAD" }],
      ["", { authType: "AAD" }],
    ];
    const services = [
      "type: azure_open_ai\nazure_endpoint: e\n",
      "type: azure_ai_services\nendpoint: e\nai_services_resource_id: i\n",
      "type: azure_ai_search\nendpoint: e\n",
      "type: azure_content_safety\nendpoint: e\n",
      "type: azure_speech_services\nendpoint: e\n",
    ];
    for (const service of services)
      for (const [form, wanted] of forms) {
        const { authType, credentials } = (await connection(service + form)) as {
          authType: string;
          credentials?: object;
        };
        assert.deepEqual({ authType, ...(credentials && { credentials }) }, wanted, service + form);
      }
    const both = `api_key: ${SECRET}\ncredentials: {type: aad}\n`;
    assert.equal(((await connection(services[0] + both)) as { authType: string }).authType, "ApiKey");
  });

  it("takes what Azure's client writes of a connection to a service: its key and its address stand in it twice", async () => {
    const services: readonly [string, string | undefined][] = [
      ["type: open_ai\n", undefined],
      ["type: serp\n", undefined],
      ["type: serverless\nendpoint: e\ntarget: e\n", "e"],
      ["type: api_key\napi_base: e\ntarget: e\n", "e"],
      ["type: azure_open_ai\nazure_endpoint: e\ntarget: e\nmetadata: {ApiVersion: , ApiType: Azure}\n", "e"],
      ["type: azure_ai_search\nendpoint: e\ntarget: e\ntags: {}\n", "e"],
    ];
    for (const [service, target] of services) {
      const said = async (form: string) =>
        (await connection(`${service}${form}`)) as { credentials?: object; target?: string };
      const twice = await said(`api_key: ${SECRET}\ncredentials: {type: api_key, key: other}\n`);
      assert.deepEqual([twice.credentials, twice.target], [{ key: SECRET }, target], service);
      const once = await said(`api_key: ""\ncredentials: {type: api_key, key: ${SECRET}}\n`);
      assert.deepEqual(once.credentials, { key: SECRET }, service);
    }
    // An empty text would be written over a key that works.
    for (const [service] of services.slice(0, 4))
      await assert.rejects(connection(`${service}api_key: ""\n`), /"api_key" is empty/, service);
  });

  const REFUSED: readonly [string, RegExp][] = [
    ["type: azure_blob\naccount_name: a\n", /needs the field "container_name"/],
    ["type: azure_blob\naccount_name: a\ncontainer_name: c\ncredentials: {acount_key: x}\n", /none of the fields/],
    ["type: azure_blob\naccount_name: a\ncontainer_name: c\ncredentials: {client_secret: x}\n", /none of the fields/],
    ["type: azure_blobs\naccount_name: a\n", /Allowed here: azure_blob/],
  ];
  for (const [yaml, pattern] of REFUSED)
    it(`refuses the datastore ${JSON.stringify(yaml)}`, () => {
      const text = faultsOf(() => datastoreKind.parse(files.yaml(`name: d\n${yaml}`))).map(({ message }) => message);
      assert.match(text.join("\n"), pattern);
    });

  it("sends the metadata and tags of a connection as text, as Azure's client does and the published type asks", async () => {
    const written = await connection(
      "type: git\ntarget: https://g\nmetadata: {release: 2.0, team: 5, live: true}\ntags: {k: [a, 1], m: {a: b}}\n",
    );
    assert.deepEqual((written as { metadata: unknown }).metadata, {
      k: "['a', 1]",
      m: "{'a': 'b'}",
      release: "2.0",
      team: "5",
      live: "True",
    });
  });

  it("refuses credentials that the type of connection does not have", () => {
    const text = "name: c\ntype: container_registry\ntarget: t\n";
    assert.match(
      faultsOf(() => connectionKind.parse(files.yaml(text)))[0]?.message ?? "",
      /needs the field "credentials"/,
    );
    const pat = `${text}credentials: {type: pat, pat: ${SECRET}}\n`;
    assert.match(
      faultsOf(() => connectionKind.parse(files.yaml(pat)))[0]?.message ?? "",
      /Allowed here: managed_identity, username_password/,
    );
  });

  it("shows a secret in no fault and in no plan", async () => {
    const yamls = [
      `name: d\ntype: azure_blob\naccount_name: a\ncontainer_name: c\nunknown: 1\ncredentials: {account_key: ${SECRET}}\n`,
      `name: d\ntype: azure_blob\naccount_name: a\ncontainer_name: c\ncredentials: ${SECRET}\n`,
      `name: d\ntype: azure_blob\naccount_name: a\ncontainer_name: c\ncredentials: {account_key: [${SECRET}]}\n`,
      `name: d\ntype: azure_blob\naccount_name: a\ncontainer_name: c\ncredentials: {account_key: {x: ${SECRET}}}\n`,
    ];
    for (const yaml of yamls) {
      const faults = faultsOf(() => datastoreKind.parse(files.yaml(yaml)));
      assert.notEqual(faults.length, 0);
      for (const { message, hint } of faults) assert.doesNotMatch(`${message} ${hint}`, new RegExp(SECRET));
    }
    const whole = `name: d\ntype: azure_blob\naccount_name: a\ncontainer_name: c\ndescription: key is ${SECRET}\ncredentials: {account_key: ${SECRET}}\n`;
    const { writes } = await planFile(files.write("store.yml", whole));
    assert.doesNotMatch(JSON.stringify(writes), new RegExp(SECRET));
    assert.match(JSON.stringify(writes), /key is \*\*\*/);
  });

  it("notes the secrets of a file for those who write logs, but no placeholder", () => {
    const file = files.yaml(
      `name: c\ntype: git\ntarget: t\ncredentials: {type: username_password, username: u, password: ${SECRET}}\n`,
    );
    connectionKind.parse(file);
    assert.deepEqual([...file.secrets], [SECRET]);
    const empty = files.yaml("name: c\ntype: git\ntarget: t\ncredentials: {type: pat, pat: your-token}\n");
    connectionKind.parse(empty);
    assert.deepEqual([...empty.secrets], []);
    // A password may look like a variable.
    const brackets = files.yaml("name: c\ntype: git\ntarget: t\ncredentials: {type: pat, pat: <your token>}\n");
    connectionKind.parse(brackets, { mayLackSecrets: true });
    assert.deepEqual([...brackets.secrets], ["<your token>"]);
  });

  it("knows a variable in each form that pipelines have, also behind the question mark of a signature", () => {
    const unfilled = (text: string) => {
      const file = files.yaml(
        `name: c\ntype: git\ntarget: t\ncredentials: {type: pat, pat: '${text.replaceAll("'", "''")}'}\n`,
      );
      connectionKind.parse(file, { mayLackSecrets: true });
      return file.secrets.unfilled.length;
    };
    const variables = [
      "$(token)",
      "?$(sas)",
      "$[variables.token]",
      "$[variables['to-ken']]",
      "${{ variables['token'] }}",
    ];
    assert.deepEqual(
      variables.filter((text) => unfilled(text) !== 1),
      [],
    );
    assert.deepEqual([SECRET, "?sv=2024&sig=abc", "a$(b", "$[", "$(sh -c 'x')y"].filter(unfilled), []);
  });

  it("hides a secret at the moment it is read, even in a file that is refused", () => {
    const hidden: string[] = [];
    const root = { root: files.folder, others: [], hide: (secret: string) => void hidden.push(secret) };
    const name = files.write("store.yml", `name: d\ntype: azure_blob\ncredentials: {account_key: ${SECRET}}\n`);
    assert.match(faultsOf(() => datastoreKind.parse(readSource(name, { root })))[0]?.message ?? "", /account_name/);
    assert.deepEqual(hidden, [SECRET]);
  });
});
