// The job of a comparison: a command job from the template that the extension brings, which scores both models on one data version. Its name
// follows from its content (idempotent): the same two models are scored on the same data once, whichever run asks.
// Tests: test/tasks/CompareModels.test.ts
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type JobWrite, parseSource, sayMissing, shownPath, type UploadRoot } from "../../documents/index.ts";
import { commandJobKind } from "../../documents/jobs/command.ts";
import { canonical } from "../../documents/language/canonical.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { cut } from "../../remote-text.ts";
import { sha256 } from "../../sha256.ts";
import { uploadContent } from "../assets/datastores.ts";
import { contentOf } from "../assets/local-content.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createResolver, type WorkspaceResolver } from "../assets/resolve.ts";
import { lineageProperties, lineageTags } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Material } from "./contenders.ts";
import { ROWS_OUTPUT } from "./read-rows.ts";
import { SCORE_MODELS } from "./score-models.gen.ts";

export interface ComparisonRequest {
  readonly challenger: Material;
  readonly champion: Material;
  readonly data: Material;
  /** Path of the file in a folder of data. */
  readonly dataFile?: string | undefined;
  /** Name of the column with the truth. */
  readonly target: string;
  /** Name of the column that tells rows apart; rows are counted where absent. */
  readonly idColumn?: string | undefined;
  /** Absolute path of the user's own script, whose folder is uploaded; MLflow's pyfunc scores where absent. */
  readonly scoringScript?: string | undefined;
  /** As a job YAML has it: `azureml:<name>:<version>` or `file:<path>`. */
  readonly environment: string;
  /** Serverless where absent. */
  readonly compute?: string | undefined;
  /** YAML that is laid over the job. */
  readonly overrides?: string | undefined;
  /** The repository's folder, which uploads may not leave. */
  readonly root: UploadRoot;
  /** Where relative paths begin, absolute. */
  readonly folder: string;
}

/** A job that is ready to be submitted. */
export interface ComparisonJob {
  readonly write: JobWrite;
  /** Of all that decides about the scores: models, data, code, environment and settings. Not of the compute. */
  readonly hash: string;
}

const SETTINGS = "SCORE_MODELS_SETTINGS";
const SCRIPT = "score_models.py";
/** One for all pipelines, since they share jobs. */
const EXPERIMENT = "compare-models";
/** Characters of a run's display name (docs/facts/azureml-services.md#5.8); names of models and data have up to 255 each. */
const LONGEST_DISPLAY_NAME = 256;
const COMMAND = `python "\${{inputs.script}}" --champion "\${{inputs.champion}}" --challenger "\${{inputs.challenger}}" --data "\${{inputs.data}}" --out "\${{outputs.${ROWS_OUTPUT}}}"`;
/** Stands for the script's address until it has been uploaded. */
const LATER = "azureml://datastores/workspaceblobstore/paths/later";

/**
 * Makes the job: checks what it names, then uploads the script and the user's code. Sequential round trips: the checks; then side by side the upload
 * (three), the code (one where it is known) and the environment.
 * @throws TaskError before anything is created, where a compute or an environment is not there, or the overrides change what is compared
 */
export async function comparisonJob(workspace: Workspace, request: ComparisonRequest): Promise<ComparisonJob> {
  const { provenance } = workspace;
  const document = documentOf(request);
  // Models and data have been read already.
  const checks = requireNamed(workspace, document, { isMade: ({ kind }) => kind === "models" || kind === "data" });
  const resolver = createResolver(workspace, { root: request.root, mayCreate: checks });
  const translation = commandJobKind.translate(document, resolver, {
    name: "comparison",
    experimentName: EXPERIMENT,
    displayName: cut(
      `Compare ${request.challenger.called} with ${request.champion.called} on ${request.data.called}`,
      LONGEST_DISPLAY_NAME,
    ),
    tags: lineageTags(provenance),
    properties: lineageProperties(provenance),
  });
  // `checks` rejects with the error users need; ignore the rejection that follows from it.
  translation.catch(() => {});
  await checks;
  const [write, script] = await Promise.all([translation, uploadScript(workspace)]);
  const given = write.body["properties"] as Record<string, unknown>;
  const inputs = given["inputs"] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const properties = { ...given, inputs: { ...inputs, script: { ...inputs["script"], uri: script.uri } } };
  return { write: { ...write, body: { properties } }, hash: hashOf(properties, request, script.hash, resolver) };
}

/** @throws TaskError kind `input` where there is no such Python file; that its folder may be uploaded is seen as of any code */
function requireScript(scoringScript: string): void {
  if (!statSync(scoringScript, { throwIfNoEntry: false })?.isFile())
    throw new TaskError("input", sayMissing("There is no file", scoringScript, undefined), {
      errorCode: "AML1305",
      hint: "Correct the input scoringScript; its path starts at the repository's root.",
    });
  if (/\.py$/i.test(scoringScript)) return;
  throw new TaskError(
    "input",
    `The input scoringScript is ${shownPath(scoringScript, undefined)}, which is no Python file.`,
    {
      errorCode: "AML1316",
      hint: "Give the file a name that ends with .py.",
    },
  );
}

function documentOf(request: ComparisonRequest): ReturnType<typeof commandJobKind.parse> {
  const { challenger, champion, data, target, idColumn, dataFile, scoringScript, environment, compute } = request;
  for (const [input, value] of Object.entries({ targetColumn: target, idColumn, testFile: dataFile })) {
    if (!value?.includes("${{")) continue;
    throw new TaskError(
      "input",
      `The input ${input} is ${JSON.stringify(value)}, which Azure ML would take for a binding.`,
      {
        errorCode: "AML1316",
        hint: "Rename the column or the file.",
      },
    );
  }
  if (scoringScript !== undefined) requireScript(scoringScript);
  const settings = {
    target,
    ...(idColumn === undefined ? {} : { id: idColumn }),
    ...(dataFile === undefined ? {} : { file: dataFile }),
    ...(scoringScript === undefined ? {} : { script: path.basename(scoringScript) }),
  };
  const template = {
    type: "command",
    command: COMMAND,
    ...(scoringScript === undefined ? {} : { code: path.dirname(scoringScript) }),
    environment,
    ...(compute === undefined ? {} : { compute: compute.startsWith("azureml:") ? compute : `azureml:${compute}` }),
    environment_variables: { [SETTINGS]: JSON.stringify(settings) },
    inputs: {
      script: { type: "uri_file", path: LATER },
      champion: { type: champion.type, path: champion.uri },
      challenger: { type: challenger.type, path: challenger.uri },
      data: { type: data.type, path: data.uri },
    },
    outputs: { [ROWS_OUTPUT]: { type: "uri_folder", mode: "upload" } },
  };
  const { root, folder, overrides } = request;
  const source = parseSource(JSON.stringify(template, undefined, 1), { root, folder, name: "the comparison's job" });
  const document = commandJobKind.parse(source, { overrides: { yaml: overrides } });
  refuseOtherWork(overrides, document, commandJobKind.parse(source));
  return document;
}

/** Overrides may choose machines, limits, modes and variables, and not what is scored or how. */
function refuseOtherWork(overrides: string | undefined, changed: object, own: object): void {
  if (overrides === undefined) return;
  const partsOf = (document: object) => {
    const { command, code, inputs, outputs, environment_variables: variables } = document as Record<string, unknown>;
    const places = Object.entries(isObject(inputs) ? inputs : {}).map(([name, input]) => {
      const { mode: _mode, ...place } = isObject(input) ? input : {};
      return [name, place];
    });
    const settings = isObject(variables) ? variables[SETTINGS] : undefined;
    return { command, code, inputs: Object.fromEntries(places), outputs, settings };
  };
  const [before, after] = [partsOf(own), partsOf(changed)];
  const differs = Object.entries(before).find(
    ([name, value]) => canonical(value) !== canonical(after[name as keyof typeof after]),
  );
  if (differs === undefined) return;
  throw new TaskError(
    "input",
    `The input jobOverrides changes ${differs[0]} of the comparison's job, which decides what is compared.`,
    {
      errorCode: "AML1313",
      hint: "Use the other inputs for that; overrides may set compute, resources, limits, queue_settings, identity, modes of inputs and environment variables of your own.",
    },
  );
}

/** The script lies in the default datastore under the hash of its content. */
async function uploadScript(workspace: Workspace): Promise<{ uri: string; hash: string }> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "compare-"));
  try {
    const file = path.join(scratch, SCRIPT);
    writeFileSync(file, SCORE_MODELS);
    const { uri, hash } = await uploadContent(workspace, await contentOf(workspace, file, scratch));
    return { uri, hash };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function hashOf(
  properties: Readonly<Record<string, unknown>>,
  { challenger, champion, data }: ComparisonRequest,
  script: string,
  resolver: WorkspaceResolver,
): string {
  const { codeId, environmentId, environmentVariables, command } = properties;
  const code = typeof codeId === "string" ? (resolver.codeHashes.get(codeId) ?? codeId) : undefined;
  const materials = { challenger, champion, data };
  return sha256(canonical({ materials, script, code, command, environmentId, environmentVariables }));
}
