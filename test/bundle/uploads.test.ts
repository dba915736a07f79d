// Uploads of the packaged tasks: files of the checkout and of the agent's own folders, by their real path, each as it was hashed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { assertSucceeded, Bench, type RunOptions, type TaskRun } from "../harness/bench.ts";
import { needs } from "../harness/needs.ts";

const SECRET = "the agent's own secret";
const job = (more: Record<string, unknown>) =>
  JSON.stringify({
    type: "command",
    command: "ls",
    environment: { image: "ubuntu" },
    compute: "azureml:cpu-cluster",
    ...more,
  });
let parts = 0;
const component = (more: Record<string, unknown>) =>
  JSON.stringify({
    type: "command",
    name: `part_${++parts}`,
    version: "1",
    command: "ls",
    environment: { image: "ubuntu" },
    ...more,
  });

describe("uploads as shipped", () => {
  let bench: Bench;
  let outside: string;
  before(async () => {
    bench = await Bench.open();
    outside = mkdtempSync(path.join(os.tmpdir(), "away-"));
    writeFileSync(path.join(outside, "secret.txt"), SECRET);
    mkdirSync(path.join(outside, "folder"));
    writeFileSync(path.join(outside, "folder", "Dockerfile"), SECRET);
    writeFileSync(path.join(outside, "conda.yml"), "dependencies: [hidden-package]\n");
  });
  after(async () => {
    await bench?.close();
    rmSync(outside, { recursive: true, force: true });
  });

  /** What a step brought to storage, by its path; a secret says so. */
  async function stored(run: TaskRun): Promise<string[]> {
    const names: string[] = [];
    const { blobs } = bench.cloud.azure;
    for (const one of run.exchanges) {
      const url = new URL(one.url);
      if (one.method !== "PUT" || !url.hostname.startsWith("stor1.blob.")) continue;
      const [container = "", ...rest] = decodeURIComponent(url.pathname.slice(1)).split("/");
      const name = rest.join("/");
      const content = (await blobs.get(container, name))?.toString() ?? "";
      if (content.includes(SECRET) || content.includes("hidden-package")) names.push(`SECRET ${name}`);
      else names.push(name);
    }
    return names;
  }

  async function refused(run: TaskRun, reason: RegExp): Promise<void> {
    assert.deepEqual(
      (await stored(run)).filter((name) => name.startsWith("SECRET") || /(^|\/)\.git(\/|$)/.test(name)),
      [],
    );
    assert.equal(run.result, "Failed", run.log);
    assert.match(run.errors.join("\n"), reason);
    assert.doesNotMatch(run.errors.join("\n"), /Unexpected|undefined|fault of the task/);
  }

  type Prepare = NonNullable<RunOptions["prepare"]>;
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  type Road = [
    title: string,
    task: "RegisterData" | "RegisterModel" | "SubmitJob" | "Apply",
    inputs: () => Record<string, string>,
    prepare: Prepare,
  ];
  const roads: Road[] = [
    [
      "a data path",
      "RegisterData",
      () => ({ source: "inline", name: "x", type: "uri_file", path: path.join(outside, "secret.txt") }),
      () => {},
    ],
    [
      "the path of a data YAML",
      "RegisterData",
      () => ({ dataFile: "d.yml" }),
      (to) => write(path.join(to, "d.yml"), JSON.stringify({ name: "x", type: "uri_folder", path: outside })),
    ],
    [
      "a file: address",
      "RegisterData",
      () => ({ dataFile: "d.yml" }),
      (to) => write(path.join(to, "d.yml"), JSON.stringify({ name: "x", type: "uri_folder", path: `file:${outside}` })),
    ],
    [
      "a model path",
      "RegisterModel",
      () => ({ source: "folder", name: "x", type: "custom_model", modelPath: outside }),
      () => {},
    ],
    [
      "the code of a job",
      "SubmitJob",
      () => ({ jobFile: "j.yml", wait: "false" }),
      (to) => write(path.join(to, "j.yml"), job({ code: outside })),
    ],
    [
      "the input data of a job",
      "SubmitJob",
      () => ({ jobFile: "j.yml", wait: "false" }),
      (to) =>
        write(
          path.join(to, "j.yml"),
          job({ command: "ls ${{inputs.a}}", inputs: { a: { type: "uri_folder", path: outside } } }),
        ),
    ],
    [
      "the conda file of a job",
      "SubmitJob",
      () => ({ jobFile: "j.yml", wait: "false" }),
      (to) =>
        write(
          path.join(to, "j.yml"),
          job({ environment: { image: "ubuntu", conda_file: path.join(outside, "conda.yml") } }),
        ),
    ],
    [
      "a Docker context",
      "Apply",
      () => ({ file: "e.yml" }),
      (to) =>
        write(
          path.join(to, "e.yml"),
          JSON.stringify({
            $schema: "https://azuremlschemas.azureedge.net/latest/environment.schema.json",
            name: "x",
            build: { path: path.join(outside, "folder") },
          }),
        ),
    ],
    [
      "what a component includes",
      "Apply",
      () => ({ file: "c.yml" }),
      (to) => {
        write(path.join(to, "code", "a.py"), "");
        write(path.join(to, "c.yml"), component({ code: "code", additional_includes: [outside] }));
      },
    ],
    [
      "a link in code",
      "SubmitJob",
      () => ({ jobFile: "j.yml", wait: "false" }),
      (to) => {
        write(path.join(to, "code", "a.py"), "");
        symlinkSync(path.join(outside, "secret.txt"), path.join(to, "code", "b.txt"));
        write(path.join(to, "j.yml"), job({ code: "code" }));
      },
    ],
    [
      "a link in what a component includes",
      "Apply",
      () => ({ file: "c.yml" }),
      (to) => {
        write(path.join(to, "code", "a.py"), "");
        write(path.join(to, "more", "b.py"), "");
        symlinkSync(outside, path.join(to, "more", "link"));
        write(path.join(to, "c.yml"), component({ code: "code", additional_includes: ["more"] }));
      },
    ],
    [
      "a link in code beside includes",
      "Apply",
      () => ({ file: "c.yml" }),
      (to) => {
        write(path.join(to, "code", "a.py"), "");
        write(path.join(to, "more.py"), "");
        symlinkSync(path.join(outside, "secret.txt"), path.join(to, "code", "b.txt"));
        write(path.join(to, "c.yml"), component({ code: "code", additional_includes: ["more.py"] }));
      },
    ],
    [
      "a link to a link",
      "RegisterData",
      () => ({ source: "inline", name: "x", path: "linked" }),
      (to) => {
        write(path.join(to, "linked", "a"), "");
        symlinkSync("two", path.join(to, "linked", "one"));
        symlinkSync(path.join(outside, "secret.txt"), path.join(to, "linked", "two"));
      },
    ],
    [
      "a path that goes up and down again",
      "RegisterData",
      () => ({
        source: "inline",
        name: "x",
        path: "../../../../../../../../../../../../../../../../../../../../../../etc",
      }),
      () => {},
    ],
    [
      "the repository's .git",
      "RegisterData",
      () => ({ source: "inline", name: "x", path: ".git" }),
      (to) => write(path.join(to, ".git", "config"), `[http] extraheader = ${SECRET}`),
    ],
    [
      "a file of the repository's .git",
      "RegisterData",
      () => ({ source: "inline", name: "x", type: "uri_file", path: ".git/config" }),
      (to) => write(path.join(to, ".git", "config"), SECRET),
    ],
    [
      "a link into the repository's .git",
      "RegisterData",
      () => ({ source: "inline", name: "x", path: "d" }),
      (to) => {
        write(path.join(to, ".git", "config"), SECRET);
        write(path.join(to, "d", "a"), "");
        symlinkSync("../.git", path.join(to, "d", "history"));
      },
    ],
  ];
  for (const [title, task, inputs, prepare] of roads)
    it(`hold nothing from outside by way of ${title}`, async () => {
      const run = await bench.run(task, inputs(), { prepare });
      await refused(run, /outside|leaves|leads out|\.git/);
    });

  it("leave out .git, also that of a worktree, and keep the rest", async () => {
    const run = await bench.run(
      "RegisterData",
      { source: "inline", name: "all", path: "." },
      {
        prepare: (to) => {
          write(path.join(to, ".git", "config"), SECRET);
          write(path.join(to, "sub", ".git"), `gitdir: ../.git/modules/sub\n${SECRET}`);
          write(path.join(to, "sub", "kept.txt"), "kept");
          write(path.join(to, ".gitignore"), "*.log\n");
          write(path.join(to, "x.log"), SECRET);
        },
      },
    );
    assertSucceeded(run);
    const names = await stored(run);
    assert.deepEqual(
      names.filter((name) => name.startsWith("SECRET") || /\.git(\/|$)/.test(name)),
      [],
    );
    assert.ok(names.some((name) => name.endsWith("/sub/kept.txt")));
    assert.ok(names.some((name) => name.endsWith("/.gitignore")));
  });

  it("take what earlier steps left in the agent's own folders, by its absolute path", async () => {
    const beside = (to: string, folder: string) => path.join(path.dirname(to), folder);
    for (const [folder, variable] of [
      ["drop", "Pipeline.Workspace"],
      ["a", "Build.ArtifactStagingDirectory"],
    ] as const) {
      const run = await bench.run(
        "RegisterModel",
        {
          source: "folder",
          name: `from-${folder}`,
          type: "custom_model",
          modelPath: folder === "a" ? `$(${variable})/model` : `$(${variable})/drop/model`,
        },
        { prepare: (to) => write(path.join(beside(to, folder), "model", "m.bin"), folder) },
      );
      assertSucceeded(run);
    }
  });

  it("visit each folder once: doubled links and a link to itself end at once, with a sentence", async () => {
    const run = await bench.run(
      "RegisterData",
      { source: "inline", name: "x", path: "deep" },
      {
        prepare: (to) => {
          for (let level = 0; level < 18; level++) {
            mkdirSync(path.join(to, "deep", `d${level}`), { recursive: true });
            for (const name of ["left", "right"])
              symlinkSync(`../d${level + 1}`, path.join(to, "deep", `d${level}`, name));
          }
          write(path.join(to, "deep", "d18", "file"), "x");
        },
        // Some two hundred thousand ways lead to the file: to go each of them takes longer.
        timeoutInMinutes: 5,
      },
    );
    assert.ok(run.result === "Succeeded" || /link/i.test(run.errors.join()), run.errors.join());
    const itself = await bench.run(
      "RegisterData",
      { source: "inline", name: "x", path: "loop" },
      {
        prepare: (to) => {
          write(path.join(to, "loop", "a"), "");
          symlinkSync("itself", path.join(to, "loop", "itself"));
        },
      },
    );
    await refused(itself, /loop\/itself.*itself/);
  });

  it("refuse a name that storage cannot keep", async function () {
    needs(this, process.platform !== "win32", "another system than Windows");
    const run = await bench.run(
      "RegisterData",
      { source: "inline", name: "x", path: "odd" },
      {
        prepare: (to) => write(path.join(to, "odd", "back\\slash.txt"), "x"),
      },
    );
    await refused(run, /back\\+slash\.txt/);
    assert.deepEqual(
      (await stored(run)).filter((name) => name.includes("slash")),
      [],
    );
    const bytes = await bench.run(
      "RegisterData",
      { source: "inline", name: "x", path: "raw" },
      {
        prepare: (to) => {
          mkdirSync(path.join(to, "raw"));
          execFileSync("python3", [
            "-c",
            "import sys,os; open(os.fsencode(sys.argv[1])+b'/\\xff.txt','w').write('x')",
            path.join(to, "raw"),
          ]);
        },
      },
    );
    await refused(bytes, /raw/);
  });

  const endless: [
    string,
    "SubmitJob" | "RegisterData" | "InvokeEndpoint",
    Record<string, string>,
    (to: string) => void,
    RegExp,
  ][] = [
    [
      "a pipe as job file",
      "SubmitJob",
      { jobFile: "j.yml", wait: "false" },
      (to) => pipe(path.join(to, "j.yml")),
      /j\.yml/,
    ],
    [
      "a pipe as conda file",
      "SubmitJob",
      { jobFile: "j.yml", wait: "false" },
      (to) => {
        pipe(path.join(to, "conda.yml"));
        write(path.join(to, "j.yml"), job({ environment: { image: "ubuntu", conda_file: "./conda.yml" } }));
      },
      /conda\.yml/,
    ],
    [
      "an MLTable that is a link to an endless device",
      "RegisterData",
      { dataFile: "d.yml" },
      (to) => {
        write(path.join(to, "d.yml"), JSON.stringify({ name: "x", type: "mltable", path: "./t" }));
        mkdirSync(path.join(to, "t"));
        symlinkSync("/dev/zero", path.join(to, "t", "MLTable"));
      },
      /MLTable/,
    ],
    [
      "a pipe as request file",
      "InvokeEndpoint",
      { endpointName: "x", requestFile: "r.json" },
      (to) => pipe(path.join(to, "r.json")),
      /r\.json/,
    ],
  ];
  const pipe = (file: string) => execFileSync("mkfifo", [file]);
  for (const [title, task, inputs, prepare, reason] of endless)
    it(`wait for nothing that has no end: ${title}`, async function () {
      needs(this, process.platform !== "win32", "another system than Windows");
      const run = await bench.run(task, inputs, { prepare, timeoutInMinutes: 1 });
      await refused(run, reason);
    });
});
