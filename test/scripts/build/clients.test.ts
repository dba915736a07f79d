// Bundled clients of Azure DevOps: the methods that are called, and each of them whole.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { onlyCalled } from "../../../scripts/build/clients.ts";

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
