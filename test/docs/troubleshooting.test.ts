// The error catalogue: every code and every family of errors is in it, and what it quotes is what the tasks say.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { clouds } from "../../lib/azure/clouds.ts";
import { signInFailure } from "../../lib/azure/sign-in-failure.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const catalogue = read("docs/troubleshooting.md");
const rows = catalogue.split("\n").filter((line) => line.startsWith("| "));

/** What is quoted in a text: `*words ... words*`, as its constant pieces. */
const quotesOf = (text: string): string[][] =>
  [...text.matchAll(/(?<![*\w])\*([^*]+)\*(?![*\w])/g)].map(([, quote = ""]) =>
    quote
      .split("...")
      .map((piece) => piece.trim())
      .filter((piece) => piece !== ""),
  );
const says = (text: string, pieces: readonly string[]) => pieces.every((piece) => text.includes(piece));

describe("the error catalogue", () => {
  const codes = [...read("lib/azure/sign-in-failure.ts").matchAll(/^ {2}"(\d{5,7})":/gm)].map(([, code]) => code!);

  it("knows which codes have a sentence", () => assert.ok(codes.length >= 12, codes.join(", ")));

  for (const code of codes)
    it(`says AADSTS${code} as the tasks say it`, () => {
      const identity = { scheme: "secret", tenantId: "t", clientId: "c", secret: "s" } as const;
      const { message } = signInFailure(new Error(`AADSTS${code}: x`), { identity, cloud: clouds.AzureCloud } as never);
      const row = rows.find((one) => new RegExp(`AADSTS${code}\\b`).test(one));
      assert.ok(row, `no row for AADSTS${code}`);
      const [quote] = quotesOf(row);
      assert.ok(quote && says(message, quote), `${row}\nsays something else than\n${message}`);
    });

  it("has a row for each family of errors", () => {
    const [, union = ""] = /export type TaskErrorKind =([^;]*);/.exec(read("lib/errors.ts")) ?? [];
    const kinds = [...union.matchAll(/\| "(\w+)"/g)].map(([, kind]) => kind);
    assert.ok(kinds.length >= 9, kinds.join(", "));
    for (const kind of kinds)
      assert.ok(
        rows.some((row) => row.startsWith(`| \`${kind}\` |`)),
        `no row for ${kind}`,
      );
  });

  it("quotes what stands in the sources, and leads to sections that are there", () => {
    const sources = ["lib", "tasks", "local"]
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, String(file))),
      )
      .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
      .map(read);
    const invented = rows.flatMap(quotesOf).filter((pieces) => !sources.some((source) => says(source, pieces)));
    const listed = invented.map((pieces) => `*${pieces.join(" ... ")}*`).join("\n");
    assert.equal(listed, "", `docs/troubleshooting.md quotes what no source says:\n${listed}`);
    const headings = [...catalogue.matchAll(/^## (.+)$/gm)].map(([, text = ""]) =>
      text
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replaceAll(" ", "-"),
    );
    for (const [, anchor = ""] of catalogue.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(headings.includes(anchor), anchor);
  });
});
