// Contenders of a comparison: the two models and the data version that the inputs name, as the service has them now, each with the address
// that a job takes it by. A label is resolved once, here.
// Tests: test/tasks/CompareModels.test.ts
import { parseArmId, parseAssetReference, sameId, workspaceId } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody, AssetHome } from "../assets/asset-home.ts";
import { versionOfLabel } from "../assets/asset-labels.ts";
import { findVersion, noSuchAsset, versionIn } from "../assets/assets.ts";
import { openRegistry } from "../assets/registry.ts";
import { placeOfUri } from "../assets/version-places.ts";
import { liveModelOf, modelVersion } from "../gate/champion.ts";
import { statedJobOf } from "../gate/model-job.ts";
import { getJob, jobOutputUri, requireOutput } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** A model as an input names it. */
type Contender =
  | { readonly kind: "endpoint"; readonly name: string }
  | { readonly kind: "job"; readonly name: string; readonly output: string | undefined }
  | {
      readonly kind: "model";
      readonly name: string;
      readonly version?: string;
      readonly label?: string;
      readonly registry?: string;
      /** The text that was written, where it is a whole id in a workspace. */
      readonly id?: string;
    };

/** A model or data that a job can be given. */
export interface Material {
  /** `house-prices:7`, or `the output model of the job amber_fox`. */
  readonly called: string;
  /** The address as a job's input has it. */
  readonly uri: string;
  /** Type of the job's input: `mlflow_model`, `custom_model`, `uri_file` … */
  readonly type: string;
  /** When the service made it: a name and a version may be given again once they are free. */
  readonly made: string;
  /** The job that made it, as the service itself says. */
  readonly job?: string;
}

/** A champion that is not there yet, with the reason as a clause. */
export interface Missing {
  readonly missing: string;
  /** True: it is there, and out of service. */
  readonly isIdle?: true;
}

const HINT =
  "Write model:<name>:<version>, model:<name>@<label or tag>, job:<name>/<output>, endpoint:<name> or azureml://registries/<registry>/models/<name>/versions/<version>.";

/** @throws TaskError kind `input` that says what can be written */
function parseContender(input: "challengerModel" | "championModel", text: string): Contender {
  const written = text.trim();
  const [, kind = "", rest = ""] = /^(endpoint|job|model):([^:/][^:]*(?::[^:]+)?)$/i.exec(written) ?? [];
  const name = rest.trim();
  if (kind.toLowerCase() === "endpoint" && !/[:/@]/.test(name)) return { kind: "endpoint", name };
  if (kind.toLowerCase() === "job") {
    const [, job, output] = /^([^/:@]+)(?:\/([A-Za-z_]\w*))?$/.exec(name) ?? [];
    if (job !== undefined) return { kind: "job", name: job, output };
  }
  const model = kind.toLowerCase() === "model" ? /^([^@:/]+)(?::([^@:/]+)|@([^:]+))$/.exec(name) : undefined;
  if (model?.[1]) {
    const [, of, version, label] = model;
    return { kind: "model", name: of, ...(version ? { version } : {}), ...(label ? { label } : {}) };
  }
  const isReference = /^azureml:|^\/subscriptions\//i.test(written);
  const reference = isReference && /\/models\/|^azureml:[^/]/i.test(written) ? parseAssetReference(written) : undefined;
  if (reference && (reference.version ?? reference.label) !== undefined) {
    const registry = registryOf(written);
    const isId = parseArmId(written) !== undefined;
    return {
      ...{ kind: "model", ...reference },
      ...(registry === undefined ? {} : { registry }),
      ...(isId ? { id: written } : {}),
    };
  }
  throw new TaskError(
    "input",
    `The input ${input} is ${JSON.stringify(written.slice(0, 200))}, which names no model.`,
    {
      errorCode: "AML1316",
      hint: HINT,
    },
  );
}

/** @throws TaskError kind `input` where an id is of another workspace: there may be another thing of that name and version here */
function requireOwn(workspace: Workspace, input: string, kind: "a model" | "data", id: string | undefined): void {
  const arm = parseArmId(id ?? "");
  if (arm === undefined || sameId(workspaceId(arm.subscriptionId, arm.resourceGroup, arm.workspace), workspace.id))
    return;
  throw new TaskError(
    "input",
    `The input ${input} names ${kind} of the workspace ${arm.workspace}, and the job runs in the workspace ${workspace.name}.`,
    {
      errorCode: "AML1316",
      hint: "A job takes what its own workspace or a registry has: share it with a registry and name it there, or bring it here with PromoteModel.",
    },
  );
}

const registryOf = (text: string): string | undefined =>
  /^azureml:\/\/(?:registries|feeds)\/([^/]+)\//i.exec(text)?.[1];

/**
 * The model that an input names. One to three sequential round trips.
 * @param text as the input has it
 * @returns why there is none, where an endpoint, a deployment or a model is not there
 * @throws TaskError kind `input` where it names no model, or one of another workspace; where it is there and cannot be scored: a job that has not
 *   completed, an output that is not there
 */
export async function findContender(
  workspace: Workspace,
  input: "challengerModel" | "championModel",
  text: string,
): Promise<Material | Missing> {
  const contender = parseContender(input, text);
  if (contender.kind === "model") requireOwn(workspace, input, "a model", contender.id);
  switch (contender.kind) {
    case "job":
      return outputOf(workspace, contender.name, contender.output);
    case "model":
      return modelOf(workspace, contender);
    case "endpoint":
      return liveModel(workspace, contender.name);
  }
}

async function modelOf(
  workspace: Workspace,
  contender: Extract<Contender, { kind: "model" }>,
): Promise<Material | Missing> {
  const { name, version, label, registry } = contender;
  const home: AssetHome = registry === undefined ? workspace : await openRegistry(workspace, registry, workspace);
  const of = { name, ...(version === undefined ? {} : { version }), ...(label === undefined ? {} : { label }) };
  const found =
    registry === undefined
      ? await modelVersion(workspace, of)
      : await findVersion(
          home,
          "models",
          name,
          version ?? (await versionOfLabel(home, "models", name, label ?? "latest")),
        );
  if (found === undefined) return { missing: `there is no model ${name}${version ? `:${version}` : `@${label}`}` };
  const exact = versionIn(found) ?? version ?? "";
  if (version === undefined) workspace.log.info(`${name}@${label} is version ${exact}.`);
  const job = registry === undefined ? statedJobOf(found, workspace) : undefined;
  return { ...material(workspace, "models", found, name, exact, registry), ...(job === undefined ? {} : { job }) };
}

async function liveModel(workspace: Workspace, endpoint: string): Promise<Material | Missing> {
  const live = await liveModelOf(workspace, endpoint);
  if (!live.found) return { missing: live.why, ...(live.isIdle ? { isIdle: true } : {}) };
  const { name, version } = live;
  const registry = registryOf(live.model);
  return modelOf(workspace, { kind: "model", name, version, ...(registry === undefined ? {} : { registry }) });
}

/** A version by the address that a job's input has: its ARM id, or that of its registry. */
function material(
  workspace: Workspace,
  kind: "models" | "data",
  body: AssetBody,
  name: string,
  version: string,
  registry: string | undefined,
): Material {
  const type = body.properties?.[kind === "models" ? "modelType" : "dataType"];
  const uri =
    registry === undefined
      ? `${workspace.id}/${kind}/${name}/versions/${version}`
      : `azureml://registries/${registry}/${kind}/${name}/versions/${version}`;
  return {
    called: `${registry === undefined ? "" : `${registry}/`}${name}:${version}`,
    uri,
    type: typeof type === "string" && type !== "" ? type : kind === "models" ? "custom_model" : "uri_folder",
    made: body.systemData?.createdAt ?? "",
  };
}

/** An output of a job that has completed: the one that is named, or its only one. */
async function outputOf(workspace: Workspace, name: string, wanted: string | undefined): Promise<Material> {
  const job = await getJob(workspace, name);
  const { status, outputs } = job.properties ?? {};
  if (status !== "Completed")
    throw new TaskError(
      "failed",
      `The job ${name} is ${status ?? "unknown"}, not Completed, so its model cannot be scored.`,
      {
        errorCode: "AML1502",
        hint: "Compare a job's model after the job has completed: let SubmitJob wait for it.",
      },
    );
  const names = Object.keys(outputs ?? {}).filter((one) => one !== "default");
  const output = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (output === undefined)
    throw new TaskError(
      "input",
      `The job ${name} has ${names.length} outputs, and the input does not say which is the model.`,
      {
        errorCode: "AML1316",
        hint:
          names.length === 0
            ? "Write the model to an output of the job."
            : `Write job:${name}/<output>; there are ${names.sort().join(", ")}.`,
      },
    );
  requireOutput(job, output);
  const place = await placeOfUri(workspace, jobOutputUri(name, output));
  if (place === undefined)
    throw new TaskError("service", `Azure does not say where the output ${output} of the job ${name} lies.`, {
      errorCode: "AML1111",
    });
  const type = outputs?.[output]?.jobOutputType ?? "uri_folder";
  return {
    called: `the output ${output} of the job ${name}`,
    uri: `azureml://datastores/${place.datastore}/paths/${place.path}${type === "uri_file" ? "" : "/"}`,
    type,
    made: job.systemData?.createdAt ?? "",
    job: name,
  };
}

/**
 * The data version that an input names: `holdout:3`, `azureml:holdout@latest`, an ARM id or one of a registry. One to two round trips.
 * @throws TaskError `notFound` that names what there is; `input` for a table, which needs a package of its own to be read
 */
export async function findData(workspace: Workspace, text: string): Promise<Material> {
  const written = text.trim();
  const reference = parseAssetReference(written);
  const isVersion = reference && (reference.version ?? reference.label) !== undefined;
  if (!isVersion || (/\//.test(written) && !/\/data\//i.test(written)))
    throw new TaskError(
      "input",
      `The input testData is ${JSON.stringify(written.slice(0, 200))}, which names no version of data.`,
      {
        errorCode: "AML1316",
        hint: "Write azureml:<name>:<version>, azureml:<name>@latest or azureml://registries/<registry>/data/<name>/versions/<version>.",
      },
    );
  requireOwn(workspace, "testData", "data", written);
  const { name } = reference;
  const registry = registryOf(written);
  const home: AssetHome = registry === undefined ? workspace : await openRegistry(workspace, registry, workspace);
  const version = reference.version ?? (await versionOfLabel(home, "data", name, reference.label ?? "latest"));
  const found = await findVersion(home, "data", name, version);
  if (found === undefined) throw await noSuchAsset(home, "data", name, version);
  const data = material(workspace, "data", found, name, version, registry);
  if (!/^uri_(file|folder)$/.test(data.type))
    throw new TaskError("input", `The data ${data.called} is of type ${data.type}, and rows are read from files.`, {
      errorCode: "AML1316",
      hint: "Register the rows as uri_file, or as a uri_folder whose file the input testFile names: CSV, JSON lines or Parquet.",
    });
  return data;
}
