// The agent's contract beside the edge cases: grammar, masking, variables, connections, handlers, results, restrictions.
import assert from "node:assert/strict";
import path from "node:path";
import fc from "fast-check";
import {
  agentEnvironment,
  chooseHandler,
  connectionEnvironment,
  expandMacros,
  formatCommand,
  Masker,
  mergeResults,
  parseCommand,
  parseTaskResult,
  RecordingServer,
  type ServiceConnection,
  type TaskManifest,
  VariableStore,
} from "../../../local/agent/index.ts";
import { chooseNode, machineNodes } from "../../../local/agent/node-binary.ts";
import { LineSplitter } from "../../../local/agent/process.ts";
import { readJUnit } from "../../../local/agent/test-results.ts";
import { NODE_24, needs } from "../../harness/needs.ts";
import { holdTimer } from "../../harness/timers.ts";
import { Bench, bundledTaskLib, CONNECTION_ID, mainStage, PRINT_ENVIRONMENT, printedEnvironment } from "./fixture.ts";

describe("logging commands", () => {
  it("reads the grammar's test vectors", () => {
    const first = parseCommand("prefix ##vso[task.setvariable variable=a;isOutput=true]v%3Bw%AZP25");
    assert.deepEqual(
      [first?.area, first?.event, first?.properties.get("isoutput"), first?.data],
      ["task", "setvariable", "true", "v;w%"],
    );
    const bracket = parseCommand("##vso[task.setvariable variable=a[0];x=1]y");
    assert.deepEqual([bracket?.properties.get("variable"), bracket?.data], ["a[0", ";x=1]y"]);
    assert.equal(parseCommand("##VSO[task.debug]x"), undefined);
    assert.equal(parseCommand("##vso[a.b.c]z"), undefined);
    assert.equal(parseCommand("##vso[task]z"), undefined);
    const percent = parseCommand("##vso[task.logissue type=error;sourcepath=a%AZP2520b]m%250D");
    assert.deepEqual([percent?.properties.get("sourcepath"), percent?.data], ["a%20b", "m%250D"]);
    assert.equal(
      parseCommand("##vso[task.setvariable variable=x; isSecret=true]y")?.properties.get("issecret"),
      undefined,
    );
    assert.equal(parseCommand("##vso[task.setvariable variable=]y")?.properties.size, 0);
  });

  it("reads back whatever it writes", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (data, value) => {
        const command = parseCommand(formatCommand("task.x", { key: value }, data));
        return command?.data === data && command.properties.get("key") === value;
      }),
    );
  });

  it("never fails on a line that somebody prints", () => {
    fc.assert(fc.property(fc.string(), (text) => parseCommand(`##vso[${text}`) !== null));
  });

  it("merges results by badness, and reads their names with their case", () => {
    assert.equal(mergeResults(undefined, "Succeeded"), "Succeeded");
    assert.equal(mergeResults("Failed", "Succeeded"), "Failed");
    assert.equal(mergeResults("SucceededWithIssues", "Failed"), "Failed");
    assert.equal(mergeResults("Canceled", "Abandoned"), "Canceled");
    assert.equal(parseTaskResult("2"), "Failed");
    assert.equal(parseTaskResult("failed"), undefined);
    assert.equal(parseTaskResult(undefined), undefined);
  });
});

describe("the masker", () => {
  it("masks every form that the agent registers, and joins hits that touch", () => {
    const masker = new Masker();
    masker.add('a"b\\c d');
    masker.add("abab");
    assert.equal(masker.mask('<a"b\\c d> <a\\"b\\\\c d> <a%22b%5Cc%20d>'), "<***> <***> <***>");
    assert.equal(masker.mask("abababab-ab"), "***-ab");
    assert.equal(masker.mask("https://user:pass@host/x"), "https://user:***@host/x");
  });

  it("gives a job's secrets more forms than a task's", () => {
    const masker = new Masker();
    masker.addJobSecret(' "line1\nline2" ');
    assert.equal(masker.mask("line1\nline2"), "***");
    assert.equal(masker.mask("line1%0Aline2"), "***");
    assert.equal(masker.mask(Buffer.from(' "line1\nline2" ').toString("base64")), "***");
    assert.equal(masker.mask("line1"), "line1", "lines of a secret are not secrets");
    const task = new Masker();
    task.add("secret");
    assert.equal(task.mask(Buffer.from("secret").toString("base64")), Buffer.from("secret").toString("base64"));
  });

  it("never leaves a registered value in a text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), fc.string(), (before, secret, after) => {
        // What the replacement itself spells cannot be told from a secret.
        fc.pre(!"***".includes(secret) && !/[*]/.test(secret));
        const masker = new Masker();
        masker.add(secret);
        return !masker.mask(before + secret + after).includes(secret);
      }),
    );
  });

  it("leaves values alone that the knob calls too short, six at most", () => {
    const masker = new Masker(10);
    masker.add("12345");
    masker.add("123456");
    assert.equal(masker.mask("12345 123456"), "12345 ***");
  });
});

describe("the variable store", () => {
  it("expands recursively, leaves circles as text and says so, and lets secrets spread", () => {
    const store = new VariableStore(new Masker(), {
      a: "<$(B)>",
      b: "$(c)",
      c: { value: "hush", secret: true },
      x: "$(y)",
      y: "$(x)",
      plain: "$(none)",
    });
    assert.equal(store.get("A"), "<hush>");
    assert.equal(store.find("a")?.secret, true);
    assert.equal(store.masker.mask("<hush>"), "***");
    assert.match(store.recalculate().join(), /cyclical/);
    assert.equal(store.get("x"), "$(x)");
    assert.equal(store.get("plain"), "$(none)");
  });

  it("keeps a name secret and read-only once it was", () => {
    const store = new VariableStore(new Masker(), { key: { value: "one", secret: true, readOnly: true } });
    store.set("KEY", "two");
    assert.deepEqual(store.find("key"), {
      name: "key",
      value: "two",
      secret: true,
      readOnly: true,
      preserveCase: false,
    });
    assert.equal(store.masker.mask("two"), "***");
  });

  it("ends on any set of variables", () => {
    const names = fc.constantFrom("a", "b", "c", "d");
    const values = fc
      .array(
        fc.oneof(
          fc.constant("text"),
          names.map((name) => `$(${name})`),
        ),
        { maxLength: 4 },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc.dictionary(names, values),
        (variables) => new VariableStore(new Masker(), variables).all().length >= 0,
      ),
    );
  });

  it("scans macros as the agent does", () => {
    const lookup = (name: string) => ({ a: "$(b)", b: "2" })[name];
    assert.equal(expandMacros("$(a)$(b)$(c)$()$(", lookup), "$(b)2$(c)$()$(");
  });
});

describe("connections", () => {
  const connection: ServiceConnection = {
    id: CONNECTION_ID.toUpperCase(),
    type: "azurerm",
    url: "https://management.azure.com/",
    scheme: "WorkloadIdentityFederation",
    parameters: { tenantid: "t", "some.key": "v" },
    data: { subscriptionId: "sub" },
  };

  it("become variables with the id in lower case and keys in upper case", () => {
    assert.deepEqual(connectionEnvironment(connection), {
      [`ENDPOINT_URL_${CONNECTION_ID}`]: "https://management.azure.com/",
      [`ENDPOINT_AUTH_${CONNECTION_ID}`]:
        '{"parameters":{"tenantid":"t","some.key":"v"},"scheme":"WorkloadIdentityFederation"}',
      [`ENDPOINT_AUTH_SCHEME_${CONNECTION_ID}`]: "WorkloadIdentityFederation",
      [`ENDPOINT_AUTH_PARAMETER_${CONNECTION_ID}_TENANTID`]: "t",
      [`ENDPOINT_AUTH_PARAMETER_${CONNECTION_ID}_SOME_KEY`]: "v",
      [`ENDPOINT_DATA_${CONNECTION_ID}`]: '{"subscriptionId":"sub"}',
      [`ENDPOINT_DATA_${CONNECTION_ID}_SUBSCRIPTIONID`]: "sub",
    });
  });

  it("of the job itself have no data", () => {
    const names = Object.keys(
      connectionEnvironment({
        ...connection,
        id: "SystemVssConnection",
        scheme: "OAuth",
        parameters: { AccessToken: "x" },
      }),
    );
    assert.deepEqual(names, [
      "ENDPOINT_URL_SYSTEMVSSCONNECTION",
      "ENDPOINT_AUTH_SYSTEMVSSCONNECTION",
      "ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION",
      "ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN",
    ]);
  });
});

describe("handlers and Node", () => {
  const manifest = (handlers: Record<string, unknown>) => ({ execution: handlers }) as unknown as TaskManifest;
  const none = () => undefined;

  it("prefers Node24, does not know Node20, and fails on Windows handlers alone", () => {
    const target = { target: "a.js" };
    assert.equal(
      chooseHandler(manifest({ Node10: target, Node20_1: target, node24: target }), "execution")?.name,
      "Node24",
    );
    assert.equal(chooseHandler(manifest({ Node20: target, Node16: target }), "execution")?.name, "Node16");
    assert.equal(chooseHandler(manifest({ Node20_1: target }), "postjob"), undefined);
    assert.throws(() => chooseHandler(manifest({ Node20: target }), "execution"), /not capable of running this task/);
  });

  it("runs a Node24 handler on Node 20 until a knob says otherwise", () => {
    const nodes = { node20_1: process.execPath, node24: process.execPath };
    assert.equal(chooseNode("Node24", nodes, none).folder, "node20_1");
    for (const knob of [
      "AGENT_USE_NODE24_WITH_HANDLER_DATA",
      "DistributedTask.Agent.UseNode24withHandlerData",
      "AGENT_USE_NODE24",
    ]) {
      assert.equal(chooseNode("Node24", nodes, (name) => (name === knob ? "true" : undefined)).folder, "node24");
    }
    const fallback = chooseNode("Node24", { node20_1: process.execPath }, (name) =>
      name === "AGENT_USE_NODE24" ? "true" : undefined,
    );
    assert.equal(fallback.folder, "node20_1");
    assert.match(fallback.warnings[0]!, /doesn't support Node24/);
    assert.throws(() => chooseNode("Node16", nodes, none), /File not found: 'externals\/node16\/bin\/node'/);
    const upgraded = chooseNode("Node16", nodes, (name) => (name === "AGENT_USE_NODE" ? "upgrade" : undefined));
    assert.deepEqual([upgraded.folder, upgraded.warnings.length], ["node20_1", 1]);
  });

  it("runs one task on both Nodes of this machine", async function () {
    needs(this, machineNodes().node24 !== undefined, NODE_24);
    const bench = new Bench();
    try {
      const task = bench.task({}, 'console.log("major", process.versions.node.split(".")[0]);');
      const versions: string[] = [];
      for (const knob of ["AGENT_USE_NODE20_1", "AGENT_USE_NODE24"]) {
        const outcome = await bench.run([{ taskFolder: task }], { variables: { [knob]: "true" } });
        versions.push(mainStage(outcome).lines.find((line) => line.startsWith("major"))!);
      }
      assert.equal(versions[1], "major 24");
      assert.match(versions[0]!, /^major 2\d$/);
    } finally {
      bench.close();
    }
  });
});

describe("a job", () => {
  let lib: string;
  let bench: Bench;
  before(async () => {
    lib = await bundledTaskLib();
  });
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  it("runs prejob stages first and postjob stages last, in reverse, each with its own environment", async () => {
    const task = (name: string) =>
      bench.task(
        { name },
        {
          prejob: `console.log("pre ${name}");`,
          execution: `console.log("main ${name}", process.env.INPUT_A);`,
          postjob: `console.log("post ${name}");`,
        },
      );
    const outcome = await bench.run([
      { taskFolder: task("A"), inputs: { a: "1" } },
      { taskFolder: task("B"), inputs: { a: "2" } },
    ]);
    const said = outcome.stages.map(({ lines }) => lines.find((line) => /^(pre|main|post) /.test(line)));
    assert.deepEqual(said, ["pre A", "pre B", "main A 1", "main B 2", "post B", "post A"]);
    assert.deepEqual(
      outcome.stages.map(({ displayName }) => displayName),
      ["Pre-job: A", "Pre-job: B", "A", "B", "Post-job: B", "Post-job: A"],
    );
  });

  it("gives a release its own variables and roots its files in the artifacts", async () => {
    const task = bench.task({ inputs: [{ name: "file", type: "filePath" }] }, PRINT_ENVIRONMENT);
    const outcome = await bench.run([{ taskFolder: task, inputs: { file: "drop/x.yml" } }], {
      run: {
        host: "release",
        release: {
          id: 7,
          name: "Release-7",
          definitionId: 2,
          definitionName: "ship",
          environmentId: 9,
          environmentName: "prod",
        },
      },
    });
    const environment = printedEnvironment(mainStage(outcome));
    const artifacts = path.join(bench.workFolder, "1", "a");
    assert.equal(environment["INPUT_FILE"], path.join(artifacts, "drop/x.yml"));
    assert.equal(environment["RELEASE_RELEASEID"], "7");
    assert.equal(environment["RELEASE_ENVIRONMENTNAME"], "prod");
    assert.equal(environment["SYSTEM_HOSTTYPE"], "release");
    assert.equal(environment["SYSTEM_DEFAULTWORKINGDIRECTORY"], artifacts);
    assert.equal(environment["BUILD_BUILDID"], undefined);
    const refused = await bench.run([{ taskFolder: bench.task({}, 'console.log("##vso[build.addbuildtag]x");') }], {
      run: { host: "release" },
    });
    assert.equal(mainStage(refused).result, "Failed");
    assert.ok(
      mainStage(refused).lines.includes("##vso[build.addbuildtag]x"),
      "the line of a command that the host lacks is printed",
    );
  });

  it("hands the proxy and the CA file over as the agent does, readable by task-lib, and sets no HTTPS_PROXY", async () => {
    const script = `const tl = require("./task-lib.js"); const proxy = tl.getHttpProxyConfiguration("https://x/");
      console.log(proxy.proxyUrl, proxy.proxyUsername, proxy.proxyPassword.length, tl.getHttpCertConfiguration().caFile, process.env.HTTPS_PROXY);`;
    const outcome = await bench.run([{ taskFolder: bench.task({}, script, lib) }], {
      network: {
        proxyUrl: "http://127.0.0.1:3128",
        proxyUsername: "u",
        proxyPassword: "p-a-s-s",
        caFile: "/tmp/ca.pem",
      },
      hostEnvironment: { PATH: process.env["PATH"] ?? "" },
    });
    assert.ok(
      mainStage(outcome).lines.includes("http://127.0.0.1:3128 u 7 /tmp/ca.pem undefined"),
      mainStage(outcome).lines.join("\n"),
    );
  });

  it("lets a task set only what its restrictions list, and warns of the rest", async () => {
    const restrictions = { settableVariables: { allowed: ["ok*", "Path"] } };
    const script =
      'console.log("##vso[task.setvariable variable=OKAY]1"); console.log("##vso[task.setvariable variable=other]1"); console.log("##vso[task.prependpath]/opt/x");';
    const outcome = await bench.run([
      { taskFolder: bench.task({ restrictions }, script) },
      { taskFolder: bench.task({}, PRINT_ENVIRONMENT), target: { settableVariables: [] } },
    ]);
    assert.deepEqual(Object.keys(mainStage(outcome).variables), ["OKAY"]);
    assert.deepEqual(
      mainStage(outcome).issues.map(({ message }) => message),
      ["Setting variable 'other' has been disabled by the task or build definition."],
    );
    assert.ok(printedEnvironment(mainStage(outcome, 1))["PATH"]!.startsWith("/opt/x:"));
  });

  it("keeps ten errors, counts progress up only, and turns a failure into issues where that is asked", async () => {
    const script = `for (let n = 0; n < 12; n++) console.log("##vso[task.logissue type=error;sourcepath=job.yml;linenumber=" + n + ";columnnumber=2;code=E" + n + "]wrong");
      console.log("##vso[task.setprogress value=40]x"); console.log("##vso[task.setprogress value=20]y"); console.log("##vso[task.complete result=Failed]");`;
    const outcome = await bench.run([{ taskFolder: bench.task({}, script), continueOnError: true }]);
    const stage = mainStage(outcome);
    assert.equal(stage.issues.length, 10);
    assert.deepEqual(stage.issues[3], {
      type: "error",
      message: "job.yml(3,2): error E3: wrong",
      sourcePath: "job.yml",
      line: 3,
      column: 2,
      code: "E3",
    });
    assert.equal(stage.lines.filter((line) => line.startsWith("##[error]")).length, 12);
    assert.equal(stage.progress, 40);
    assert.equal(stage.result, "SucceededWithIssues");
    assert.equal(outcome.result, "SucceededWithIssues");
  });

  it("changes a connection for later steps, and masks what it was given", async () => {
    const connection: ServiceConnection = {
      id: CONNECTION_ID,
      type: "azurerm",
      url: "https://a/",
      scheme: "None",
      parameters: {},
      data: {},
    };
    const inputs = [{ name: "c", type: "connectedService:AzureRM" }];
    const set = `const id = "${CONNECTION_ID}"; console.log("##vso[task.setendpoint id=" + id + ";field=authParameter;key=token]fresh-token"); console.log("##vso[task.setendpoint id=" + id + ";field=url]https://b/");`;
    const outcome = await bench.run(
      [
        { taskFolder: bench.task({}, set) },
        { taskFolder: bench.task({ inputs }, PRINT_ENVIRONMENT), inputs: { c: CONNECTION_ID } },
        { taskFolder: bench.task({}, PRINT_ENVIRONMENT) },
      ],
      { connections: [connection] },
    );
    const environment = printedEnvironment(mainStage(outcome, 1));
    assert.equal(environment[`ENDPOINT_URL_${CONNECTION_ID}`], "https://b/");
    assert.equal(environment[`ENDPOINT_AUTH_PARAMETER_${CONNECTION_ID}_TOKEN`], "***");
    const other = Object.keys(printedEnvironment(mainStage(outcome, 2)));
    assert.ok(
      !other.some((name) => name.includes(CONNECTION_ID)),
      "a step gets only the connections that its inputs name",
    );
  });

  it("skips steps that name a connection on a fork without secrets", async () => {
    const task = bench.task({ inputs: [{ name: "c", type: "connectedService:AzureRM" }] }, "");
    const outcome = await bench.run([{ taskFolder: task, inputs: { c: CONNECTION_ID } }, { taskFolder: task }], {
      restrictsForkSecrets: true,
    });
    assert.deepEqual(
      outcome.stages.map(({ result }) => result),
      ["Skipped", "Succeeded"],
    );
  });

  it("waits no longer than five seconds for a task that said done", async () => {
    const patience = holdTimer(5_000);
    let over = false;
    try {
      const running = bench.run(
        [
          {
            taskFolder: bench.task(
              {},
              'console.log("##vso[task.complete result=Succeeded;done=true]\\nand goes on"); setInterval(() => {}, 1000);',
            ),
          },
        ],
        {
          onLine: (line) => {
            if (line !== "and goes on") return;
            setImmediate(() => {
              assert.ok(!over);
              patience.end();
            });
          },
        },
      );
      const outcome = await running.finally(() => {
        over = true;
      });
      assert.equal(mainStage(outcome).result, "Succeeded");
    } finally {
      patience.restore();
    }
  });

  it("hands test results to the server, and fails the step on failed tests where that is asked", async () => {
    const server = new RecordingServer();
    server.failedTests = 2;
    const publish = (
      more: string,
    ) => `const fs = require("node:fs"); fs.mkdirSync("r", { recursive: true }); fs.writeFileSync("r/TEST-a.xml", "<testsuite/>");
      console.log("##vso[results.publish type=JUnit;resultFiles=**/TEST-*.xml;runTitle=Gate;${more}]");`;
    const outcome = await bench.run(
      [
        { taskFolder: bench.task({}, publish("mergeResults=true")) },
        { taskFolder: bench.task({}, publish("failTaskOnFailedTests=true")) },
      ],
      { server },
    );
    assert.deepEqual(
      outcome.stages.map(({ result }) => result),
      ["Succeeded", "Failed"],
    );
    const [first] = server.of("publishTestResults");
    assert.deepEqual(first![0].files, [path.join(bench.workFolder, "1", "s", "r", "TEST-a.xml")]);
    assert.deepEqual([first![0].runTitle, first![0].mergeResults], ["Gate", true]);
  });

  it("puts only the package into the task folder, beside nothing else", async () => {
    const script =
      'const fs = require("node:fs"); console.log("files", fs.readdirSync(__dirname + "/..").sort().join()); try { require("typescript"); console.log("reached"); } catch (error) { console.log(error.code); }';
    const folder = bench.task({}, script);
    const { writeFileSync } = await import("node:fs");
    writeFileSync(path.join(folder, "secret-source.ts"), "");
    const outcome = await bench.run([{ taskFolder: folder }]);
    const { lines } = mainStage(outcome);
    assert.ok(lines.includes("files dist,task.json") && lines.includes("MODULE_NOT_FOUND"), lines.join("\n"));
  });

  it("gives the whole environment of a step to whoever starts a task by hand", () => {
    const task = bench.task({ inputs: [{ name: "a", type: "string", defaultValue: " d " }] }, "");
    const { environment, script, cwd } = agentEnvironment({
      workFolder: bench.workFolder,
      taskFolder: task,
      variables: { x: "1" },
    });
    assert.equal(environment["INPUT_A"], "d");
    assert.equal(environment["X"], "1");
    assert.equal(environment["TF_BUILD"], "True");
    assert.equal(environment["agent.jobstatus"], "Succeeded");
    assert.ok(script!.endsWith("/1.2.3/dist/execution.js"));
    assert.equal(cwd, path.join(bench.workFolder, "1", "s"));
  });
});

describe("reading what a process prints", () => {
  it("cuts lines alike however the bytes arrive", () => {
    const cut = (bytes: Buffer, sizes: readonly number[]) => {
      const lines: string[] = [];
      const splitter = new LineSplitter((line) => lines.push(line));
      let at = 0;
      for (const size of sizes) {
        splitter.write(bytes.subarray(at, at + size));
        at += size;
      }
      splitter.write(bytes.subarray(at));
      splitter.end();
      return lines;
    };
    const text = fc
      .array(fc.constantFrom("a", "é", "\r", "\n", "\r\n", "##vso["), { maxLength: 20 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(4), { maxLength: 20 }), (whole, sizes) => {
        const bytes = Buffer.from(whole);
        assert.deepEqual(cut(bytes, sizes), cut(bytes, []));
      }),
    );
  });

  it("reads JUnit files with nested suites, errors and skipped tests", () => {
    const suites = readJUnit(
      '<testsuites><testsuite name="o"><testsuite name="i"><testcase name="a" time="1.5"/><testcase name="b"><error message="m"/></testcase></testsuite></testsuite></testsuites>',
    );
    assert.deepEqual(
      suites.map(({ name }) => name),
      ["i"],
    );
    assert.deepEqual(
      suites[0]!.cases.map(({ outcome, durationInMilliseconds }) => [outcome, durationInMilliseconds]),
      [
        ["Passed", 1500],
        ["Failed", 0],
      ],
    );
    assert.throws(() => readJUnit("not xml <"));
    assert.throws(() => readJUnit("<report/>"), /no <testsuite>/);
  });
});
