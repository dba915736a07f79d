// Data and models that a job read, by its inputs as the service answers them: what the job was really given, and not what a file asked for.
// Tests: test/lib/ml/jobs/job-inputs.test.ts
import { cut } from "../../remote-text.ts";
import { DATA, PARENT_MODEL } from "../workspace/lineage.ts";
import type { Job } from "./jobs.ts";

/** Characters of a tag's value here: the limit of Azure's own tags. */
const LONGEST = 256;
const MOST = 50;

/**
 * Tags that name them: `azureDevOps.data`, `azureDevOps.parentModel`. A version is `name:version`, one of a registry
 * `registry/name:version`; a path in a datastore is `datastore/path`.
 */
export function tagsOfInputs(job: Job): Record<string, string> {
  const read = inputsIn(job);
  const list = (isModel: boolean) =>
    cut([...new Set(read.filter((one) => one.isModel === isModel).map(({ name }) => name))].sort().join(", "), LONGEST);
  const tags = { [DATA]: list(false), [PARENT_MODEL]: list(true) };
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ""));
}

/** The same by the inputs' names, for a record. */
export const inputsOf = (job: Job): Record<string, string> =>
  Object.fromEntries(inputsIn(job).map(({ input, name }) => [input, name]));

function inputsIn(job: Job) {
  const inputs = Object.entries((job.properties?.["inputs"] ?? {}) as Record<string, unknown>).slice(0, MOST);
  return inputs.flatMap(([input, value]) => {
    const { uri, jobInputType } = (value ?? {}) as { uri?: unknown; jobInputType?: unknown };
    if (typeof uri !== "string" || jobInputType === "literal") return [];
    const isModel = /model$/i.test(String(jobInputType)) || /\/models\//i.test(uri);
    return [{ input, isModel, name: cut(nameOf(uri), LONGEST) }];
  });
}

function nameOf(uri: string): string {
  const [, registry, kind, name, version] =
    /(?:registries\/([^/]+)\/)?(data|models)\/([^/]+)\/versions\/([^/]+)\/?$/i.exec(uri) ?? [];
  if (kind && name && version) return `${registry ? `${registry}/` : ""}${name}:${version}`;
  const [, datastore, path] = /\/?datastores\/([^/]+)\/paths\/(.+)$/i.exec(uri) ?? [];
  if (datastore && path) return `${datastore}/${path.replace(/\/+$/, "")}`;
  // An address with a query may hold a signature.
  return uri.replace(/^azureml:(?!\/\/)/, "").replace(/[?#].*$/s, "");
}
