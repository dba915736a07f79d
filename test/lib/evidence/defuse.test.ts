// Text of others in comments: it notifies nobody and links nowhere.
import assert from "node:assert/strict";
import { defuse } from "../../../lib/evidence/defuse.ts";
import { cell, code, link } from "../../../lib/record/index.ts";

const NOTHING = "\u200b";

describe("defused markdown", () => {
  for (const [name, text] of [
    ["a mention", "@everyone"],
    ["a mention by id", "@<8E1F2C50-0000-4000-8000-000000000000>"],
    ["a mention behind escaped backticks", "`@everyone`"],
    ["a work item", "fixes #42 and AB#7"],
    ["a pull request", "see !12"],
    ["an issue by its short name", "GH-12"],
    ["an address", "https://evil.example/x"],
    ["an address without a protocol", "www.evil.example"],
    ["a mail address", "ada@contoso.example"],
    ["a link", "[here](https://evil.example)"],
  ] as const)
    it(`has no ${name} in text of others`, () => {
      const clean = defuse(`| ${cell(text)} |`);
      assert.doesNotMatch(clean, /@(?!\u200b)|[#!]\d|GH-\d|:\/\/|www\.|(?<!\\)\]\(/);
      assert.ok(clean.includes(NOTHING));
    });

  it("keeps links and code of its own", () => {
    const own = `${link("job", "https://ml.azure.com/runs/a?wsid=/b@c")} and ${code("azureml://jobs/x@1#2")}`;
    assert.equal(defuse(own), own);
  });

  it("has no mention by id in code either", () => {
    assert.doesNotMatch(defuse(code("@<8E1F2C50>")), /@</);
  });

  it("is linear in the length of hostile text", () => {
    const long = `${"`".repeat(50_000)}${"](https://".repeat(20_000)}`;
    assert.ok(defuse(long).length >= long.length);
  });
});
