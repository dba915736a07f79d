// Import walls, read from the imports themselves: what biome.json holds per folder is held here as well.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** `base` are errors, log and poll. What a room may import beside itself, and packages that it alone may import. */
const ARROWS: Record<string, { rooms: string[]; only?: string[] }> = {
  base: { rooms: [] },
  "lib/agent": { rooms: ["base"], only: ["azure-pipelines-task-lib", "azure-devops-node-api"] },
  "lib/azure": { rooms: ["base"], only: ["@azure/identity", "@azure/storage-blob"] },
  "lib/documents": { rooms: ["base"] },
  "lib/ml": { rooms: ["base", "lib/azure", "lib/documents"] },
  "lib/record": { rooms: [] },
  "lib/task": { rooms: ["base", "lib/agent", "lib/azure", "lib/record"] },
  tasks: { rooms: ["base", "lib/task", "lib/ml", "lib/documents", "lib/record"] },
  local: { rooms: [] },
  tab: { rooms: ["lib/record"] },
  relay: { rooms: ["lib/record", "lib/agent/azure-devops.ts", "lib/agent/devops-answers.ts"] },
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly specifier: string;
  /** The file that a relative import means, relative to the root. */
  readonly target: string | undefined;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name).split(sep).join("/"))
    .filter((file) => /\.[cm]?tsx?$/.test(file) && !/\/(dist|node_modules)\//.test(file));
}

const roomOf = (file: string): string =>
  /^lib\/[^/]+\.ts$/.test(file) ? "base" : (/^lib\/[^/]+/.exec(file)?.[0] ?? file.split("/")[0] ?? "");

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])([^"'\n]+)\1/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  // What stands in comments imports nothing.
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(SPECIFIER)].map((match) => {
    const specifier = match[2] ?? "";
    const target = specifier.startsWith(".")
      ? relative(root, resolve(root, dirname(file), specifier))
          .split(sep)
          .join("/")
      : undefined;
    return { file, room: roomOf(file), specifier, target };
  });
}

describe("imports", () => {
  const imports = ["lib", "tasks", "local", "tab", "relay"].flatMap(filesBelow).flatMap(importsOf);

  it("are found at all", () => {
    const seen = new Set(imports.map(({ room }) => room));
    for (const room of ["lib/agent", "lib/azure", "lib/ml", "lib/documents", "lib/task", "tasks", "local"]) {
      assert.ok(seen.has(room), room);
    }
  });

  it("run with the arrows between the rooms", () => {
    const wrong = imports.filter(({ file, room, target }) => {
      if (target === undefined || file.endsWith(".gen.ts")) return false;
      const other = roomOf(target);
      if (other === room && room !== "tasks") return false;
      // A task knows its own folder only.
      if (other === "tasks" && room === "tasks") return dirname(target) !== dirname(file);
      const allowed = ARROWS[room]?.rooms ?? [];
      return !allowed.includes(other) && !allowed.includes(target);
    });
    assert.deepEqual(wrong.map(say), []);
  });

  it("of generated contracts are of the reader of inputs only", () => {
    const generated = imports.filter(({ file }) => file.endsWith("/contract.gen.ts"));
    assert.ok(generated.length >= 6);
    const allowed = ["lib/agent/inputs.ts", "tasks/shared/inputs.gen.ts"];
    assert.deepEqual(generated.filter(({ target }) => !allowed.includes(target ?? "")).map(say), []);
  });

  it("of the pipeline's and the cloud's packages stand in their rooms only", () => {
    const owners = Object.entries(ARROWS).flatMap(([room, { only = [] }]) => only.map((name) => [name, room] as const));
    const wrong = imports.filter(({ room, specifier }) =>
      owners.some(([name, owner]) =>
        room.startsWith("lib") || room === "tasks"
          ? (specifier === name || specifier.startsWith(`${name}/`)) && room !== owner
          : false,
      ),
    );
    assert.deepEqual(wrong.map(say), []);
  });

  it("of records are of nothing that a browser does not have", () => {
    const outside = imports.filter(({ room, target }) => room === "lib/record" && target === undefined);
    assert.deepEqual(outside.map(say), []);
  });

  it("run in no circle, those of types alone included", () => {
    const targets = new Map<string, string[]>();
    const all = [...imports, ...filesBelow("scripts").flatMap(importsOf)];
    for (const { file, target } of all) {
      if (target?.endsWith(".ts")) targets.set(file, [...(targets.get(file) ?? []), target]);
    }
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      const start = trail.indexOf(file);
      if (start >= 0) circles.push([...trail.slice(start), file].join(" -> "));
      if (start >= 0 || done.has(file)) return;
      for (const target of targets.get(file) ?? []) visit(target, [...trail, file]);
      done.add(file);
    };
    for (const file of targets.keys()) visit(file, []);
    assert.deepEqual(circles, []);
  });

  it("never reach from lib to where lib is used", () => {
    const up = imports.filter(
      ({ room, target }) =>
        (room === "base" || room.startsWith("lib/")) && target !== undefined && !target.startsWith("lib/"),
    );
    assert.deepEqual(up.map(say), []);
  });
});

describe("a story", () => {
  it("has at most 60 lines, and is the default export of a task's index.ts", () => {
    const stories = filesBelow("tasks").filter((file) => /^tasks\/[^/]+\/index\.ts$/.test(file));
    assert.ok(stories.length >= 6);
    for (const file of stories) {
      const text = readFileSync(join(root, file), "utf8");
      assert.ok(text.trimEnd().split("\n").length <= 60, `${file} is longer than 60 lines`);
      assert.match(text, /export default defineTask\(/, file);
    }
  });

  it("reads no input by name, sets no result and ends no process", () => {
    for (const file of filesBelow("tasks").filter((one) => one.endsWith("/index.ts"))) {
      assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /getInput|setResult|process\.|##vso/, file);
    }
  });
});

const say = ({ file, specifier }: Import) => `${file} imports ${specifier}`;
