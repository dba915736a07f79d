// `npm run acceptance:compare -- FILE`: holds the transcript of an acceptance run beside local Azure's, which is made now.
// `-- --write FILE` writes local Azure's own; `-- FILE --with OTHER` compares two files and runs nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { compare, readTranscript, type TranscriptLine } from "./acceptance/compare.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const USAGE = "npm run acceptance:compare -- FILE [--with OTHER] | --write FILE [--verbose]";

const read = (file: string): TranscriptLine[] => readTranscript(readFileSync(file, "utf8"), file);

async function ofLocalAzure(isVerbose: boolean): Promise<readonly TranscriptLine[]> {
  console.log("Running the acceptance pipeline on local Azure; it takes a minute or two.");
  const { runAcceptance } = await import("./acceptance/run.ts");
  const run = await runAcceptance(root, isVerbose ? console.log : undefined);
  try {
    const [first] = run.outcomes;
    if (first?.result !== "succeeded") {
      const issues = first?.issues.map(({ step, message }) => `  ${step}: ${message}`) ?? [];
      throw new Error(["The acceptance pipeline failed on local Azure:", ...issues].join("\n"));
    }
    return run.transcript;
  } finally {
    await run.close();
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { with: { type: "string" }, write: { type: "string" }, verbose: { type: "boolean", default: false } },
  });
  const [file, ...more] = positionals;
  if (values.write !== undefined && file === undefined) {
    const lines = await ofLocalAzure(values.verbose);
    writeFileSync(values.write, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    console.log(`Wrote ${lines.length} exchanges to ${values.write}.`);
    return 0;
  }
  if (file === undefined || more.length > 0 || values.write !== undefined) throw new Error(`Usage: ${USAGE}`);
  const given = read(file);
  const reference = values.with === undefined ? await ofLocalAzure(values.verbose) : read(values.with);
  const differences = compare(given, reference, {
    given: "the transcript",
    reference: values.with ?? "local Azure",
  });
  for (const line of differences) console.log(line);
  const steps = new Set(given.map(({ step }) => step)).size;
  console.log(
    differences.length === 0
      ? `No difference: ${given.length} exchanges of ${steps} steps are alike.`
      : `${differences.length} differences in ${given.length} exchanges of ${steps} steps.`,
  );
  return differences.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(2);
    },
  );
}
