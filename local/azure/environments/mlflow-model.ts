// The requirements of an MLflow model: the conda file that lies beside it (mlflow.org, "MLflow Model format").
import { posix } from "node:path";
import { parse } from "yaml";
import { type Requirements, RequirementsError, readConda } from "./requirements.ts";

interface MlflowModel {
  readonly flavors?: { readonly python_function?: { readonly env?: string | { readonly conda?: string } } };
}

/**
 * Reads it from the model's files.
 * @param names of the files, relative, with slashes
 * @throws RequirementsError where there is no model, or no conda file with it
 */
export async function modelRequirements(
  names: readonly string[],
  read: (name: string) => Promise<string | undefined>,
): Promise<Requirements> {
  const description = names.find((name) => /(^|\/)MLmodel$/.test(name));
  const text = description === undefined ? undefined : await read(description);
  if (description === undefined || text === undefined) throw new RequirementsError(["The model has no MLmodel file"]);
  const env = (parse(text) as MlflowModel | null)?.flavors?.python_function?.env;
  const name = posix.join(posix.dirname(description), (typeof env === "string" ? env : env?.conda) ?? "conda.yaml");
  const conda = await read(name);
  if (conda === undefined) throw new RequirementsError([`The MLflow model has no '${name}', which says what it needs`]);
  return readConda(conda);
}
