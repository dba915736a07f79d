// Cutting packages by name: what somebody names stays, with all that it names itself, and nothing that is left names what is gone.
import assert from "node:assert/strict";
import { namesIn } from "../../../scripts/build/named-units.ts";
import { withoutUnnamed } from "../../../scripts/build/unnamed.ts";

const cut = (files: Record<string, string>, caller: string, tables?: RegExp) => {
  const { texts, left } = withoutUnnamed(new Map(Object.entries(files)), namesIn(caller), tables);
  return {
    texts: Object.fromEntries([...texts].map(([path, text]) => [path, text.replace(/\s+/g, " ").trim()])),
    left: left.map(({ name }) => name),
  };
};

describe("a package without what nobody names", () => {
  it("keeps the methods that are called, and those that they call", () => {
    const { texts, left } = cut(
      {
        "client.js": `export class Client {
          constructor() { this.base = 1; }
          first() { return this.second(); }
          second() { return this.#third(); }
          #third() { return 3; }
          fourth() { return this.fifth(); }
          fifth() { return 5; }
          static sixth() { return 6; }
        }`,
      },
      'import { Client } from "client"; new Client().first();',
    );
    assert.match(texts["client.js"] ?? "", /constructor.*first\(\).*second\(\).*#third\(\)/);
    assert.deepEqual(left.sort(), ["fifth", "fourth", "sixth"]);
  });

  it("keeps what is called by a text, by taking it apart, by a computed name, and by Node", () => {
    const { left } = cut(
      {
        "client.js": `export class Client {
          quoted() {} taken() {} [computed()]() {} toString() {} async *[Symbol.asyncIterator]() {} gone() {}
        }
        function computed() { return "x"; }`,
      },
      'import { Client } from "client"; const c = new Client(); c["quoted"](); const { taken: mine } = c; mine();',
    );
    assert.deepEqual(left, ["gone"]);
  });

  it("leaves out a class with its methods, an import that served it only, and the name under which it is passed on", () => {
    const { texts } = cut(
      {
        "a.js":
          'import { help, helpless as less } from "./b.js"; export class Kept { go() { help(); } } export class Gone extends less { go() { less.now(); } }',
        "b.js": "export function help() {} export function helpless() {}",
        "index.js": 'export { Kept, Gone as Lost } from "./a.js";',
      },
      'import { Kept } from "package"; new Kept().go();',
    );
    assert.deepEqual(texts, {
      "a.js": 'import { help, } from "./b.js"; export class Kept { go() { help(); } }',
      "b.js": "export function help() {}",
      "index.js": 'export { Kept, } from "./a.js";',
    });
  });

  it("keeps what happens when a file is loaded, and what that needs", () => {
    const text =
      "const made = make(); function make() { return new Set(); } class Counted { static count = make(); } register();";
    const { texts } = cut({ "a.js": `${text} export {};` }, "");
    assert.equal(texts["a.js"], `${text} export {};`);
  });

  it("leaves out functions and exports of CommonJS", () => {
    const { texts, left } = cut(
      {
        "task.js":
          "exports.a = exports.b = void 0; const fs = require('fs'); function a() { return c(); } exports.a = a; function b() { return fs; } exports.b = b; function c() {}",
      },
      'import tl from "task"; tl.a();',
    );
    assert.equal(
      texts["task.js"],
      "const fs = require('fs'); function a() { return c(); } exports.a = a; function c() {}",
    );
    assert.ok(left.includes("b"));
  });

  it("leaves out functions that a function returns and nobody takes", () => {
    const { texts } = cut(
      { "a.js": "export function make() { function one() {} function two() { return 2; } return { one, two, }; }" },
      'import { make } from "a"; make().one();',
    );
    assert.equal(texts["a.js"], "export function make() { function one() {} return { one, }; }");
  });

  it("keeps of a table what is named in quotes, and whatever stands beside functions in an answer", () => {
    const table =
      'export const Blob = { type: { className: "Blob", of: "Tag" } }; export const Tag = { type: { className: "Tag" } }; export const Gone = { type: { className: "Gone" } };';
    const user = 'import * as Tables from "./table.js"; export const spec = { body: Tables.Blob };';
    const { texts } = cut({ "table.js": table, "user.js": user }, 'import { spec } from "user"; spec;', /table/);
    assert.equal(texts["table.js"], table.slice(0, table.indexOf(" export const Gone")));
    const { left } = cut(
      { "a.js": "export function answer(b) { function a() {} return { a, b }; }" },
      'import { answer } from "a"; answer(1);',
    );
    assert.deepEqual(left, []);
  });
});
