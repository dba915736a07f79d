// Bundled clients of Azure DevOps: the methods that are called, and each of them whole, with what it reads answers by.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { cutClients, onlyCalled, onlyTypesNamed } from "../../../scripts/build/clients.ts";

const text = readFileSync(createRequire(import.meta.url).resolve("azure-devops-node-api/BuildApi.js"), "utf8");
const methodsOf = (client: string) => [...client.matchAll(/^ {4}(\w+)\(.*\) \{$/gm)].map(([, name]) => name);

describe("a client of Azure DevOps in a bundle", () => {
  it("has the methods that are called, and no other", () => {
    const kept = onlyCalled(text, "await build.getBuild(project, 1); api\n  .addBuildTag(project, 1, tag)");
    assert.deepEqual(methodsOf(kept), ["constructor", "getBuild", "addBuildTag"]);
  });

  it("has each method as the package has it", () => {
    const kept = onlyCalled(text, ".getBuild(");
    const method = /^ {4}getBuild\([\s\S]*?^ {4}\}$/m;
    assert.equal(method.exec(kept)?.[0], method.exec(text)?.[0]);
    assert.ok(method.test(kept));
    new Function("exports", "require", "module", kept);
  });

  it("keeps what a kept method calls, and what is written otherwise", () => {
    const method = (name: string, body: string) =>
      `    /**\n     * Does.\n     */\n    ${name}(a) {\n        ${body}\n    }\n`;
    const client = `class A {\n    plain(a) {\n        return this.second(a);\n    }\n${method("first", "return this.third(a);")}${method("second", "return a;")}${method("third", "return a;")}${method("fourth", "return a;")}}\n`;
    assert.deepEqual(methodsOf(onlyCalled(client, ".first(1)")), ["plain", "first", "second", "third"]);
  });

  it("is much smaller than the whole", () => {
    assert.ok(methodsOf(text).length > 60);
    assert.ok(onlyCalled(text, ".getBuild(").length < text.length / 10);
  });
});

describe("the types by which a client of Azure DevOps reads answers", () => {
  type Exports = Record<string, unknown> & { TypeInfo?: Record<string, unknown> };
  const root = resolve(import.meta.dirname, "../../..");

  /** What a file of the package exports as it is cut, with all files that it asks for. */
  const cutFile = (texts: ReadonlyMap<string, string>) => {
    const loaded = new Map<string, Exports>();
    const load = (path: string): Exports => {
      const known = loaded.get(path);
      if (known) return known;
      const exports: Exports = {};
      loaded.set(path, exports);
      const ask = (name: string) => load(resolve(dirname(path), `${name}.js`));
      new Function("exports", "require", texts.get(path) ?? readFileSync(path, "utf8"))(exports, ask);
      return exports;
    };
    return load;
  };

  it("are those of the package, each with all that it is made of, wherever a method that is left names them", () => {
    const texts = cutClients(root);
    const cut = cutFile(texts);
    const seen: string[] = [];
    for (const [path, client] of texts) {
      if (!path.endsWith("Api.js")) continue;
      for (const [, variable = "", file = ""] of client.matchAll(
        /^const (\w+) = require\("(\.\/interfaces\/\w+)"\);$/gm,
      )) {
        const place = resolve(dirname(path), `${file}.js`);
        const whole = createRequire(import.meta.url)(place) as Exports;
        for (const [, name = ""] of client.matchAll(new RegExp(`\\b${variable}\\.TypeInfo\\.(\\w+)`, "g"))) {
          seen.push(name);
          assert.notEqual(whole.TypeInfo?.[name], undefined, name);
          assert.deepEqual(cut(place).TypeInfo?.[name], whole.TypeInfo?.[name], `${file}: ${name}`);
        }
      }
    }
    assert.ok(seen.includes("Build") && seen.includes("Release"), seen.join());
  });

  it("come with the numbers of values that lib/ takes from them", () => {
    const texts = cutClients(root);
    const cut = cutFile(texts);
    const require = createRequire(import.meta.url);
    for (const [file, name] of [
      ["BuildInterfaces", "BuildStatus"],
      ["ReleaseInterfaces", "ApprovalStatus"],
    ] as const) {
      const place = require.resolve(`azure-devops-node-api/interfaces/${file}.js`);
      assert.ok(texts.has(place), place);
      assert.deepEqual(cut(place)[name], (require(place) as Exports)[name]);
      assert.ok(Object.keys(cut(place)[name] as object).length > 4);
    }
  });

  it("are much smaller than the whole", () => {
    const texts = cutClients(root);
    const sizes = [...texts]
      .filter(([path]) => path.endsWith("TestInterfaces.js"))
      .map(([path, text]) => [text.length, readFileSync(path).length]);
    assert.equal(sizes.length, 1);
    const [[left = 0, before = 0] = []] = sizes;
    assert.ok(left < before / 4, `${left} of ${before}`);
  });

  it("stay where they are written otherwise, with what they name", () => {
    const enumeration = (name: string) =>
      `var ${name};\n(function (${name}) {\n    ${name}[${name}["A"] = 1] = "A";\n})(${name} = exports.${name} || (exports.${name} = {}));\n`;
    const text = [
      "exports.TypeInfo = exports.Gone = exports.Kept = void 0;\n",
      enumeration("Gone"),
      enumeration("Kept"),
      "exports.TypeInfo = {\n    Gone: {},\n    Named: {},\n    Other: {\n        enumValues: {\n            a: 1\n        }\n    },\n};\n",
      "exports.TypeInfo.Gone.fields = {\n    a: {\n        enumType: exports.TypeInfo.Other\n    }\n};\n",
      "exports.TypeInfo.Named.fields = { b: exports.TypeInfo.Other };\n",
    ].join("");
    const cut = onlyTypesNamed(new Map([["a.js", text]]), ["Types.Kept.A"]).get("a.js") ?? "";
    const exports: Exports = {};
    new Function("exports", cut)(exports);
    assert.deepEqual(exports.TypeInfo, {
      Named: { fields: { b: { enumValues: { a: 1 } } } },
      Other: { enumValues: { a: 1 } },
    });
    assert.deepEqual(exports["Kept"], { 1: "A", A: 1 });
    assert.equal(exports["Gone"], undefined);
  });
});
