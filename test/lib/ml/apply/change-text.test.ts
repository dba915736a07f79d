// The text of Apply's plan shows no value that may be a secret, wherever an earlier file may have had it.
import assert from "node:assert/strict";
import { sayChange } from "../../../../lib/ml/apply/change-text.ts";

const SECRET = "an-old-p4ssword";
const say = (path: string, from: unknown, to: unknown = "new") => sayChange({ path, from, to }, { secrets: new Set() });

describe("what a plan says of what was there", () => {
  const old: [where: string, path: string, from: unknown][] = [
    ["options of docker", "properties.resources.dockerArgs", `-e PASSWORD=${SECRET}`],
    ["options of docker, as a list", "properties.resources.dockerArgsList", ["-e", `PASSWORD=${SECRET}`]],
    ["a setup script's arguments", "properties.properties.setupScripts.creationScript.scriptArguments", `-p ${SECRET}`],
    ["a setup script", "properties.properties.setupScripts.creationScript.scriptData", SECRET],
    [
      "a feed in a conda file",
      "properties.condaFile",
      `dependencies:\n- pip:\n  - -i https://me:${SECRET}@feed.test/\n`,
    ],
    ["a signature in a text", "properties.text", `see https://a.test/c/f?sv=1&sig=${SECRET} for it`],
    ["a connection string", "properties.target", `Server=tcp:db.test;User=me;Password=${SECRET};`],
    ["an account's connection string", "properties.x", `AccountName=a;AccountKey=${SECRET};EndpointSuffix=b`],
    ["a field that is a connection string", "properties.metadata.connectionString", SECRET],
    ["a value for a webhook of an alert", "properties.actions[0].webHookProperties.pager", SECRET],
    ["the actions of an alert", "properties.actions", [{ webHookProperties: { pager: SECRET } }]],
    ["a webhook's address", "properties.notifications[0].webhooks[0].serviceUri", `https://a.test/services/${SECRET}`],
    ["notifications of autoscale", "properties.notifications", [{ webhooks: [{ properties: { pager: SECRET } }] }]],
    [
      "a command in a whole job",
      "properties.job",
      { command: `run --password ${SECRET}`, resources: { dockerArgs: SECRET } },
    ],
  ];
  for (const [where, path, from] of old)
    it(`hides a password in ${where}`, () => {
      const said = say(path, from);
      assert.ok(!said.includes(SECRET), said);
      assert.ok(said.startsWith(`${path}: `) && said.endsWith(` -> ${say(path, undefined).split(" -> ")[1]}`), said);
    });

  it("shows what is no secret as it is", () => {
    assert.equal(
      say("properties.sku", "a@b.test", "https://c.test/x?y=1"),
      'properties.sku: "a@b.test" -> "https://c.test/x?y=1"',
    );
    assert.equal(say("properties.command", undefined, "python a.py"), 'properties.command: nothing -> "python a.py"');
  });
});
