// Commands that the pages name: those that run offline in seconds are run as they stand by `npm run docs:run`; of the others it is said where they are run.
// Tests: test/docs/commands.test.ts
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pages } from "../../test/docs/samples.ts";

export interface NamedCommand {
  /** As the page has it, on one line: `npm run demo -- --canary`. */
  readonly words: string;
  readonly page: string;
  /** The line of package.json for an npm script, or the source of a command of azureml-local. */
  readonly program: string;
  readonly flags: readonly string[];
}

/** Words of ours begin with npm run, npm test or azureml-local; they end with the line, the code, a comment or the next command. */
const OURS =
  /\b(?:npm (?:run (?:-s )?(?<script>[\w:-]+)|(?<test>test))\b|azureml-local (?<command>[a-z]+)\b)(?<rest>(?:\\\n|[^`\n#&|])*)/g;

/** Every place of every page that names a command of this repository. */
export function namedCommands(root: string): NamedCommand[] {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  return pages().flatMap(({ file, text }) =>
    [...text.matchAll(OURS)].flatMap((match): NamedCommand[] => {
      const { script = "", test = "", command = "", rest = "" } = match.groups ?? {};
      // Prose says `azureml-local runs` and the like; what follows `--` in exec belongs to another program.
      if (command !== "" && !/^(up|exec|init|run)$/.test(command)) return [];
      const options = command === "exec" ? (rest.split(" -- ")[0] ?? "") : rest;
      const flags = [...options.matchAll(/(?<=[\s[])--[a-z][\w-]*/g)].map(([flag]) => flag);
      const said = { page: file, flags, words: match[0].replace(/\\\n\s*/g, "").trim() };
      if (command !== "") return [{ ...said, program: `local/commands/main.ts ${command}` }];
      const name = script === "" ? test : script;
      return [{ ...said, program: scripts[name] ?? `no script ${name}` }];
    }),
  );
}

export interface CommandRun {
  /** The command as a page has it. */
  readonly words: string;
  /** Its placeholders, and what stands for them; SCRATCH is a folder for this run. */
  readonly names?: readonly (readonly [string, string])[];
  /** Holds for its output. */
  readonly prints: RegExp;
}

/** In this order: a project is made before it is run. */
export const COMMANDS: readonly CommandRun[] = [
  {
    words:
      "npm run -s plan -- FILE [--set a.b=c]... [--subscription S --resource-group G --workspace W --location L] [--latest N] [--root DIR]",
    names: [
      ["FILE", "examples/breast-cancer/azureml/job.yml"],
      ["[--set a.b=c]...", "--set inputs.epochs=5"],
      ["[--subscription S --resource-group G --workspace W --location L]", "--workspace ws-ml"],
      ["[--latest N]", "--latest 3"],
      ["[--root DIR]", "--root examples/breast-cancer"],
    ],
    prints: /"method":"PUT".*ws-ml.*\/jobs\//,
  },
  {
    words:
      "npm run -s environment-check -- --subscription SUBSCRIPTION --resource-group rg-ml --workspace ws-ml --model breast-cancer --connection CONNECTION-ID --environment-id 5 --environment production --form",
    names: [
      ["SUBSCRIPTION", "00000000-0000-4000-8000-000000000001"],
      ["CONNECTION-ID", "5e4e6ce0-0000-4000-8000-000000000001"],
    ],
    prints: /^URL suffix and parameters: subscriptions\/00000000-0000-4000-8000-000000000001\/resourceGroups\/rg-ml\//m,
  },
  { words: "npm run schema -- --base own", prints: /our tasks in our own schema/ },
  {
    words: "npm run schema -- --base FILE",
    names: [["FILE", "dist/azure-pipelines-schema.json"]],
    prints: /our tasks in dist\/azure-pipelines-schema\.json/,
  },
  { words: "npm run schema", prints: /azure-pipelines-schema\.json: our tasks in / },
  {
    words: "npm run schema -- --out ../my-repo/.vscode/azure-pipelines-schema.json",
    names: [["../my-repo", "SCRATCH/my-repo"]],
    prints: /my-repo\/\.vscode\/azure-pipelines-schema\.json: our tasks in /,
  },
  { words: "azureml-local run --help", prints: /--repo/ },
  {
    words: "azureml-local exec -- python train.py",
    names: [["python train.py", "python3 SCRATCH/train.py"]],
    prints: /^The workspace is ws1\.$/m,
  },
  {
    words: "npm run local:init -- ../bikes",
    names: [["../bikes", "SCRATCH/bikes"]],
    prints: /^The starter pipeline is in .*bikes/m,
  },
  {
    words: "npm run pipeline -- --repo ../bikes",
    names: [["../bikes", "SCRATCH/bikes"]],
    prints: /^2 runs: green$/m,
  },
];

/** Whether a key such as `npm run docs` stands for these words: with options of any kind, and not for `npm run docs:run`. */
export const isBeginning = (key: string, words: string): boolean => words === key || words.startsWith(`${key} `);

const CI = ".ci/run";

/** Beginnings of commands that run for minutes, need packages from PyPI or change this repository: what runs them, or their function, in place of `npm run docs:run`. */
export const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  "azureml-local init": "test/local/commands/init.test.ts",
  "azureml-local run": "test/local/commands/run.test.ts",
  "azureml-local up": "test/local/commands/main.test.ts",
  "npm run acceptance:compare": "test/e2e/acceptance.test.ts",
  "npm run changelog": "test/scripts/changelog.test.ts",
  "npm run check": CI,
  "npm run demo": "test/e2e/demo.test.ts",
  "npm run docs": CI,
  "npm run generate": "test/scripts/generate.test.ts",
  "npm run local": "test/local/commands/main.test.ts",
  "npm run new-task": "test/scripts/new-task.test.ts",
  "npm run package": "test/scripts/package.test.ts",
  "npm run pipeline": "test/local/commands/run.test.ts",
  "npm run plan": "test/scripts/plan.test.ts",
  "npm run status": "test/docs/status.test.ts",
  "npm run test:conformance": CI,
  "npm run test:faults": CI,
  "npm run test:package-local": "scripts/conformance.ts",
  "npm run test:quick": "scripts/test.ts",
  "npm run test:recorded": CI,
  "npm test": CI,
};

/** Runs a command in this repository. @param scratch a folder for what it writes. @returns what failed */
export async function runCommand(
  root: string,
  scratch: string,
  { words, names = [], prints }: CommandRun,
): Promise<string | undefined> {
  mkdirSync(scratch, { recursive: true });
  writeFileSync(
    path.join(scratch, "train.py"),
    "import os\nprint(f\"The workspace is {os.environ['AZUREML_WORKSPACE_NAME']}.\")\n",
  );
  const program = `"${process.execPath}" --import "${import.meta.resolve("tsx")}" local/commands/main.ts`;
  const line = names
    .reduce((all, [from, to]) => all.replace(from, to), words)
    .replaceAll("SCRATCH", scratch)
    .replace(/^azureml-local/, program);
  const { status, said } = await new Promise<{ status: number | null; said: string }>((resolve, reject) => {
    const child = spawn(line, { cwd: root, shell: true, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += String(piece)));
    child.once("error", reject).once("close", (status) => resolve({ status, said }));
  });
  if (status === 0 && prints.test(said)) return undefined;
  return `${line} ended with ${status} and said:\n    ${said.trim().slice(-2_000).replaceAll("\n", "\n    ")}`;
}
