// The same code and data from our tasks and from the official client: whoever comes second uploads nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { jobService } from "../../../local/azure/jobs/service.ts";
import type { LocalCloud } from "../../../local/cloud.ts";
import { clientEnvironment } from "../../../scripts/conformance/environment.ts";
import { assertSucceeded, Bench } from "../../harness/bench.ts";
import type { SecretRecorder } from "../../harness/secrets.ts";

const python = path.resolve(import.meta.dirname, "../python");

/** What the official client does with the folder in FOLDER; its last line is what it made. */
const official = {
  code: `
from azure.ai.ml import load_job
from world import client
print(client().jobs.create_or_update(load_job(FOLDER + "/job.yml")).code)
`,
  data: `
from azure.ai.ml import load_data
from world import client
print(client().data.create_or_update(load_data(FOLDER + "/data.yml")).path)
`,
};

class Sides {
  /** Lies in the repository as well, under the same name: the official client has the folder's name in an upload's place. */
  readonly folder: string;
  readonly #cloud: LocalCloud;
  readonly #bench: Bench;

  constructor(cloud: LocalCloud) {
    const root = mkdtempSync(path.join(tmpdir(), "conformance-reuse-"));
    const mark = randomUUID();
    this.folder = root;
    this.#cloud = cloud;
    this.#bench = new Bench(cloud, cloud.har as SecretRecorder, mkdtempSync(path.join(tmpdir(), "conformance-tasks-")));
    const files: Record<string, string> = {
      "job.yml":
        "type: command\ncode: snippets\ncommand: python main.py\nenvironment: {image: mcr.microsoft.com/azureml/plain}\ncompute: azureml:cpu-cluster\n",
      "data.yml": `name: reused-${mark}\nversion: "1"\ntype: uri_folder\npath: table\n`,
      "snippets/main.py": `print("${mark}")\n`,
      "snippets/deep/er/own.py": "own = 1\r\n",
      "snippets/.amlignore": "*.log\n",
      "snippets/noise.log": "left out",
      "snippets/empty.py": "",
      "table/rows.csv": `x\n${mark}\n`,
      "table/deep/größe.csv": "1\n",
    };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
  }

  /** What our task makes of the folder. */
  async ours(what: "code" | "data"): Promise<string> {
    const prepare = (sources: string) => cpSync(this.folder, sources, { recursive: true });
    if (what === "code") {
      const run = await this.#bench.run("SubmitJob", { jobFile: "job.yml", wait: "false" }, { prepare });
      assertSucceeded(run);
      return String(jobService(this.#cloud.azure).get(run.outputs["jobName"] ?? "")?.body["codeId"]);
    }
    const run = await this.#bench.run("RegisterData", { source: "file", dataFile: "data.yml" }, { prepare });
    assertSucceeded(run);
    const { name = "", version = "" } = run.outputs;
    return String(this.#cloud.azure.assets.data.version(name, version)?.properties["dataUri"]);
  }

  /** What the official client makes of it. */
  async theirs(what: "code" | "data"): Promise<string> {
    const script = `FOLDER = ${JSON.stringify(this.folder)}\n${official[what]}`;
    const options = { cwd: python, env: clientEnvironment(this.#cloud) };
    const { stdout } = await promisify(execFile)("python3", ["-c", script], options);
    return stdout.trimEnd().split("\n").at(-1) ?? "";
  }

  /** How many files of this folder went to the storage so far; other suites upload others meanwhile. */
  uploads(of: string): number {
    return this.#cloud.har.count(
      ({ listener, method, url, status }) =>
        listener === "storage" && method === "PUT" && status === 201 && decodeURIComponent(url).includes(of),
    );
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** @param placeOf the part of an address under which the content lies, of what the first has made */
async function twice(
  cloud: LocalCloud,
  what: "code" | "data",
  order: readonly ["ours" | "theirs", "ours" | "theirs"],
  placeOf: (made: string) => string,
): Promise<void> {
  const sides = new Sides(cloud);
  try {
    const first = await sides[order[0]](what);
    const place = placeOf(first);
    const uploaded = sides.uploads(place);
    assert.ok(uploaded > 0, `nothing was uploaded to ${place}`);
    const second = await sides[order[1]](what);
    assert.equal(second.toLowerCase(), first.toLowerCase());
    assert.equal(sides.uploads(place), uploaded, "the second uploaded again");
  } finally {
    sides.close();
  }
}

/** `LocalUpload/<hash>`, which both name by the content. */
const below = (uri: string) => /LocalUpload\/[^/]+/.exec(uri)?.[0] ?? "not in LocalUpload";

const flowsOf = (what: "code" | "data", placeOf: (cloud: LocalCloud) => (made: string) => string) => ({
  [`${what} that our task uploaded is not uploaded again by the official client`]: (cloud: LocalCloud) =>
    twice(cloud, what, ["ours", "theirs"], placeOf(cloud)),
  [`${what} that the official client uploaded is not uploaded again by our task`]: (cloud: LocalCloud) =>
    twice(cloud, what, ["theirs", "ours"], placeOf(cloud)),
});

export const flows: Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>> = {
  ...flowsOf("code", (cloud) => (id) => {
    const [, name = "", version = ""] = /\/codes\/([^/]+)\/versions\/([^/]+)$/.exec(id) ?? [];
    const uri = String(cloud.azure.assets.codes.version(name, version)?.properties["codeUri"]);
    return new URL(uri).pathname.split("/")[1] ?? "";
  }),
  ...flowsOf("data", () => below),
};
