// The package, as tfx makes it: small, complete, nothing else in it; and every task of it runs alone, elsewhere.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { readTasks } from "../../scripts/generate/task-json.ts";
import { linksOf, readAddresses } from "../../scripts/package/addresses.ts";
import { pageOf } from "../../scripts/package/overview.ts";
import { type Manifest, Renaming } from "../../scripts/package/variant.ts";
import { filesOf, type Packed, packageExtension, runTfx, taskVersion } from "../../scripts/package.ts";

const root = resolve(import.meta.dirname, "../..");

/** A part of a bundle, which its programs load. */
const PART = /^dist\/[\w.-]+-[A-Z0-9]{8}\.js$/;

/** Addresses of nobody: those of a publisher are parameters. */
const ADDRESSES = {
  publisher: "contoso",
  repository: "https://ada:secret@github.com/contoso/ml.git?x=1",
  documentation: "https://ml.example.com/docs-of-tasks/",
};

const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, "vss-extension.json"), "utf8")) as Manifest;

describe("package", () => {
  let folder: string;
  let packed: Packed;
  let files: Record<string, Uint8Array>;
  const text = (name: string) => Buffer.from(files[name] ?? assert.fail(`${name} is missing`)).toString();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "package-"));
    packed = await packageExtension(root, { ...ADDRESSES, version: "1.2.3", output: folder, variant: "release" });
    files = unzipSync(readFileSync(packed.file));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("has at most 8 MB, and 450 KB for a task", () => {
    assert.ok(packed.bytes <= 8 * 1024 * 1024, `${packed.bytes}`);
    for (const [task, bytes] of packed.tasks) assert.ok(bytes <= 450_000, `${task}: ${bytes}`);
    assert.ok(packed.tasks.size >= 6);
  });

  it("holds each file that the manifest names and nothing else", () => {
    const named = filesOf(manifest(root));
    const made = ["extension.vsixmanifest", "extension.vsomanifest", "[Content_Types].xml"];
    const held = Object.keys(files).filter((name) => !name.endsWith("/"));
    const isUnder = (name: string, path: string) => name === path || name.startsWith(`${path}/`);
    for (const path of [...named, ...made])
      assert.ok(
        held.some((name) => isUnder(name, path)),
        `${path} is missing`,
      );
    const others = held.filter((name) => ![...named, ...made].some((path) => isUnder(name, path)));
    assert.deepEqual(others, []);
    const kinds = new Set(
      held
        .filter((name) => name.startsWith("tasks/"))
        .map((name) => name.split("/").slice(2).join("/").replace(PART, "dist/PART.js")),
    );
    assert.deepEqual([...kinds].sort(), [
      "dist/LICENSES.txt",
      "dist/PART.js",
      "dist/index.js",
      "dist/postjob.js",
      "icon.png",
      "task.json",
    ]);
  });

  it("asks for no more than it needs, and says what the Marketplace shows", () => {
    const host = JSON.parse(text("extension.vsomanifest"));
    // Scopes are for pages in the browser; tasks have the job's own token (docs/facts/extension.md#1.2). Each is in the table of a document.
    assert.deepEqual(host.scopes, ["vso.build", "vso.serviceendpoint_query"]);
    const explained = readFileSync(join(root, "docs", "models-hub.md"), "utf8").matchAll(/^\| `(vso\.[\w.]+)` \|/gm);
    assert.deepEqual(
      [...explained].map(([, scope]) => scope),
      host.scopes,
    );
    const pages = host.contributions.flatMap(
      ({ properties }: { properties: { uri?: string } }) => properties.uri ?? [],
    );
    assert.deepEqual(
      pages.filter((uri: string) => files[uri] === undefined),
      [],
      "pages that the package does not hold",
    );
    const shown = text("extension.vsixmanifest");
    assert.match(shown, /<Identity [^>]*Id="ml-pipelines" [^>]*Publisher="contoso"/);
    assert.match(shown, /<GalleryFlags>[^<]*Public/);
    assert.match(shown, /<Categories>Azure Pipelines<\/Categories>/);
    const site = "https://ml.example.com/docs-of-tasks";
    const source = "https://github.com/contoso/ml";
    const links = ["Getstarted", "Learn", "Support", "Issues", "Repository", "License", "Privacypolicy"];
    assert.deepEqual(
      links.map((name) => linkIn(shown, name)),
      [
        `${site}/docs/install`,
        site,
        `${site}/SUPPORT`,
        `${source}/issues`,
        source,
        `${site}/LICENSE`,
        `${site}/docs/privacy`,
      ],
    );
    assert.match(shown, /EnableMarketplaceQnA" Value="true"/);
    assert.match(
      shown,
      /<Badge Link="https:\/\/github\.com\/contoso\/ml\/actions[^"]*" ImgUri="https:\/\/img\.shields\.io\//,
    );
    assert.doesNotMatch(
      JSON.stringify(Object.values(files).map((one) => Buffer.from(one).toString("latin1"))),
      /ada:secret/,
    );
    for (const asset of ["Content.Details", "Content.License", "Icons.Default", "Screenshots.1"])
      assert.match(shown, new RegExp(`Microsoft\\.VisualStudio\\.Services\\.${asset.replace(".", "\\.")}"`), asset);
  });

  it("links to the source and to its issues where it is told of a repository, and never to its credentials", () => {
    const uri = "https://github.com/contoso/ml";
    const linked = (given: Parameters<typeof readAddresses>[0]) => linksOf(readAddresses(given)) as unknown as Linked;
    const told = linked({ repository: "https://ada:secret@github.com/contoso/ml.git?x=1" });
    assert.deepEqual(told.repository, { type: "git", uri });
    assert.equal(told.links["repository"]?.uri, uri);
    assert.equal(told.links["support"]?.uri, `${uri}/issues`);
    const azure = linked({ repository: "https://contoso@dev.azure.com/contoso/ml/_git/ml" });
    assert.equal(azure.repository.uri, "https://dev.azure.com/contoso/ml/_git/ml");
    assert.equal(azure.links["support"], undefined, "only GitHub's issues follow from the repository");
    assert.throws(
      () => readAddresses({ repository: "git@github.com:contoso/ml" }),
      /no address that begins with https/,
    );
    assert.throws(
      () => readAddresses({ repository: "http://ada:secret@example.com/ml" }),
      ({ message }: Error) => message.includes("http://example.com/ml") && !message.includes("secret"),
    );
    assert.deepEqual(linksOf({}), {}, "nothing is invented where nothing is given");
    assert.equal("links" in manifest(root), false, "the manifest itself has no address");
  });

  it("is refused for everybody without the addresses of its publisher, each of which the refusal names", async () => {
    const refused = (options: object) =>
      assert.rejects(
        packageExtension(root, { version: "1.2.3", output: folder, variant: "release", ...options }),
        (error: Error) => {
          const named = [...error.message.matchAll(/^ {2}--(\w+) /gm)].map(([, name]) => name);
          assert.deepEqual(named, (options as { missing: string[] }).missing);
          return true;
        },
      );
    await refused({ missing: ["publisher", "repository", "documentation", "issues", "security"] });
    await refused({ ...ADDRESSES, documentation: undefined, missing: ["documentation"] });
    await refused({
      ...ADDRESSES,
      repository: "https://dev.azure.com/contoso/ml/_git/ml",
      missing: ["issues", "security"],
    });
  });

  it("takes its addresses from a file too, options first, and refuses a name or an address that it does not know", () => {
    const file = join(folder, "addresses.env");
    writeFileSync(file, 'EXTENSION_PUBLISHER=fabrikam\nEXTENSION_SECURITY="safe@fabrikam.example"\n');
    const found = readAddresses({ publisher: "contoso" }, file);
    assert.deepEqual(
      [found.publisher, found.security, found.repository],
      ["contoso", "safe@fabrikam.example", undefined],
    );
    writeFileSync(file, "EXTENSION_PUBLISHR=fabrikam\n");
    assert.throws(() => readAddresses({}, file), /there is no EXTENSION_PUBLISHR; there are EXTENSION_PUBLISHER, /);
    assert.throws(() => readAddresses({ security: "call me" }), /The security call me is no address/);
    assert.throws(() => readAddresses({ publisher: "Contoso Ltd." }), /is no name of letters/);
  });

  it("links every task and every group of its inputs to the task's page, and its Marketplace page to the site", () => {
    const site = "https://ml.example.com/docs-of-tasks";
    for (const task of packed.tasks.keys()) {
      const { helpUrl, helpMarkDown, inputs } = JSON.parse(text(`tasks/${task}/task.json`));
      assert.equal(helpUrl, `${site}/tasks/${task}`);
      assert.ok(helpMarkDown.endsWith(`(${helpUrl})`), task);
      const readme = readFileSync(join(root, "tasks", task, "README.md"), "utf8");
      const groups = new Map<string, string>();
      for (const { groupName = "", helpMarkDown: help } of inputs)
        if (!groups.has(groupName)) groups.set(groupName, help);
      for (const [group, help] of groups) {
        const anchor = group === "" ? "inputs" : `group-${group}`;
        assert.ok(help.endsWith(`(${helpUrl}#${anchor})`), `${task} ${group}: ${help}`);
        assert.ok(
          group === "" ? /^## Inputs$/m.test(readme) : readme.includes(`<a id="${anchor}"></a>`),
          `${task} ${anchor}`,
        );
      }
    }
    const links = [...text("overview.md").matchAll(/(?<!!)\[[^\]]*\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
    assert.ok(links.length >= 10, `${links.length} links`);
    for (const link of links) assert.match(link, /^https:\/\//);
    assert.ok(text("overview.md").includes("https://github.com/contoso/ml/security/advisories/new"));
    assert.equal(pageOf("docs/../tasks/Apply/README.md#inputs"), "tasks/Apply#inputs");
  });

  it("has names that nobody takes for Microsoft's", () => {
    const { id, publisher } = manifest(root);
    assert.doesNotMatch(`${publisher} ${id}`, /microsoft|azure|msft|windows|visual ?studio|\bms\b/i);
    assert.match(String(manifest(root)["name"]), /^(?!Azure|Microsoft).* for Azure ML$/);
    const artifact = manifest(root).contributions.find(({ type }) => type.endsWith(".release-artifact-type"));
    assert.doesNotMatch(String(artifact?.properties["name"]), /^azure/i);
  });

  it("has screenshots of the Marketplace's size, and no picture in its overview that it does not hold", () => {
    for (const { path } of manifest(root).screenshots ?? []) {
      const picture = Buffer.from(files[path]!);
      assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [1366, 768], path);
    }
    const overview = text("overview.md");
    const pictures = [...overview.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map((match) => match[1]!);
    assert.ok(pictures.length >= 5, `${pictures.length} pictures`);
    assert.ok(pictures.includes("images/screenshots/pull-request.png"), "the thread of a pull request");
    assert.match(overview, /^\| *\| `az ml` in AzureCLI@2 \|/m);
    assert.match(overview, /^## Quick start$/m);
    const addressable = manifest(root).files.filter((file) => "addressable" in file);
    for (const picture of pictures)
      assert.ok(
        addressable.some(({ path }) => picture === path || picture.startsWith(`${path}/`)),
        picture,
      );
  });

  it("contributes every task by its folder, with handlers whose targets are there and an icon of 32 x 32", () => {
    const { contributions } = JSON.parse(text("extension.vsomanifest"));
    assert.ok(contributions.length >= 6);
    for (const { properties } of contributions.filter(
      (one: { type: string }) => one.type === "ms.vss-distributed-task.task",
    )) {
      const task = JSON.parse(text(`${properties.name}/task.json`));
      for (const stage of ["execution", "postjobexecution"]) {
        for (const { target } of Object.values<{ target?: string }>(task[stage] ?? {}))
          if (target !== undefined) text(`${properties.name}/${target}`);
      }
      const icon = Buffer.from(files[`${properties.name}/icon.png`]!);
      assert.deepEqual([icon.readUInt32BE(16), icon.readUInt32BE(20)], [32, 32], properties.name);
      assert.deepEqual(task.version, { Major: 1, Minor: 102, Patch: 3 });
    }
    const icon = Buffer.from(files["images/icon.png"]!);
    assert.deepEqual([icon.readUInt32BE(16), icon.readUInt32BE(20)], [128, 128]);
  });

  it("has a drawing as the source of each icon", () => {
    for (const name of ["images", ...readTasks(root).map(({ folder }) => `tasks/${folder}`)])
      assert.match(readFileSync(join(root, name, "icon.svg"), "utf8"), /^<svg /, name);
  });

  it("says the licenses of what is bundled", () => {
    assert.match(text("tasks/SubmitJob/dist/LICENSES.txt"), /@azure\/identity [\d.]+[\s\S]*MIT/);
  });

  it("has tasks that run by themselves, elsewhere, with no node_modules, and under the stamped version", () => {
    const away = join(folder, "away");
    for (const [name, bytes] of Object.entries(files)) {
      if (name.endsWith("/") || !name.startsWith("tasks/")) continue;
      mkdirSync(dirname(join(away, name)), { recursive: true });
      writeFileSync(join(away, name), bytes);
    }
    for (const task of packed.tasks.keys()) {
      if (!(`tasks/${task}/dist/index.js` in files)) continue;
      const { stdout, stderr, status } = spawnSync(process.execPath, [join(away, "tasks", task, "dist/index.js")], {
        cwd: away,
        env: { PATH: process.env["PATH"], AGENT_TEMPDIRECTORY: away },
        encoding: "utf8",
      });
      assert.equal(stderr, "", task);
      assert.equal(status, 0, task);
      // AzureMLReport alone needs no input.
      if (task === "Report") assert.match(stdout, /task\.complete result=Succeeded/);
      else assert.match(stdout, /type=error;\]Input (azureSubscription|modelName) is empty[\s\S]*result=Failed/, task);
      const record = /task\.addattachment type=azureml-record;[^\]]*\](.*)/.exec(stdout)?.[1];
      assert.equal(JSON.parse(readFileSync(record ?? "", "utf8")).task.version, "1.102.3", task);
    }
  });

  it("is refused where tfx only warns: Azure DevOps would refuse it too", () => {
    const stage = join(folder, "stage");
    for (const path of ["tasks/SubmitJob/task.json", "overview.md", "LICENSE", "images/icon.png"]) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      writeFileSync(join(stage, path), files[path]!);
    }
    const manifest = JSON.parse(readFileSync(join(root, "vss-extension.json"), "utf8"));
    manifest.contributions = manifest.contributions.filter((one: { id: string }) => one.id === "submit-job");
    manifest.files = [{ path: "tasks/SubmitJob/task.json" }];
    writeFileSync(join(stage, "vss-extension.json"), JSON.stringify(manifest));
    assert.throws(() => runTfx(root, stage, join(stage, "out")), /tfx refuses the extension:\n.*warning:/is);
  });

  it("refuses a version that tasks cannot follow", async () => {
    await assert.rejects(packageExtension(root, { version: "1.100.0", output: folder }), /b below 100/);
    await assert.rejects(packageExtension(root, { version: "1.0", output: folder }), /a\.b\.c/);
  });

  it("has a development copy that shares no id and no name with it, so that both can be installed", async () => {
    const { file } = await packageExtension(root, { version: "1.2.3", output: folder, variant: "dev" });
    const [released, dev] = [contents(files), contents(unzipSync(readFileSync(file)))];
    assert.equal(new Set([...released.ids, ...dev.ids]).size, 2 * released.ids.length);
    for (const id of dev.ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(
      dev.names,
      released.names.map((name) => `${name}Dev`),
    );
    assert.equal(new Set([...released.types, ...dev.types]).size, 2 * released.types.length);
    for (const id of released.ids) assert.ok(!dev.everything.includes(id), `${id} is left in the development copy`);
    for (const type of released.types)
      assert.ok(!new RegExp(`"(connectedService:)?${type}[":]`).test(dev.everything), `${type} is left`);
    for (const [path, text] of dev.bundles) {
      for (const id of released.ids) assert.ok(!text.includes(id), `${id} is left in ${path}`);
      assert.ok(text.includes(JSON.stringify(dev.tasks.find((task) => path.includes(task.folder))?.name)), path);
    }
    assert.ok(dev.bundles.length > 5);
    for (const { friendlyName } of dev.tasks) assert.ok(friendlyName.length <= 40 && friendlyName.endsWith("(dev)"));
    assert.match(dev.shown, /<Identity [^>]*Id="ml-pipelines-dev"/);
    assert.doesNotMatch(dev.shown, /<GalleryFlags>[^<]*Public/);
  });
});

interface Linked {
  readonly repository: { readonly type: string; readonly uri: string };
  readonly links: Readonly<Record<string, { readonly uri: string }>>;
}

/** The address that a VSIX's manifest links to under a name. */
function linkIn(shown: string, name: string): string | undefined {
  return new RegExp(`<Property Id="Microsoft\\.VisualStudio\\.Services\\.Links\\.${name}" Value="([^"]+)"`).exec(
    shown,
  )?.[1];
}

/** What an organization would know by name of an unpacked extension. */
function contents(files: Record<string, Uint8Array>) {
  const text = (name: string) => Buffer.from(files[name]!).toString();
  const contributions: { type: string; properties: { name: string } }[] = JSON.parse(
    text("extension.vsomanifest"),
  ).contributions;
  const named = (type: string) => contributions.filter((one) => one.type === type).map((one) => one.properties.name);
  const tasks: { id: string; name: string; friendlyName: string; folder: string }[] = named(
    "ms.vss-distributed-task.task",
  ).map((path) => ({ ...JSON.parse(text(`${path}/task.json`)), folder: `${path}/` }));
  return {
    shown: text("extension.vsixmanifest"),
    types: [
      ...named("ms.vss-endpoint.service-endpoint-type"),
      ...named("ms.vss-releaseartifact.release-artifact-type"),
    ],
    ids: tasks.map(({ id }) => id),
    names: tasks.map(({ name }) => name),
    tasks,
    bundles: tasks
      .map(({ folder }) => [folder, Object.keys(files).filter((name) => name.startsWith(`${folder}dist/`))] as const)
      .filter(([, names]) => names.length > 0)
      .map(([folder, names]) => [folder, names.map(text).join("\n")] as const),
    everything: JSON.stringify([contributions, tasks]),
  };
}

describe("the development copy", () => {
  it("has the same ids in every build", () => {
    const tasks = readTasks(root).map(({ json }) => json);
    const ids = () => tasks.map((task) => new Renaming("Dev", tasks, manifest(root)).task(task).id);
    assert.deepEqual(ids(), ids());
  });

  it("is not made of a variant that there is not", async () => {
    await assert.rejects(
      packageExtension(root, { variant: "beta" }),
      /There is no variant beta; there is dev, private, release\./,
    );
  });
});

describe("the version of a task", () => {
  it("rises with every version of the extension, under the task's own major", () => {
    const versions = ["0.1.0", "0.1.1", "0.2.0", "0.99.5", "1.0.0", "1.0.1", "2.3.4"].map((version) => {
      const { Major, Minor, Patch } = taskVersion({ version: { Major: 1, Minor: 0, Patch: 0 } }, version);
      assert.equal(Major, 1);
      return Minor * 1e6 + Patch;
    });
    assert.deepEqual(
      versions,
      [...versions].sort((a, b) => a - b),
    );
    assert.equal(new Set(versions).size, versions.length);
  });
});
