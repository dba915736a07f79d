// The documentation site without its generator: links of the pages as the site has them, and dead ones of a built site.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { deadLinks } from "../../scripts/docs/dead-links.ts";
import { relinked } from "../../scripts/docs/pages.ts";

const root = resolve(import.meta.dirname, "../..");

describe("links of the documentation site", () => {
  const pages = ["README.md", "docs/usage.md", "tasks/Apply/README.md"];

  it("lead from page to page, from files to pages that show them, and stay as they are in code", () => {
    const sources = new Set<string>();
    const text =
      '[a](usage.md#x) [b](../tasks/Apply/README.md) [c](../README.md) [d](https://e.org) `[f](g)` <name> <a id="y"></a>\n' +
      "```text\n[h](i) <j>\n```\n[k](../lib/errors.ts) [l](../lib) ![m](../images/demo.png) [n](#o)";
    assert.equal(
      relinked(root, "docs/usage.md", text, pages, sources),
      '[a](/docs/usage#x) [b](/tasks/Apply) [c](/) [d](https://e.org) `[f](g)` &lt;name> <a id="y"></a>\n' +
        "```text\n[h](i) <j>\n```\n[k](/source/lib/errors-ts) l ![m](/images/demo.png) [n](#o)",
    );
    assert.deepEqual([...sources], ["lib/errors.ts"]);
    assert.throws(
      () => relinked(root, "docs/usage.md", "[a](gone.md)", pages, sources),
      /docs\/usage\.md: there is no gone\.md/,
    );
  });

  it("are found dead by file and by place, under the path at which the site is served", () => {
    const folder = mkdtempSync(join(tmpdir(), "site-links-"));
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    };
    try {
      write(
        "index.html",
        '<a href="/ml/a/b#there">x</a> <a href="/ml/">y</a> <img src="/ml/p.png"> <a href="https://e.org/gone">z</a>',
      );
      write(
        "a/b.html",
        '<h2 id="there">x</h2> <a href="#there">a</a> <a href="/ml/gone">b</a> <a href="/other/">c</a> <a href="/ml/a/b#no">d</a>',
      );
      write("p.png", "");
      assert.deepEqual(deadLinks(folder, "/ml/"), {
        links: 7,
        dead: [
          "a/b.html: /ml/gone leads nowhere",
          "a/b.html: /other/ leads nowhere",
          "a/b.html: /ml/a/b#no is on a page that has no such place",
        ],
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("are built by a package of its own, which an installation of the project does not bring", () => {
    const own = JSON.parse(readFileSync(join(root, "site/package.json"), "utf8"));
    assert.deepEqual(Object.keys(own.dependencies), ["vitepress"]);
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    assert.deepEqual(
      Object.keys(lock.packages).filter((name) => /(^|\/)(vitepress|vite|vue)$/.test(name)),
      [],
    );
  });
});
