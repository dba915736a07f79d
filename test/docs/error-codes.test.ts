// Error codes: every error has one that the registry explains, every code of the registry is in use, and a published one keeps its meaning.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  type ErrorCodes,
  faultsOfErrorCodes,
  publishedCodesFile,
  readErrorCodes,
  readPublishedCodes,
  troubleshootingFile,
} from "../../scripts/generate/error-codes.ts";

const root = resolve(import.meta.dirname, "../..");
const sources = ["lib", "tasks"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("dist"))
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(root, folder, file), "utf8") })),
);

/** From an opening bracket to the one that closes it; brackets in texts come in pairs. */
function call(text: string, from: number): string {
  let depth = 0;
  for (let at = text.indexOf("(", from); at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return text.slice(from, at + 1);
  }
  return text.slice(from);
}

describe("error codes", () => {
  const codes = readErrorCodes(root);
  const made = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/\bnew TaskError\(/g)].map(({ index }) => ({ file, text: call(text, index) })),
  );

  it("stand at every error that a task makes, but a cancel", () => {
    assert.ok(made.length > 150, String(made.length));
    // An error that tells another one in more words has its code, by its cause.
    const without = made.filter(({ text }) => !/errorCode|"canceled"|\bcause: error\b|, known\)$/.test(text));
    assert.deepEqual(
      without.map(({ file, text }) => `${file}: ${text.slice(0, 100)}`),
      [],
    );
  });

  it("are in the registry if and only if an error has them", () => {
    const used = new Set(sources.flatMap(({ text }) => text.match(/\bAML1\d{3}\b/g) ?? []));
    assert.deepEqual([...used].sort(), Object.keys(codes).sort());
  });

  it("have a row and an anchor each in docs/troubleshooting.md", () => {
    const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
    for (const [code, { title }] of Object.entries(codes))
      assert.ok(page.includes(`| <a id="${code.toLowerCase()}"></a>\`${code}\` ${title} | `), code);
  });

  it("are in order, beside what is published", () => {
    assert.deepEqual(faultsOfErrorCodes(codes, readPublishedCodes(root)), []);
  });

  it("keep their meaning once a release has published them", () => {
    const entry = { title: "A file is missing", section: "Files", rows: [{ see: "*x*", remedy: "y" }] };
    const published = JSON.parse(publishedCodesFile({ AML1001: entry }));
    const faults = (changed: ErrorCodes) => faultsOfErrorCodes(changed, published).join();
    assert.equal(faults({ AML1001: { ...entry, rows: [{ see: "*other words*", remedy: "z" }] } }), "");
    assert.match(
      faults({ AML1001: { ...entry, title: "A job failed" } }),
      /AML1001 is published as "A file is missing"/,
    );
    assert.match(faults({ AML1002: entry }), /AML1001 is published and gone/);
    assert.match(faults({ AML1001: entry, AML1002: entry }), /AML1002 has the title of AML1001/);
    assert.match(faults({ AML1001: entry, AML21: { ...entry, title: "b", rows: [] } }), /AML21 is no code.*has no row/);
  });

  it("are refused in a section that the page does not have", () => {
    const entry = { title: "t", section: "Elsewhere", rows: [{ see: "*x*", remedy: "y" }] };
    assert.throws(() => troubleshootingFile("## Files\n", { AML1001: entry }), /disagree on the section Elsewhere/);
    const page = "<!-- generated: errors of Elsewhere -->\n<!-- end: errors -->\n";
    assert.match(troubleshootingFile(page, { AML1001: entry }), /`AML1001` t \| \*x\* \| y \|/);
  });
});
