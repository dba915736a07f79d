// The licenses of what a bundle is made of, as one text to lie beside it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One entry for each package among `inputs` (paths below `root`); equal texts are printed once. */
export function licenseTexts(root: string, inputs: readonly string[]): string {
  const homes = new Set(inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
  const byText = new Map<string, string[]>();
  for (const home of [...homes].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, home, "package.json"), "utf8"));
    const file = readdirSync(join(root, home)).find((one) => /^licen[cs]e/i.test(one));
    const text = file ? readFileSync(join(root, home, file), "utf8").trim() : `License: ${license}`;
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  return [...byText]
    .map(([text, names]) => `${[...new Set(names)].join("\n")}\n\n${text}\n`)
    .join(`\n${"-".repeat(80)}\n\n`);
}
