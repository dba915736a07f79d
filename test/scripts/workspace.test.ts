// azureml-local as a package of its own: what it imports it declares, and nobody declares what only the other one imports.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifest = (file: string): Manifest => JSON.parse(readFileSync(path.join(root, file), "utf8"));
const local = manifest("local/package.json");
const extension = manifest("package.json");
const all = ({ dependencies, devDependencies }: Manifest) => ({ ...dependencies, ...devDependencies });

/** Packages that azureml-local starts or compiles with and does not import. */
const STARTED = ["azurite"];
const COMPILED_WITH = ["@types/express"];

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])([^"'\n]+)\1/g;

/** Names of the packages that the files of these folders import. */
function importedBy(...folders: readonly string[]): Set<string> {
  const names = folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.[cm]?[jt]s$/.test(file) && !/(^|[\\/])(dist|node_modules)[\\/]/.test(file))
      .flatMap((file) => {
        const text = readFileSync(path.join(root, folder, file), "utf8").replace(/^\s*\/\/.*$/gm, "");
        return [...text.matchAll(SPECIFIER)].map((match) => match[2]!);
      }),
  );
  const packages = names.flatMap((name) => /^(@[\w.-]+\/[\w.-]+|[\w][\w.-]*)(?=\/|$)/.exec(name)?.[1] ?? []);
  return new Set(packages.filter((name) => !builtinModules.includes(name)));
}

describe("the package azureml-local", () => {
  const imported = importedBy("local");

  it("declares every package that it imports, and no other", () => {
    const needed = [...imported, ...STARTED, ...COMPILED_WITH].sort();
    assert.deepEqual(Object.keys(local.dependencies ?? {}).sort(), needed);
  });

  it("has the versions that the extension has, where both declare a package", () => {
    const ours = all(extension);
    const different = Object.entries(all(local)).filter(([name, version]) => (ours[name] ?? version) !== version);
    assert.deepEqual(different, []);
  });

  it("is alone in declaring what nothing but it imports", () => {
    const others = importedBy("lib", "tasks", "relay", "scripts", "test");
    const declared = Object.keys(all(extension));
    const dead = Object.keys(local.dependencies ?? {}).filter((name) => declared.includes(name) && !others.has(name));
    assert.deepEqual(dead, []);
    assert.deepEqual(
      [...STARTED, ...COMPILED_WITH].filter((name) => declared.includes(name)),
      [],
    );
  });

  it("leaves nothing in the repository that could be committed: the settings of a running cloud hold credentials", () => {
    const { stdout } = spawnSync("git", ["check-ignore", "azureml-local.json"], { cwd: root, encoding: "utf8" });
    assert.equal(stdout.trim(), "azureml-local.json");
  });
});
