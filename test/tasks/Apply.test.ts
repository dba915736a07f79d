// Apply: a folder of documents, twice in a row; the second run changes nothing, nor does a plan.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { finish } from "../../lib/azure/index.ts";
import { poll } from "../../lib/poll.ts";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import task from "../../tasks/Apply/index.ts";
import { needs } from "../harness/needs.ts";
import { project } from "../lib/ml/projects.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "apply-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => path.join(folder, name);
const apply = (given: Record<string, string>, root = folder, cloud?: LocalCloud) =>
  runStory(task, given, root, cloud ? { cloud } : {});
const lines = (log: string, sign: string) => log.split("\n").filter((line) => line.startsWith(`  ${sign} `));
const edit = (name: string, change: (text: string) => string) =>
  writeFileSync(file(name), change(readFileSync(file(name), "utf8")));

describe("Apply", () => {
  before(() => cpSync(fileURLToPath(new URL("apply", import.meta.url)), folder, { recursive: true }));

  it("shows what it would do and does nothing", async () => {
    const ran = await apply({ file: folder, plan: "true" });
    assert.equal(ran.error, undefined);
    assert.equal(ran.outputs?.changed, true);
    assert.match(ran.log, /Plan: 14 to create, 0 to update, 0 unchanged\./);
    assert.match(ran.log, /left out\) job\.yml: a command job/);
    const writes = lines(ran.log, "+ create").length;
    const [, said] = /Plan: (\d+) writes, one a line/.exec(ran.log) ?? [];
    assert.ok(Number(said) >= writes, `${said} writes`);
    assert.match(ran.log, /^\{"method":"PUT","path":"[^"]*\/datastores\/[^"]*","body":\{.*"key":"\*\*\*"/m);
    assert.match(ran.log, /"path":"[^"]*\/connections\/apply_feed","body":\{.*"pat":"\*\*\*"/);
    assert.match(ran.log, /"path":"[^"]*\/Microsoft\.MachineLearningServices\/registries\/apply-registry"/);
    assert.ok(!ran.log.includes("bm8tcmVhbC1"), "a key is in the plan");
    assert.deepEqual(
      ran.requests.filter((one) => !/^(GET|HEAD) |^POST [^?]*\/(token|listSecrets)(\?|$)/.test(one)),
      [],
    );
    const workspace = await openLocal();
    const there = await workspace.azure.request("GET", `${workspace.id}/data/apply-readings`, { expect: [404] });
    assert.equal(there.status, 404);
  });

  it("creates what is not there, what is referred to first, and says ids and versions", async () => {
    const ran = await apply({ file: folder });
    assert.equal(ran.error, undefined);
    assert.equal(lines(ran.log, "+ create").length, 14);
    assert.deepEqual(ran.outputs?.versions, {
      "environments.apply-sklearn": "1",
      "data.apply-store": "1",
      "data.apply-readings": "3",
      "models.apply-model": "1",
      "components.apply_train": "1",
      "components.apply_all": "1",
    });
    assert.match(String(ran.outputs?.ids["onlineEndpoints.apply-online"]), /\/onlineEndpoints\/apply-online$/);
    assert.match(String(ran.outputs?.ids["registries.apply-registry"]), /\/registries\/apply-registry$/);
    assert.match(Object.keys(ran.outputs?.ids ?? {}).join(), /jobs\.import-apply-imported-[0-9a-f]{10}/);
    // As Azure's client does: the store need not be reachable from where its datastore is made.
    assert.ok(ran.requests.some((one) => /^PUT .*\/datastores\/apply_blob\?.*skipValidation=true/.test(one)));
    const order = lines(ran.log, "+ create").join("\n");
    assert.ok(order.indexOf("apply_train") < order.indexOf("apply_all"));
  });

  it("changes nothing the second time", async () => {
    const ran = await apply({ file: folder });
    assert.equal(ran.error, undefined);
    assert.deepEqual(
      [ran.outputs?.changed, lines(ran.log, "= unchanged").length, lines(ran.log, "~ update")],
      [false, 14, []],
    );
  });

  it("updates what may change, leaves alone what it does not manage, and names the fields", async () => {
    const workspace = await openLocal();
    const at = `${workspace.id}/onlineEndpoints/apply-online`;
    const before = (await workspace.azure.request<{ tags: object; properties: object; location: string }>("GET", at))
      .body;
    const theirs = {
      location: before?.location,
      tags: { ...before?.tags, mine: "stays" },
      properties: { authMode: "Key" },
    };
    const put = await workspace.azure.request("PUT", at, { body: theirs });
    await finish(workspace.azure, put, { what: "the endpoint to be changed" });
    edit("endpoint.yml", (text) => text.replace("team: a", "team: b"));
    edit("environment.yml", (text) => text.replace("What training needs.", "What training takes."));
    const ran = await apply({ file: folder });
    assert.equal(ran.error, undefined);
    assert.equal(lines(ran.log, "~ update").length, 2, ran.log);
    assert.match(ran.log, /tags\.team: "a" -> "b"/);
    assert.match(ran.log, /properties\.description: "What training needs\." -> "What training takes\."/);
    const now = (await workspace.azure.request<{ tags: Record<string, string> }>("GET", at)).body;
    assert.deepEqual([now?.tags["mine"], now?.tags["team"]], ["stays", "b"]);
    assert.equal((await apply({ file: folder })).outputs?.changed, false);
  });

  it("hides the keys that files hold, shows none, and brings new ones to the service", async () => {
    const keys = ["bm8tcmVhbC1wYXQtanVzdC1mb3ItdGVzdHM=", "bm8tcmVhbC1rZXktYXQtYWxsLWp1c3QtdGVzdA=="];
    const fresh = ["YS1uZXctcGF0", "YS1uZXcta2V5"];
    edit("connection.yml", (text) => text.replace(keys[0] ?? "", fresh[0] ?? ""));
    edit("datastore.yml", (text) => text.replace("last year", "this year").replace(keys[1] ?? "", fresh[1] ?? ""));
    edit("compute.yml", (text) => text.replace("max_instances: 2", "max_instances: 3"));
    const ran = await apply({ file: folder });
    assert.equal(ran.error, undefined);
    assert.match(ran.log, /properties\.description: "Readings of last year\." -> "Readings of this year\."/);
    assert.match(ran.log, /scaleSettings\.maxNodeCount: 2 -> 3/);
    assert.deepEqual(
      lines(ran.log, "~ update").map((line) => line.trim().split(" ").at(-2)),
      ["apply_feed", "apply_blob", "apply-cluster"],
    );
    assert.equal(ran.log.split('properties.credentials: "***" -> "***"').length, 3);
    assert.deepEqual([...ran.hidden].sort(), [...fresh].sort());
    for (const secret of [...keys, ...fresh])
      assert.ok(!ran.log.includes(secret) && !JSON.stringify(ran.outputs).includes(secret), secret);
    assert.equal((await apply({ file: folder })).outputs?.changed, false);
  });

  describe("where files describe one resource", () => {
    const cluster = (name: string, most: number) =>
      `name: ${name}\ntype: amlcompute\nsize: STANDARD_DS3_v2\nmax_instances: ${most}\n`;
    let files = "";
    before(() => {
      files = project({
        "a.yml": cluster("apply-twice", 1),
        "b/other.yml": cluster("apply-same", 4),
        "b/same.yml": cluster("apply-same", 4).split("\n").reverse().join("\n"),
        "c.yml": cluster("apply-twice", 2),
        "d.yml": cluster("apply-twice", 3),
        "template.yml": cluster('"<CLUSTER-NAME>"', 3),
      });
    });

    it("refuses the folder, names all pairs, and says what to do", async () => {
      const ran = await apply({ file: files }, files);
      assert.deepEqual(ran.error?.message.split("\n"), [
        "a.yml and d.yml describe the compute apply-twice in different ways.",
        "c.yml and d.yml describe the compute apply-twice in different ways.",
      ]);
      assert.match(JSON.stringify(ran.error), /set the input `duplicates` to `last`/);
      assert.deepEqual(
        ran.requests.filter((one) => one.includes("/computes/")),
        [],
      );
    });

    it("lets the last file count and warns of the others; the second run changes nothing", async () => {
      const ran = await apply({ file: files, duplicates: "last" }, files);
      assert.equal(ran.error, undefined);
      assert.match(ran.log, /\[warning\] a\.yml does not count: d\.yml describes the compute apply-twice as well/);
      assert.match(ran.log, /\[warning\] c\.yml does not count: d\.yml/);
      assert.match(
        ran.log,
        /\[warning\] template\.yml is left out: a compute whose name <CLUSTER-NAME> is to be filled in/,
      );
      assert.deepEqual(
        lines(ran.log, "+ create").map((line) => line.trim()),
        ["+ create compute apply-same (b/same.yml)", "+ create compute apply-twice (d.yml)"],
      );
      assert.equal((await apply({ file: files, duplicates: "last" }, files)).outputs?.changed, false);
      const alone = await apply({ file: path.join(files, "template.yml") }, files);
      assert.match(alone.error?.message ?? "", /name <CLUSTER-NAME> is still to be filled in/);
    });
  });

  it("writes no variable that nobody has filled in over a secret", async () => {
    const store = (key: string) =>
      `type: azure_blob\nname: apply_open\naccount_name: a\ncontainer_name: c\ncredentials: {account_key: "${key}"}\n`;
    const files = project({ "store.yml": store("a2VwdC1rZXktb2YtYS10ZXN0") });
    const given = { file: path.join(files, "store.yml") };
    assert.equal((await apply(given, files)).error, undefined);
    for (const text of ["$(storageKey)", "${KEY}", "{{ key }}", "#{storageKey}#", "__KEY__", "<account key>"]) {
      writeFileSync(given.file, store(text));
      const ran = await apply(given, files);
      assert.match(ran.error?.message ?? "no error", /store\.yml:5:28: "credentials\.account_key" is still /, text);
      assert.ok(!`${ran.error?.message} ${ran.log}`.includes(text), `${text} is shown`);
      assert.deepEqual(
        ran.requests.filter((one) => one.startsWith("PUT ")),
        [],
      );
    }
    const others = {
      "feed.yml": "type: python_feed\nname: apply_open\ntarget: t\ncredentials: {type: pat, pat: $(token)}\n",
      "vm.yml":
        "type: virtualmachine\nname: open\nresource_id: /subscriptions/s\nssh_settings: {admin_username: u, admin_password: <password>}\n",
    };
    const folder = project({ ...others, "store.yml": store("a2VwdC1rZXktb2YtYS10ZXN0") });
    const both = await apply({ file: folder }, folder);
    assert.match(both.error?.message ?? "no error", /feed\.yml:4:.*vm\.yml:4:/s);
  });

  it("plans with variables that stand for secrets, as a pull request's run has them, and warns of each", async () => {
    const store = (name: string, key: string) =>
      `type: azure_blob\nname: ${name}\naccount_name: a\ncontainer_name: c\ncredentials: {account_key: "${key}"}\n`;
    const files = project({ "a.yml": store("apply_later", "$(storageKey)"), "b.yml": store("apply_last", "$(key)") });
    const ran = await apply({ file: files, plan: "true" }, files);
    assert.equal(ran.error, undefined);
    assert.match(ran.log, /\+ create datastore apply_later \(a\.yml\)/);
    assert.match(
      ran.log,
      /\[warning\] a\.yml:5:28: "credentials\.account_key" is still a variable of the form \$\(\.\.\.\)/,
    );
    assert.match(ran.log, /\[warning\] b\.yml:5:28: .*\$\(\.\.\.\).*a run that is no plan refuses it/);
    assert.ok(!ran.log.includes("$(storageKey)"), ran.log);
    // A file that does not count is not written.
    writeFileSync(path.join(files, "c.yml"), store("apply_later", "a2VwdC1rZXktb2YtYS10ZXN0"));
    writeFileSync(path.join(files, "d.yml"), store("apply_last", "a2VwdC1rZXktb2YtYS10ZXN0"));
    assert.equal((await apply({ file: files, duplicates: "last" }, files)).error, undefined);
  });

  it("tries an import anew that has failed, and not one that goes on or has completed", async () => {
    const source = "source: {type: file_system, connection: 'azureml:apply_feed', path: x/*}";
    const files = project({
      "import.yml": `name: lost\ntype: uri_folder\npath: azureml://datastores/workspaceblobstore/paths/x/\${{name}}\n${source}\n`,
    });
    const given = { file: path.join(files, "import.yml") };
    const rules = 'rules:\n  - { job: { name: "import-lost-*" }, then: { fail: service } }\n';
    (await theCloud()).azure.scenarios.add(parseScenarios(rules).rules);
    const [id] = Object.values((await apply(given, files)).outputs?.ids ?? {});
    const workspace = await openLocal();
    const failed = async () => {
      const { body } = await workspace.azure.request<{ properties: { status: string } }>("GET", String(id));
      return body?.properties.status === "Failed" ? { done: true as const, value: true } : { done: false as const };
    };
    await poll(failed, { what: "the import to fail", initial: 20, maximum: 100, deadline: 30_000 });
    const again = await apply({ ...given, plan: "true" }, files);
    assert.match(again.log, /import-lost-[0-9a-f]{10} is Failed: the data import [\w-]+ is tried again\./);
    assert.equal(String(Object.values(again.outputs?.ids ?? {})[0]), `${id}-2`);
  });

  it("plans a monitor of a deployment that comes with it, over the data that this will collect", async () => {
    const files = project({
      "endpoint.yml": "name: apply-watched\nauth_mode: key\n",
      "model/MLmodel": "flavors: {}\n",
      "deployment.yml": [
        "name: blue",
        "endpoint_name: apply-watched",
        "model: {path: model, type: mlflow_model}",
        "instance_type: Standard_DS2_v2",
        "instance_count: 1",
        "data_collector: {collections: {model_inputs: {enabled: 'true'}, model_outputs: {enabled: 'true'}}}",
      ].join("\n"),
      "monitor.yml": [
        "name: apply-watch",
        "trigger: {type: cron, expression: '0 3 * * *'}",
        "create_monitor:",
        "  compute: {instance_type: standard_e4s_v3, runtime_version: '3.4'}",
        "  monitoring_target: {ml_task: classification, endpoint_deployment_id: 'azureml:apply-watched:blue'}",
      ].join("\n"),
    });
    const ran = await apply({ file: files, plan: "true" }, files);
    assert.equal(ran.error, undefined, `${ran.error?.message}`);
    const monitor = ran.log.split("\n").find((line) => line.includes("/schedules/apply-watch")) ?? "";
    assert.match(
      monitor,
      /"jobInputType":"uri_folder","uri":"[^"]*\/data\/apply-watched-blue-model_inputs\/versions\/1"/,
    );
    const without = await apply({ file: path.join(files, "monitor.yml") }, files);
    assert.match(without.error?.message ?? "", /no online deployment blue of apply-watched/);
  });

  it("gives an asset without a version a new one where its content is new", async () => {
    writeFileSync(file("model/weights.txt"), "other weights\n");
    const ran = await apply({ file: file("model.yml") });
    assert.deepEqual(ran.outputs?.versions, { "models.apply-model": "2" });
    assert.equal((await apply({ file: file("model.yml") })).outputs?.changed, false);
  });

  it("refuses to change what a version holds, all at once and before anything is changed, with the remedy", async () => {
    writeFileSync(file("table/readings.csv"), "a,b\n3,4\n");
    writeFileSync(file("code/main.py"), "print('other')\n");
    edit("endpoint.yml", (text) => text.replace("team: b", "team: c"));
    const ran = await apply({ file: folder });
    assert.match(ran.error?.message ?? "", /data\.yml: version 3 of the data asset apply-readings is there already/);
    assert.match(ran.error?.message ?? "", /train\.yml: version 1 of the component apply_train is there already/);
    assert.match(String((ran.error as { hint?: string }).hint), /another `version:`/);
    const workspace = await openLocal();
    const at = `${workspace.id}/onlineEndpoints/apply-online`;
    assert.equal((await workspace.azure.request<{ tags: { team: string } }>("GET", at)).body?.tags.team, "b");
  });

  it("refuses a file that holds a job, or nothing that it knows", async () => {
    assert.match(
      (await apply({ file: file("job.yml") })).error?.message ?? "",
      /describes a command job, which cannot be applied/,
    );
    assert.match(
      (await apply({ file: file("code") })).error?.message ?? "",
      /no document in .*code that can be applied/,
    );
  });

  // EXAMPLES: a checkout of Azure/azureml-examples at 085cd6e.
  const examples = process.env["EXAMPLES"];
  for (const part of ["assets", "resources", "schedules"]) {
    it(`changes nothing the second time over the examples' cli/${part}, with their passwords filled in`, async function () {
      needs(this, examples !== undefined, "a checkout of Azure/azureml-examples at 085cd6e, named by EXAMPLES");
      this.timeout(1_800_000);
      // Their placeholders break the published types, to which the cloud of all tests is held.
      const cloud = await startCloud({});
      try {
        // All of them, since files of one part name those of others.
        const filled = path.join(folder, "examples");
        cpSync(path.join(examples, "cli"), path.join(filled, "cli"), { recursive: true });
        const given = { file: path.join(filled, "cli", part), duplicates: "last" };
        for (const name of readdirSync(given.file, { recursive: true, encoding: "utf8" })) {
          if (!name.endsWith(".yml")) continue;
          const one = path.join(given.file, name);
          writeFileSync(one, readFileSync(one, "utf8").replace(/(password: )<\w+>/g, "$1a2VwdC1rZXktb2YtYS10ZXN0"));
        }
        const first = await apply(given, filled, cloud);
        assert.equal(first.error, undefined, `${first.error?.message}\n${first.log}`);
        const second = await apply(given, filled, cloud);
        assert.equal(second.error, undefined);
        assert.equal(second.outputs?.changed, false, second.log);
        const written = second.requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one));
        assert.deepEqual(written, []);
        rmSync(filled, { recursive: true });
        console.log(`      ${second.log.split("\n").find((line) => line.startsWith("Plan:"))}`);
      } finally {
        await cloud.close();
      }
    });
  }
});
