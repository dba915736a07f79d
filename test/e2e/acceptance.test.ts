// examples/acceptance on local Azure, with the packaged tasks: it succeeds, uses every task, cleans up, and its transcript tells no secret.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { compare } from "../../scripts/acceptance/compare.ts";
import { type AcceptanceRun, runAcceptance } from "../../scripts/acceptance/run.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";
import { packagedTasks, root } from "../harness/packages.ts";

describe("examples/acceptance", () => {
  let run: AcceptanceRun;
  const lines: string[] = [];
  before(async () => {
    run = await runAcceptance(root, (line) => lines.push(line), await packagedTasks());
  });
  after(() => run?.close());

  it("succeeds, and what it registers starts the other pipeline", () => {
    const [own, started, ...more] = run.outcomes;
    assert.equal(own?.result, "succeeded", lines.slice(-80).join("\n"));
    assert.deepEqual([started?.pipeline, started?.result, more.length], ["acceptance-released", "succeeded", 0]);
    assert.ok(lines.some((line) => /^Started for acceptance:1$/.test(line)));
  });

  it("uses every task of the extension", () => {
    const text = readFileSync(path.join(root, "examples", "acceptance", "azure-pipelines.yml"), "utf8");
    const used = new Set([...text.matchAll(/task: (AzureML\w+)@/g)].map(([, name]) => name));
    assert.deepEqual(
      readTasks(root)
        .map(({ json }) => json.name)
        .filter((name) => !used.has(name)),
      [],
    );
  });

  it("leaves no endpoint behind", async () => {
    const deleted = run.cloud.har.toHar() as { log: { entries: { request: { method: string; url: string } }[] } };
    const asked = deleted.log.entries.filter(
      ({ request }) => request.method === "DELETE" && /\/onlineEndpoints\/acceptance-\d+\?/.test(request.url),
    );
    assert.equal(asked.length, 1);
    for (const [, { provisioningState }] of endpointsOf(run.cloud.azure)) assert.equal(provisioningState, "Deleting");
  });

  it("has a transcript of every task that runs on an agent", () => {
    const told = new Set(run.transcript.map(({ task }) => task));
    const onAgents = readTasks(root).flatMap(({ json }) => (json.runsOn.includes("Agent") ? json.name : []));
    // Report asks Azure nothing.
    assert.deepEqual([...told].sort(), onAgents.filter((name) => name !== "AzureMLReport").sort());
  });

  it("tells no name, id, address or secret in it", () => {
    const { cloud } = run;
    const text = JSON.stringify(run.transcript);
    const { contributor } = cloud.credentials;
    const known = [
      cloud.subscriptionId,
      cloud.resourceGroup,
      cloud.workspace,
      cloud.tenantId,
      cloud.azure.workspaceGuid,
      cloud.azure.storageAccount,
      cloud.azure.blobs.key,
      contributor.clientId,
      contributor.secret,
      "localhost",
      "azureml://",
      "https://",
      "values.csv",
      "model.json",
      "sig=",
      "eyJ",
    ];
    assert.deepEqual(
      known.filter((one) => text.includes(one)),
      [],
    );
    assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/);
    const named = run.transcript.flatMap(({ path: place }) =>
      place.split("/").filter((part) => /acceptance/.test(part)),
    );
    assert.deepEqual(named, []);
  });

  it("is like itself, and like nothing that answers otherwise", () => {
    const { transcript } = run;
    assert.deepEqual(compare(transcript, transcript), []);
    const other = transcript.map((line) =>
      line.method === "PUT" && /\/onlineEndpoints\/\{\}$/.test(line.path) ? { ...line, status: 200 } : line,
    );
    assert.match(
      compare(other, transcript).join("\n"),
      /AzureMLDeployEndpoint \(deploy\): PUT arm .*was answered 200 by the transcript, and 20[12]/,
    );
  });
});
