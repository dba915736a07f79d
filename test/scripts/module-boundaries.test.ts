// The module boundaries (scripts/module-boundaries/table.ts) against the imports of the sources, and the diagram of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { architectureFile } from "../../scripts/module-boundaries/diagram.ts";
import {
  countOf,
  cyclesIn,
  dependenciesIn,
  type Import,
  importsOf,
  memberOf,
  moduleOf,
  sourcesBelow,
} from "../../scripts/module-boundaries/imports.ts";
import { LAYERS, MODULES, MOST_DEPENDENCIES } from "../../scripts/module-boundaries/table.ts";

const root = resolve(import.meta.dirname, "../..");
/** The same import with paths below `.`, so that the root is a folder as every other. */
const fromRoot = ({ file, specifier, target }: Import): Import => ({
  file: `./${file}`,
  specifier,
  target: target === undefined ? undefined : `./${target}`,
});

const say = ({ file, specifier }: Import) => `${file} imports ${specifier}`;

describe("module boundaries", () => {
  const files = ["lib", "tasks", "local", "tab", "relay"].flatMap((folder) => sourcesBelow(root, folder));
  const imports = files.flatMap((file) => importsOf(root, file));
  const all = [...imports, ...sourcesBelow(root, "scripts").flatMap((file) => importsOf(root, file))];

  it("name modules that exist", () => {
    const seen = new Set(files.map(moduleOf));
    for (const module of Object.keys(MODULES).filter((name) => name !== "tab")) assert.ok(seen.has(module), module);
    for (const module of seen)
      assert.ok(MODULES[module] !== undefined, `${module} has no row in scripts/module-boundaries/table.ts`);
    for (const [folder, layers] of Object.entries(LAYERS)) {
      for (const layer of layers) {
        assert.ok(
          files.some((file) => file.startsWith(`${folder}/${layer}/`)),
          `${folder}/${layer}`,
        );
      }
    }
  });

  it("let a module import only what the table allows", () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target === undefined || file.endsWith(".gen.ts")) return false;
      const [module, other] = [moduleOf(file), moduleOf(target)];
      // A task knows its own folder only.
      if (module === "tasks" && other === "tasks") return dirname(target) !== dirname(file);
      const allowed = MODULES[module]?.imports ?? [];
      return other !== module && !allowed.includes(other) && !allowed.includes(target);
    });
    assert.deepEqual(wrong.map(say), []);
  });

  it("let generated contracts import the reader of inputs and what tasks share", () => {
    const allowed = ["lib/agent/inputs.ts", "tasks/shared/inputs.gen.ts"];
    const generated = imports.filter(({ file }) => file.endsWith("/contract.gen.ts"));
    assert.ok(generated.length >= 6);
    assert.deepEqual(generated.filter(({ target = "" }) => !allowed.includes(target)).map(say), []);
  });

  it("keep the packages of the pipeline and of the cloud in their modules", () => {
    const owners = Object.entries(MODULES).flatMap(([module, { packages = [] }]) =>
      packages.map((name) => [name, module] as const),
    );
    const wrong = imports.filter(({ file, specifier }) => {
      const module = moduleOf(file);
      if (!module.startsWith("lib/") && module !== "tasks") return false;
      return owners.some(
        ([name, owner]) => (specifier === name || specifier.startsWith(`${name}/`)) && module !== owner,
      );
    });
    assert.deepEqual(wrong.map(say), []);
  });

  it("keep records free of what a browser does not have", () => {
    const outside = imports.filter(({ file, target }) => moduleOf(file) === "lib/record" && target === undefined);
    assert.deepEqual(outside.map(say), []);
  });

  for (const [folder, layers] of Object.entries(LAYERS)) {
    it(`import from lower layers only in ${folder}`, () => {
      const wrong = imports.filter(({ file, target }) => {
        const from = memberOf(folder, file);
        const to = target === undefined ? undefined : memberOf(folder, target);
        if (from === undefined || to === undefined || from === to) return false;
        const [own, other] = [layers.indexOf(from), layers.indexOf(to)];
        // The rule against cycles covers the imports of a file beside the folders.
        return own >= 0 && other > own;
      });
      assert.deepEqual(wrong.map(say), []);
    });
  }

  for (const [folder, most] of Object.entries(MOST_DEPENDENCIES)) {
    it(`leave at most ${most} dependencies between the modules of ${folder}`, () => {
      const count = countOf(dependenciesIn(folder, imports));
      assert.ok(count > 0 && count <= most, `${count} dependencies`);
    });
  }

  it("leave no cycle between the members of any folder, those of types alone included", () => {
    const folders = new Set([""]);
    for (const { file } of all) for (let at = dirname(file); at !== "."; at = dirname(at)) folders.add(at);
    const cycles = [...folders].sort().flatMap((folder) => {
      const dependencies = folder === "" ? dependenciesIn(".", all.map(fromRoot)) : dependenciesIn(folder, all);
      return cyclesIn(dependencies).map((cycle) => `${folder}: ${cycle.join(" -> ")}`);
    });
    assert.deepEqual(cycles, []);
  });

  it("leave no cycle between files", () => {
    const byFile = new Map<string, Map<string, Import>>();
    for (const one of all) {
      if (one.target === undefined) continue;
      byFile.set(one.file, (byFile.get(one.file) ?? new Map<string, Import>()).set(one.target, one));
    }
    assert.deepEqual(cyclesIn(byFile), []);
  });

  it("are in docs/architecture.md (npm run generate)", () => {
    const file = architectureFile(root);
    assert.equal(readFileSync(join(root, "docs/architecture.md"), "utf8"), file?.content);
  });

  it("keep lib from importing its users", () => {
    const up = imports.filter(({ file, target }) => file.startsWith("lib/") && target?.startsWith("lib/") === false);
    assert.deepEqual(up.map(say), []);
  });

  it("find a cycle and a dependency where there is one", () => {
    const made = (file: string, target: string): Import => ({ file, specifier: target, target });
    const cycle = dependenciesIn("x", [made("x/a/1.ts", "x/b/1.ts"), made("x/b/2.ts", "x/a/2.ts")]);
    assert.deepEqual(cyclesIn(cycle), [["a", "b", "a"]]);
    assert.deepEqual(cyclesIn(dependenciesIn("x", [made("x/a/1.ts", "x/b/1.ts"), made("x/b/2.ts", "x/c.ts")])), []);
  });
});

describe("a story", () => {
  it("has at most 45 lines, and is the default export of a task's index.ts", () => {
    const stories = sourcesBelow(root, "tasks").filter((file) => /^tasks\/[^/]+\/index\.ts$/.test(file));
    assert.ok(stories.length >= 6);
    for (const file of stories) {
      const text = readFileSync(join(root, file), "utf8");
      assert.ok(text.trimEnd().split("\n").length <= 45, `${file} is longer than 45 lines`);
      assert.match(text, /export default defineTask\(/, file);
    }
  });

  it("reads no input by name, sets no result and ends no process", () => {
    for (const file of sourcesBelow(root, "tasks").filter((one) => one.endsWith("/index.ts"))) {
      assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /getInput|setResult|process\.|##vso/, file);
    }
  });
});
