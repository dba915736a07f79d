// The walls between rooms (scripts/walls/table.ts), held against the imports of the sources, and the picture that is drawn from them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  arrowsIn,
  circlesIn,
  countOf,
  type Import,
  importsOf,
  memberOf,
  roomOf,
  sourcesBelow,
} from "../../scripts/walls/imports.ts";
import { architectureFile } from "../../scripts/walls/picture.ts";
import { FLOORS, MOST_ARROWS, ROOMS } from "../../scripts/walls/table.ts";

const root = resolve(import.meta.dirname, "../..");
/** The same import with paths below `.`, so that the root is a folder as every other. */
const fromRoot = ({ file, specifier, target }: Import): Import => ({
  file: `./${file}`,
  specifier,
  target: target === undefined ? undefined : `./${target}`,
});

const say = ({ file, specifier }: Import) => `${file} imports ${specifier}`;

describe("walls", () => {
  const files = ["lib", "tasks", "local", "tab", "relay"].flatMap((folder) => sourcesBelow(root, folder));
  const imports = files.flatMap((file) => importsOf(root, file));
  const all = [...imports, ...sourcesBelow(root, "scripts").flatMap((file) => importsOf(root, file))];

  it("stand between rooms that are there", () => {
    const seen = new Set(files.map(roomOf));
    for (const room of Object.keys(ROOMS).filter((name) => name !== "tab")) assert.ok(seen.has(room), room);
    for (const room of seen) assert.ok(ROOMS[room] !== undefined, `${room} has no row in scripts/walls/table.ts`);
    for (const [folder, floors] of Object.entries(FLOORS)) {
      for (const floor of floors) {
        assert.ok(
          files.some((file) => file.startsWith(`${folder}/${floor}/`)),
          `${folder}/${floor}`,
        );
      }
    }
  });

  it("let a room import what the table allows, and nothing else", () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target === undefined || file.endsWith(".gen.ts")) return false;
      const [room, other] = [roomOf(file), roomOf(target)];
      // A task knows its own folder only.
      if (room === "tasks" && other === "tasks") return dirname(target) !== dirname(file);
      const allowed = ROOMS[room]?.imports ?? [];
      return other !== room && !allowed.includes(other) && !allowed.includes(target);
    });
    assert.deepEqual(wrong.map(say), []);
  });

  it("let generated contracts import the reader of inputs and what tasks share", () => {
    const allowed = ["lib/agent/inputs.ts", "tasks/shared/inputs.gen.ts"];
    const generated = imports.filter(({ file }) => file.endsWith("/contract.gen.ts"));
    assert.ok(generated.length >= 6);
    assert.deepEqual(generated.filter(({ target = "" }) => !allowed.includes(target)).map(say), []);
  });

  it("keep the packages of the pipeline and of the cloud in their rooms", () => {
    const owners = Object.entries(ROOMS).flatMap(([room, { packages = [] }]) =>
      packages.map((name) => [name, room] as const),
    );
    const wrong = imports.filter(({ file, specifier }) => {
      const room = roomOf(file);
      if (!room.startsWith("lib/") && room !== "tasks") return false;
      return owners.some(([name, owner]) => (specifier === name || specifier.startsWith(`${name}/`)) && room !== owner);
    });
    assert.deepEqual(wrong.map(say), []);
  });

  it("keep records free of what a browser does not have", () => {
    const outside = imports.filter(({ file, target }) => roomOf(file) === "lib/record" && target === undefined);
    assert.deepEqual(outside.map(say), []);
  });

  for (const [folder, floors] of Object.entries(FLOORS)) {
    it(`have no arrow upward in ${folder}`, () => {
      const wrong = imports.filter(({ file, target }) => {
        const from = memberOf(folder, file);
        const to = target === undefined ? undefined : memberOf(folder, target);
        if (from === undefined || to === undefined || from === to) return false;
        const [own, other] = [floors.indexOf(from), floors.indexOf(to)];
        // What a file beside the folders imports is held by the rule against circles.
        return own >= 0 && other > own;
      });
      assert.deepEqual(wrong.map(say), []);
    });
  }

  for (const [folder, most] of Object.entries(MOST_ARROWS)) {
    it(`leave at most ${most} arrows between the rooms of ${folder}`, () => {
      const count = countOf(arrowsIn(folder, imports));
      assert.ok(count > 0 && count <= most, `${count} arrows`);
    });
  }

  it("leave no circle between the members of any folder, those of types alone included", () => {
    const folders = new Set([""]);
    for (const { file } of all) for (let at = dirname(file); at !== "."; at = dirname(at)) folders.add(at);
    const circles = [...folders].sort().flatMap((folder) => {
      const arrows = folder === "" ? arrowsIn(".", all.map(fromRoot)) : arrowsIn(folder, all);
      return circlesIn(arrows).map((circle) => `${folder}: ${circle.join(" -> ")}`);
    });
    assert.deepEqual(circles, []);
  });

  it("leave no circle between files", () => {
    const byFile = new Map<string, Map<string, Import>>();
    for (const one of all) {
      if (one.target === undefined) continue;
      byFile.set(one.file, (byFile.get(one.file) ?? new Map<string, Import>()).set(one.target, one));
    }
    assert.deepEqual(circlesIn(byFile), []);
  });

  it("are what docs/architecture.md shows (npm run generate)", () => {
    const file = architectureFile(root);
    assert.equal(readFileSync(join(root, "docs/architecture.md"), "utf8"), file?.content);
  });

  it("are crossed by nothing from lib to where lib is used", () => {
    const up = imports.filter(({ file, target }) => file.startsWith("lib/") && target?.startsWith("lib/") === false);
    assert.deepEqual(up.map(say), []);
  });

  it("find a circle and an arrow where they are", () => {
    const made = (file: string, target: string): Import => ({ file, specifier: target, target });
    const circle = arrowsIn("x", [made("x/a/1.ts", "x/b/1.ts"), made("x/b/2.ts", "x/a/2.ts")]);
    assert.deepEqual(circlesIn(circle), [["a", "b", "a"]]);
    assert.deepEqual(circlesIn(arrowsIn("x", [made("x/a/1.ts", "x/b/1.ts"), made("x/b/2.ts", "x/c.ts")])), []);
  });
});

describe("a story", () => {
  it("has at most 60 lines, and is the default export of a task's index.ts", () => {
    const stories = sourcesBelow(root, "tasks").filter((file) => /^tasks\/[^/]+\/index\.ts$/.test(file));
    assert.ok(stories.length >= 6);
    for (const file of stories) {
      const text = readFileSync(join(root, file), "utf8");
      assert.ok(text.trimEnd().split("\n").length <= 60, `${file} is longer than 60 lines`);
      assert.match(text, /export default defineTask\(/, file);
    }
  });

  it("reads no input by name, sets no result and ends no process", () => {
    for (const file of sourcesBelow(root, "tasks").filter((one) => one.endsWith("/index.ts"))) {
      assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /getInput|setResult|process\.|##vso/, file);
    }
  });
});
