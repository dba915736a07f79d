// Every environment variable that anything in a packaged task reads is in the table that says what becomes of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ENVIRONMENT, treatmentOf } from "../../lib/agent/environment.ts";
import { buildTasks } from "../../scripts/build.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Files that read a variable by a name that another place gives them, and the names that they are given. */
const BY_NAME: readonly (readonly [file: RegExp, names: readonly string[]])[] = [
  [/^lib\/agent\/environment\.ts$/, []],
  [/^lib\/task\/post-job\.ts$/, ["VSTS_TASKVARIABLE_A", "SYSTEM_DEBUG"]],
  [/@azure\/identity\/.*\/(defaultAzureCredential|util\/logging)\.js$/, ["AZURE_CLIENT_ID", "AZURE_TENANT_ID"]],
  [/@azure\/identity\/.*\/tokenExchangeMsi\.js$/, ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"]],
  [/@azure\/msal-node\/.*\/ConfidentialClientApplication\.mjs$/, ["MSAL_FORCE_REGION", "REGION_NAME"]],
  [
    /@azure\/msal-node\/.*\/ManagedIdentitySources\/\w+\.mjs$/,
    [
      ...["AZURE_POD_IDENTITY_AUTHORITY_HOST", "DEFAULT_IDENTITY_CLIENT_ID", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
      ...["IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"],
    ],
  ],
  [/@typespec\/ts-http-runtime\/.*\/env\.js$/, ["AZURE_LOG_LEVEL", "TYPESPEC_RUNTIME_LOG_LEVEL"]],
  [/\/(proxyPolicy|typed-rest-client\/HttpClient)\.js$/, ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"]],
  [
    /azure-pipelines-task-lib\/(internal|task|toolrunner)\.js$/,
    ["INPUT_A", "ENDPOINT_AUTH_A", "SECRET_A", "VSTS_TASKVARIABLE_A", "DISTRIBUTEDTASK_TASKS_A", "SYSTEM_A", "AGENT_A"],
  ],
];

interface Read {
  readonly file: string;
  /** Undefined where it is read by a name from elsewhere. */
  readonly name: string | undefined;
}

function readsOf(file: string): Read[] {
  const text = readFileSync(path.join(root, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");
  const found = text.matchAll(/\bprocess\??\.env\b(?:\??\.([A-Za-z_]\w*)|\[\s*(["'])([^"']+)\2|( ?&&))?/g);
  return [...found].flatMap((match) => (match[4] ? [] : [{ file, name: match[1] ?? match[3] }]));
}

describe("environment variables that packaged tasks read", () => {
  let reads: Read[];
  before(async () => {
    const files = new Set((await buildTasks(root)).flatMap(({ inputs }) => inputs));
    reads = [...files].flatMap(readsOf);
  });

  it("are found at all", () => {
    const names = new Set(reads.map(({ name }) => name));
    for (const name of ["AZURE_REGIONAL_AUTHORITY_NAME", "NODE_EXTRA_CA_CERTS", undefined])
      assert.ok(names.has(name), String(name));
  });

  it("are each in the table, with a reason", () => {
    const unknown = reads.filter(({ name }) => name !== undefined && treatmentOf(name) === undefined);
    assert.deepEqual(unknown, []);
    for (const { why } of ENVIRONMENT) assert.match(why, /^.{20,}\.$/);
  });

  it("are read by a name from elsewhere only where the table's author has looked which", () => {
    const unknown = reads.filter(
      ({ file, name }) => name === undefined && !BY_NAME.some(([files]) => files.test(file)),
    );
    assert.deepEqual(unknown, []);
    for (const [, names] of BY_NAME) for (const name of names) assert.notEqual(treatmentOf(name), undefined, name);
    for (const [files] of BY_NAME)
      assert.ok(
        reads.some(({ file }) => files.test(file)),
        `${files} is read no more`,
      );
  });

  it("steer no credential: all of the identity libraries' own are cleared, or the machine's alone", () => {
    const theirs = reads.filter(
      ({ file, name }) => /@azure\/(identity|msal-node|logger)\//.test(file) && name !== undefined,
    );
    for (const { name = "" } of theirs)
      if (!/^(system_?root|programdata|programfiles|system_oidcrequesturi)$/i.test(name))
        assert.match(treatmentOf(name) ?? "", /^(cleared|identity)$/, name);
  });
});
