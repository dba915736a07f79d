// Generated files: freshness, refusals, the ledger, the types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { contractFile } from "../../scripts/generate/contract.ts";
import { readContributions } from "../../scripts/generate/contributions.ts";
import { faultsOf } from "../../scripts/generate/faults.ts";
import { formatJson } from "../../scripts/generate/json.ts";
import { broken, type Ledger, ledgerFile, readLedger } from "../../scripts/generate/ledger.ts";
import { manifestFile } from "../../scripts/generate/manifest.ts";
import { parseVisibleRule, readTasks, type TaskFolder, type TaskInput } from "../../scripts/generate/task-json.ts";
import { generate, staleFiles } from "../../scripts/generate.ts";

const root = resolve(import.meta.dirname, "../..");
const copy = (): TaskFolder[] => structuredClone(readTasks(root)) as TaskFolder[];
const task = (tasks: readonly TaskFolder[], folder: string) => tasks.find((one) => one.folder === folder)!.json;
const input = (tasks: readonly TaskFolder[], folder: string, name: string): TaskInput =>
  task(tasks, folder).inputs.find((one) => one.name === name)!;

describe("generate", () => {
  it("has nothing to write", async () => {
    assert.deepEqual(staleFiles(root, await generate(root)), []);
  });

  it("gives the same twice", async () => {
    assert.deepEqual(await generate(root), await generate(root));
  });

  it("names in --check what is out of date, and fails", () => {
    const folder = mkdtempSync(join(tmpdir(), "generate-"));
    // These pages are made of parts of the project that this copy does not have.
    const filter = (from: string) => !/(^|[\\/])(dist|status\.md|architecture\.md)$/.test(from);
    try {
      for (const name of [
        "scripts/generate.ts",
        "scripts/generate",
        "scripts/bench/performance.ts",
        "scripts/bench/performance-page.ts",
        "scripts/module-boundaries",
        "lib",
        "tasks",
        "contributions",
        "docs",
        "README.md",
        "vss-extension.json",
        "package.json",
      ]) {
        cpSync(join(root, name), join(folder, name), { recursive: true, filter });
      }
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      const check = () =>
        execFileSync(process.execPath, ["--import", "tsx", "scripts/generate.ts", "--check"], {
          cwd: folder,
          stdio: "pipe",
        });
      check();
      const file = join(folder, "tasks/SubmitJob/contract.json");
      writeFileSync(file, readFileSync(file, "utf8").replace('"Experiment"', '"Name of the experiment"'));
      assert.throws(check, (error: { status: number; stderr: Buffer }) => {
        assert.equal(error.status, 1);
        assert.match(error.stderr.toString(), /^tasks\/SubmitJob\/task\.json is out of date/m);
        assert.match(error.stderr.toString(), /^tasks\/SubmitJob\/README\.md is out of date/m);
        return true;
      });
      execFileSync(process.execPath, ["--import", "tsx", "scripts/generate.ts"], { cwd: folder, stdio: "pipe" });
      check();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("writes JSON as the formatter does", () => {
    const value = { a: [], b: {}, c: ["x", 1, null], d: [{ e: "y".repeat(130) }], f: ["z".repeat(60), "z".repeat(60)] };
    assert.deepEqual(JSON.parse(formatJson(value)), value);
    assert.match(formatJson(value), /"c": \["x", 1, null\],\n/);
    assert.match(formatJson(value), /"f": \[\n {4}"z/);
  });
});

describe("task.json", () => {
  const refuses = (change: (tasks: TaskFolder[]) => void, sentence: RegExp) => {
    const tasks = copy();
    change(tasks);
    const faults = faultsOf(tasks);
    assert.ok(
      faults.some((fault) => sentence.test(fault)),
      faults.join("\n") || "nothing was refused",
    );
  };

  it("is in order as it stands", () => assert.deepEqual(faultsOf(copy()), []));

  it("is refused with an input without help", () =>
    refuses(
      (tasks) => delete input(tasks, "SubmitJob", "jobFile").helpMarkDown,
      /SubmitJob.*input jobFile has no help/,
    ));
  it("is refused with an input that says something else in another task", () =>
    refuses(
      (tasks) => (input(tasks, "SubmitJob", "workspace").label = "ML workspace"),
      /input workspace has another label than in/,
    ));
  it("is refused with a default that is no option", () =>
    refuses((tasks) => (input(tasks, "RegisterData", "type").defaultValue = "uri"), /default uri is no option/));
  it("is refused with a rule about an input of another group, by which Azure DevOps refuses a task", () => {
    refuses(
      (tasks) => (input(tasks, "RegisterData", "description").visibleRule = "source = inline"),
      /input description: its visibleRule names source, which stands in the group asset and not in details/,
    );
    for (const { folder, json } of readTasks(root))
      for (const { name, groupName, visibleRule } of json.inputs)
        for (const [other] of visibleRule === undefined ? [] : parseVisibleRule(visibleRule).flat())
          assert.equal(json.inputs.find((one) => one.name === other)?.groupName, groupName, `${folder}: ${name}`);
  });
  it("is refused with a rule about an input that is not there, or a value that it cannot have", () => {
    refuses(
      (tasks) => (input(tasks, "RegisterData", "path").visibleRule = "sourc = inline"),
      /names sourc, which is no input/,
    );
    refuses(
      (tasks) => (input(tasks, "RegisterData", "path").visibleRule = "source = here"),
      /compares source with here/,
    );
  });
  it("is refused with a connection that hides workspace connections", () =>
    refuses((tasks) => delete input(tasks, "SubmitJob", "azureSubscription").properties, /EndpointFilterRule/));
  it("is refused with a handler that the agent does not know", () =>
    refuses((tasks) => (task(tasks, "SubmitJob").execution["Node20"] = { target: "dist/index.js" }), /handlers are/));
  it("is refused with a friendly name that is too long, a foreign name, a twin id", () => {
    refuses((tasks) => (task(tasks, "SubmitJob").friendlyName = "x".repeat(41)), /friendlyName has 41/);
    refuses((tasks) => (task(tasks, "SubmitJob").name = "SubmitJob"), /must be AzureMLSubmitJob/);
    refuses((tasks) => (task(tasks, "SubmitJob").id = task(tasks, "RegisterData").id), /is RegisterData's/);
  });

  it("is refused with a list in the editor that cannot work", () => {
    const binding = (tasks: readonly TaskFolder[], target: string) =>
      task(tasks, "InvokeEndpoint").dataSourceBindings!.find((one) => one.target === target)!;
    const cases: [(tasks: TaskFolder[]) => unknown, RegExp][] = [
      [
        (tasks) => task(tasks, "InvokeEndpoint").dataSourceBindings!.pop(),
        /deploymentName is an open pick list and has 0/,
      ],
      [(tasks) => (binding(tasks, "deploymentName").target = "gone"), /list of input gone belongs to no input/],
      [(tasks) => (binding(tasks, "deploymentName").target = "requestFile"), /needs a pickList with EditableOptions/],
      [(tasks) => (binding(tasks, "deploymentName").endpointId = "$(workspace)"), /no connection/],
      [(tasks) => delete binding(tasks, "deploymentName").parameters!["endpointName"], /asks for endpointName/],
      [
        (tasks) => (binding(tasks, "deploymentName").parameters!["workspace"] = "$(ws)"),
        /parameter workspace of \$\(ws\)/,
      ],
      [(tasks) => delete binding(tasks, "deploymentName").callbackContextTemplate, /does not page/],
      [(tasks) => (binding(tasks, "deploymentName").initialContextTemplate = '{"next":""}'), /never sends next/],
      [(tasks) => (binding(tasks, "deploymentName").resultTemplate = '{"Value":"{{name}}"}'), /two braces/],
      [(tasks) => (binding(tasks, "deploymentName").endpointUrl = "https://a.b/"), /own host/],
      [
        (tasks) => (binding(tasks, "workspace").resultTemplate = "{{{id}}}"),
        /list of input workspace is another than in/,
      ],
    ];
    for (const [change, sentence] of cases) refuses(change, sentence);
  });

  it("has visible rules of =, ==, !=, && and ||, and no others", () => {
    assert.deepEqual(parseVisibleRule("a = v && b != w || c == x"), [
      [
        ["a", "=", "v"],
        ["b", "!=", "w"],
      ],
      [["c", "=", "x"]],
    ]);
    assert.throws(() => parseVisibleRule("a EndsWith v"), /only =/);
  });
});

describe("contributions", () => {
  const folderWith = (files: Record<string, unknown>): string => {
    const folder = mkdtempSync(join(tmpdir(), "contributions-"));
    mkdirSync(join(folder, "contributions"));
    for (const [name, value] of Object.entries(files))
      writeFileSync(join(folder, "contributions", name), JSON.stringify(value));
    return folder;
  };
  const contribution = { id: "one", type: "ms.vss-endpoint.service-endpoint-type", targets: ["t"], properties: {} };

  it("come into the manifest with their files, in place of what was there", () => {
    const folder = folderWith({ "one.json": { contribution, files: [{ path: "images/one.png", addressable: true }] } });
    const old = { ...contribution, id: "old" };
    const kept = { ...contribution, id: "tab", type: "ms.vss-build-web.build-results-tab" };
    const text = JSON.stringify({ contributions: [old, kept], files: [{ path: "images" }] });
    const manifest = JSON.parse(manifestFile(text, [], readContributions(folder)));
    assert.deepEqual(
      manifest.contributions.map(({ id }: { id: string }) => id),
      ["one", "tab"],
    );
    assert.deepEqual(manifest.files, [{ path: "images/one.png", addressable: true }, { path: "images" }]);
    assert.equal(manifestFile(JSON.stringify(manifest), [], readContributions(folder)), formatJson(manifest));
    rmSync(folder, { recursive: true });
  });

  it("are refused without an id, and with the id of another", () => {
    assert.throws(() => readContributions(folderWith({ "a.json": { contribution: { id: "a" } } })), /a\.json: .*needs/);
    assert.throws(
      () => readContributions(folderWith({ "a.json": { contribution }, "b.json": { contribution } })),
      /b\.json: id one is that of contributions\/a\.json/,
    );
  });
});

describe("the ledger", () => {
  const ledger = readLedger(root);
  const breaks = (change: (tasks: TaskFolder[]) => void) => {
    const tasks = copy();
    change(tasks);
    return broken(ledger, tasks);
  };
  const drop = (tasks: TaskFolder[], folder: string, name: string) => {
    const json = task(tasks, folder);
    json.inputs = json.inputs.filter((one) => one.name !== name);
  };

  it("finds nothing broken as things stand", () =>
    assert.deepEqual(
      breaks(() => {}),
      [],
    ));

  it("refuses a name that is gone, until the major rises", () => {
    assert.match(breaks((tasks) => drop(tasks, "SubmitJob", "tags")).join(), /input tags is published and gone/);
    assert.match(
      breaks((tasks) => task(tasks, "SubmitJob").outputVariables!.shift()).join(),
      /output jobName is published and gone/,
    );
    const raised = breaks((tasks) => {
      drop(tasks, "SubmitJob", "tags");
      task(tasks, "SubmitJob").version.Major = 2;
    });
    assert.deepEqual(raised, []);
  });

  it("refuses a narrower pick list, another type, another id, a lost task, a lower major", () => {
    assert.match(
      breaks((tasks) => delete input(tasks, "EvaluateMetrics", "onFail").options!["warn"]).join(),
      /no longer takes warn/,
    );
    assert.match(
      breaks((tasks) => (input(tasks, "SubmitJob", "displayName").type = "int")).join(),
      /published as string and is now int/,
    );
    assert.match(
      breaks((tasks) => (input(tasks, "WaitForJob", "azureSubscription").type += ":ServicePrincipal")).join(),
      /published as connectedService:AzureRM and is now connectedService:AzureRM:ServicePrincipal/,
    );
    assert.match(breaks((tasks) => (task(tasks, "SubmitJob").id = "x")).join(), /never changes/);
    assert.match(breaks((tasks) => tasks.shift()).join(), /is published and gone/);
    assert.match(breaks((tasks) => (task(tasks, "SubmitJob").version.Major = 0)).join(), /is lower than/);
  });

  it("refuses a new input that every pipeline would lack, and one that becomes required", () => {
    const extra: TaskInput = { name: "extra", type: "string", label: "Extra", required: true, helpMarkDown: "x" };
    assert.match(
      breaks((tasks) => task(tasks, "SubmitJob").inputs.push(extra)).join(),
      /new, required and without a default/,
    );
    assert.match(
      breaks((tasks) => (input(tasks, "SubmitJob", "experimentName").required = true)).join(),
      /was optional/,
    );
  });

  it("takes what only adds", () => {
    const tasks = copy();
    task(tasks, "SubmitJob").inputs.push({ name: "extra", type: "string", label: "Extra", helpMarkDown: "x" });
    input(tasks, "EvaluateMetrics", "onFail").options!["ignore"] = "ignore it";
    assert.deepEqual(broken(ledger, tasks), []);
    const narrow = structuredClone(ledger);
    narrow["AzureMLWaitForJob"]!.inputs["azureSubscription"] = "connectedService:AzureRM:ServicePrincipal";
    assert.deepEqual(broken(narrow, tasks), [], "a connection of any scheme");
    assert.ok("extra" in (JSON.parse(ledgerFile(tasks)) as Ledger)["AzureMLSubmitJob"]!.inputs);
  });
});

describe("a contract's types", () => {
  const file = (folder: string) => contractFile(copy().find((one) => one.folder === folder)!);

  it("tell inputs apart by what they hang on", () => {
    const text = file("RegisterData");
    assert.match(text, /source: "file";\n[^;]*dataFile: string;\n\s+name: undefined;/);
    assert.match(
      text,
      /source: "inline";\n\s+dataFile: undefined;[\s\S]*?\bname: string;[\s\S]*?type: "uri_file" \| "uri_folder" \| "mltable";/,
    );
    assert.match(text, /\} & ConnectionType & Source;/);
  });

  it("say what each output is", () => {
    assert.match(file("RegisterData"), /created: boolean;/);
    assert.match(file("SubmitJob"), /outputs: Readonly<Record<string, string \| number>>;/);
  });

  it("make an input that hangs on several others optional", () => {
    const tasks = copy();
    input(tasks, "RegisterData", "datastore").visibleRule = "source = file && description != x";
    assert.match(contractFile(tasks.find((one) => one.folder === "RegisterData")!), /datastore: string \| undefined;/);
  });

  it("are TypeScript that the compiler takes, and that catches a story which forgets to ask", () => {
    const folder = mkdtempSync(join(root, "node_modules", ".cache-types-"));
    try {
      mkdirSync(join(folder, "a/b"), { recursive: true });
      const contract = join(root, "tasks/RegisterData/contract.gen.ts");
      const check = (body: string): string => {
        const story = join(folder, "a/b/story.ts");
        writeFileSync(
          story,
          `import type { Inputs } from ${JSON.stringify(contract)};\nexport const f = (inputs: Inputs): string => ${body};\n`,
        );
        try {
          const flags = [
            "--ignoreConfig",
            "--noEmit",
            "--strict",
            "--module",
            "nodenext",
            "--target",
            "es2023",
            "--allowImportingTsExtensions",
            "--skipLibCheck",
          ];
          execFileSync(
            process.execPath,
            [join(root, "node_modules/typescript/bin/tsc"), ...flags, "--types", "node", story],
            { cwd: root, stdio: "pipe" },
          );
          return "";
        } catch (error) {
          return String((error as { stdout: Buffer }).stdout);
        }
      };
      assert.equal(check('inputs.source === "file" ? inputs.dataFile : inputs.name'), "");
      assert.match(check("inputs.dataFile"), /TS2322/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
