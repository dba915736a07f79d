// The relay's Bicep files fit together: no compiler is at hand where the tests run, so that a slip between two files would
// show at the first deployment only.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const read = (file: string) => readFileSync(new URL(`../../relay/bicep/${file}`, import.meta.url), "utf8");

/** Parameters of a file: whether each has to be given. */
function parametersOf(text: string): Map<string, boolean> {
  return new Map(
    [...text.matchAll(/^param (\w+) [\w[\]]+( =)?/gm)].map(([, name = "", preset]) => [name, preset === undefined]),
  );
}

/** What stands between the braces that open at `from`. */
function block(text: string, from: number): string {
  let depth = 0;
  for (let at = text.indexOf("{", from); at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return text.slice(text.indexOf("{", from) + 1, at);
  }
  assert.fail("a brace is never closed");
}

function fits(given: readonly string[], parameters: ReadonlyMap<string, boolean>, who: string): void {
  for (const name of given) assert.ok(parameters.has(name), `${who} gives ${name}, which there is not`);
  for (const [name, required] of parameters)
    assert.ok(!required || given.includes(name), `${who} does not give ${name}`);
}

describe("the relay's Bicep files", () => {
  const main = read("main.bicep");

  it("give each module what it takes", () => {
    const modules = [...main.matchAll(/^module (\w+) '([^']+)' =/gm)];
    assert.equal(modules.length, 2);
    for (const { 0: whole, 1: name = "", 2: file = "", index } of modules) {
      const body = block(main, index + whole.length);
      const given = [...block(body, body.indexOf("params:")).matchAll(/^ {4}(\w+):/gm)].map(([, one = ""]) => one);
      fits(given, parametersOf(read(file)), `module ${name}`);
    }
  });

  it("are given what the first one takes", () => {
    const text = read("relay.bicepparam");
    const given = [...text.matchAll(/^param (\w+) =/gm)].map(([, name = ""]) => name);
    fits(given, parametersOf(main), "relay.bicepparam");
    for (const [, file = ""] of text.matchAll(/(?:using|loadTextContent\()\s*'([^']+)'/g)) read(file);
  });

  /** The body of a resource by its symbol. */
  const resource = (text: string, symbol: string) => {
    const at = new RegExp(`^resource ${symbol} `, "m").exec(text)?.index;
    assert.ok(at !== undefined, `there is no resource ${symbol}`);
    return block(text, at);
  };

  it("keep the webhook's secret in a vault: the app's settings hold a reference, and its identity may read it", () => {
    const setting = /name: 'RELAY_WEBHOOK_SECRET', value: (.*) \}/.exec(main)?.[1] ?? "";
    assert.doesNotMatch(setting, /^webhookSecret$/, "the secret itself is a setting");
    const value = new RegExp(`^var ${setting} = .*@Microsoft\\.KeyVault\\(`, "m");
    assert.match(main, value);
    assert.match(resource(main, "app"), /keyVaultReferenceIdentity: identity\.id/);
    assert.match(resource(main, "secret"), /value: webhookSecret/);
    assert.match(resource(main, "vault"), /enableRbacAuthorization: true/);
    assert.match(
      resource(main, "readsSecrets"),
      /scope: vault[\s\S]*keyVaultSecretsUser[\s\S]*identity\.properties\.principalId/,
    );
    for (const [, name = "", type] of main.matchAll(/^param (\w*[sS]ecret\w*) (\w+)/gm)) {
      assert.equal(type, "string");
      assert.match(main, new RegExp(`@secure\\(\\)\\s*param ${name} `), name);
    }
  });

  it("let nobody publish by a password, and nobody in but Event Grid and those who are named", () => {
    for (const name of ["scm", "ftp"])
      assert.match(
        main,
        new RegExp(`basicPublishingCredentialsPolicies@[\\s\\S]{0,80}name: '${name}'[\\s\\S]{0,60}allow: false`),
      );
    const app = resource(main, "app");
    assert.match(app, /ipSecurityRestrictionsDefaultAction: 'Deny'/);
    assert.match(app, /scmIpSecurityRestrictionsDefaultAction: 'Deny'/);
    assert.match(app, /ipSecurityRestrictions: concat\(\[eventGrid\], administrators\)/);
    assert.match(app, /scmIpSecurityRestrictions: administrators/);
    assert.match(main, /ipAddress: 'AzureEventGrid'[\s\S]{0,40}tag: 'ServiceTag'/);
  });

  it("can have deliveries signed by Entra, and take them from Event Grid alone", () => {
    const authentication = resource(main, "authentication");
    assert.match(authentication, /unauthenticatedClientAction: 'Return401'/);
    assert.match(authentication, /allowedApplications: \[eventGridApplication\]/);
    assert.match(main, /^var eventGridApplication = '4962773b-9cdb-44cf-a8bf-237846a00ab7'$/m);
    const subscription = resource(read("events.bicep"), "subscription");
    assert.match(subscription, /azureActiveDirectoryTenantId/);
    assert.match(subscription, /azureActiveDirectoryApplicationIdOrUri/);
  });

  it("use what they declare, and declare what they use", () => {
    for (const file of ["main.bicep", "events.bicep", "workspace-reader.bicep"]) {
      const code = read(file).replace(/^\s*\/\/.*$/gm, "");
      for (const [, kind, name = ""] of code.matchAll(/^(param|var|resource|module) (\w+)/gm)) {
        const uses = code.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0;
        assert.ok(uses > 1 || kind === "resource" || kind === "module", `${file} declares ${name} and does not use it`);
      }
      const declared = new Set([...code.matchAll(/^(?:param|var|resource|module) (\w+)/gm)].map(([, name]) => name));
      // A symbol with a property of its own, in a value or in a text.
      for (const [, name = ""] of code.matchAll(/(?<![\w.'/])([a-z]\w*)\.(?:id|name|properties|identity)\b/g))
        assert.ok(declared.has(name), `${file} uses ${name}, which it does not declare`);
    }
  });
});
