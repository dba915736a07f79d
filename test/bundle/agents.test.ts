// Agents of all kinds, with packaged tasks: no shell, a proxy that asks for a password, System.Debug, paths of more than 260 characters,
// folders with letters of other scripts, and Node's permission model (docs/agents.md).
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { assertSucceeded, Bench, needsNode } from "../harness/bench.ts";

const jobFile = "azureml/job.yml";
const submit = { jobFile, wait: "false" };

describe("agents of all kinds", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  it("need no shell and no program: PATH leads nowhere", async () => {
    const environment = { PATH: "/nowhere", SHELL: "/nowhere/sh" };
    assertSucceeded(await bench.run("SubmitJob", submit, { environment }));
    assertSucceeded(await bench.run("RegisterData", { dataFile: "azureml/data.yml" }, { environment }));
  });

  it("may debug: System.Debug tells more, the same result, and no secret", async () => {
    const run = await bench.run("SubmitJob", submit, { variables: { "system.debug": "true" } });
    assert.equal(run.result, "Succeeded", run.log);
    assert.match(run.log, /##\[debug\]/);
    assert.deepEqual(bench.leaks(), []);
    const failed = await bench.run("SubmitJob", { jobFile: "nope.yml" }, { variables: { "system.debug": "true" } });
    assert.match(failed.errors.join("\n"), /^There is no file nope\.yml\./, "the error is the same sentence");
  });

  it("may have paths of more than 260 characters, with letters of other scripts and spaces", async () => {
    const folder = `größe/データ set/${"a-long-name-of-a-folder/".repeat(12)}`;
    const run = await bench.run(
      "RegisterModel",
      { source: "folder", modelPath: folder, name: "long-path" },
      {
        prepare: (sources) => {
          const deep = path.join(sources, folder);
          assert.ok(deep.length > 260);
          mkdirSync(deep, { recursive: true });
          writeFileSync(path.join(deep, "gewichte é.txt"), "w");
        },
      },
    );
    assertSucceeded(run);
    const yaml = `${folder}job.yml`;
    const text = `type: command\ncommand: echo hello\ncompute: azureml:cpu-cluster\nenvironmant: azureml:e:1\n`;
    const refused = await bench.run("SubmitJob", { jobFile: yaml }, { files: { [yaml]: text } });
    assert.ok(refused.errors.join("\n").startsWith(`${yaml}(4,1): error`), refused.errors.join("\n"));
  });

  describe("behind a proxy with a user and a password", () => {
    const [user, password] = ["domain\\ada", "p@ss:w/rd%20ü"];
    let proxy: Server;
    const sockets = new Set<Socket>();
    let [admitted, refused] = [0, 0];
    before(async () => {
      const target = new URL(bench.cloud.urls.proxy);
      const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
      proxy = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.once("data", (head) => {
          const given = /^proxy-authorization: (.*?)\r$/im.exec(head.toString("latin1"))?.[1];
          if (given !== wanted) {
            refused += 1;
            socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n');
            return;
          }
          admitted += 1;
          const onward = connect(Number(target.port), target.hostname, () => {
            onward.write(head);
            onward.pipe(socket);
            socket.pipe(onward);
          });
          sockets.add(onward);
          onward.on("error", () => socket.destroy());
        });
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      proxy?.close();
    });
    const network = () => ({
      proxyUrl: `http://127.0.0.1:${(proxy.address() as { port: number }).port}`,
      caFile: bench.cloud.caFile,
    });

    it("they get through, and the password stands nowhere", async () => {
      bench.recorder.keep("proxy password", password);
      const run = await bench.run(
        "RegisterData",
        { dataFile: "azureml/data.yml" },
        {
          network: { ...network(), proxyUsername: user, proxyPassword: password },
          files: { "data/proxied.csv": "a\n1\n" },
        },
      );
      assertSucceeded(run);
      assert.ok(admitted > 0, "it went through the proxy");
      assert.equal(refused, 0);
      assert.deepEqual(bench.leaks(), []);
    });

    it("they say that the proxy asks for a password where it is wrong", async () => {
      const run = await bench.run("SubmitJob", submit, {
        network: { ...network(), proxyUsername: user, proxyPassword: "wrong" },
      });
      assert.equal(run.result, "Failed", run.log);
      assert.ok(refused > 0);
      assert.match(run.errors.join("\n"), /proxy/i, run.log);
      assert.match(run.errors.join("\n"), /407|user name|password/i, run.log);
    });
  });

  it("may restrict Node 24 by its permission model to files, without processes, workers and addons", async function () {
    needsNode(this, "24");
    const run = await bench.run("SubmitJob", submit, {
      node: "24",
      environment: { NODE_OPTIONS: "--permission --allow-fs-read=* --allow-fs-write=*" },
    });
    assert.equal(run.result, "Succeeded", run.log);
    const register = await bench.run(
      "RegisterModel",
      { source: "folder", modelPath: "weights", name: "restricted" },
      { node: "24", environment: { NODE_OPTIONS: "--permission --allow-fs-read=* --allow-fs-write=*" } },
    );
    assert.equal(register.result, "Succeeded", register.log);
  });
});
