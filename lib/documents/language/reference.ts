// References to what exists already: `azureml:name:version`, `azureml:name@label`, ARM ids, registry URIs, computes, code
// (docs/facts/azureml-documents.md#2.3).
// Tests: test/lib/documents/language/references.test.ts

import { TaskError } from "../../errors.ts";
import { segment, segmentFault } from "../../segment.ts";
import { DocumentFault } from "./faults.ts";
import type { Reference } from "./named.ts";
import { localPath } from "./path.ts";
import type { AssetKind, Resolver } from "./resolver.ts";
import { asSegment } from "./scalar.ts";
import { described, NOTHING_BELOW, type Reading, type Shape } from "./shape.ts";
import type { YamlNode } from "./source.ts";

export type { Reference } from "./named.ts";

const REGISTRY = /^azureml:\/\/(registries|feeds)\//;
/** Curated environments of the old form, which the service resolves itself. */
const CURATED = /^AzureML-/;

/** Reads `azureml:...` or an ARM id; a string answer is the reason why it is none. */
export function parseReference(written: string, kind: AssetKind | "codes"): Reference | string {
  if (written.includes("${{"))
    return "a binding has no value here, since what is named must be known before the job runs";
  if (REGISTRY.test(written)) {
    if (kind === "codes") return "code cannot be taken from a registry";
    return { kind: "id", id: written.replace(/^azureml:\/\/feeds\//, "azureml://registries/") };
  }
  if (written.startsWith("azureml://")) return `${written} names no registered asset`;
  const name = written.startsWith("azureml:") ? written.slice("azureml:".length) : undefined;
  const target = name ?? written;
  if (/^\/subscriptions\//i.test(target)) {
    if (new RegExp(`/${kind}/[^/]+/(versions|labels)/[^/]+/?$`, "i").test(target)) return { kind: "id", id: target };
    return `the id names no version of ${kind}`;
  }
  if (name === undefined) return `it does not begin with "azureml:"`;
  if (kind === "environments" && CURATED.test(name)) return { kind: "id", id: `azureml:${name}` };
  if (name.includes("/")) return "a name holds no slash, and an ARM id begins with one";
  const wrong = name
    .split(/[:@]/)
    .map((part) => (part === "" ? undefined : segmentFault(part)))
    .find(Boolean);
  if (wrong !== undefined) return `a part of it ${wrong}`;
  const at = name.lastIndexOf("@");
  if (at > 0 && at < name.length - 1) return { kind: "label", name: name.slice(0, at), label: name.slice(at + 1) };
  const colon = name.indexOf(":");
  if (colon > 0 && colon < name.length - 1)
    return { kind: "version", name: name.slice(0, colon), version: name.slice(colon + 1) };
  if (kind === "components" && colon < 0 && at < 0 && name !== "") return { kind: "label", name, label: "default" };
  return "neither a version nor a label is given";
}

/** A reference to a registered asset. */
export function assetReference(kind: AssetKind | "codes"): Shape<Reference> {
  const noun = kind === "data" ? "data" : kind.replace(/s$/, "");
  const expects = `a reference to a registered ${noun} (azureml:<name>:<version>, azureml:<name>@latest)`;
  return {
    expects,
    below: NOTHING_BELOW,
    read(node, at) {
      if (node.kind !== "scalar" || node.type !== "string")
        return at.fault(node, `${at.name} is ${described(node)}; ${expects} is needed.`);
      const reference = parseReference(node.text, kind);
      if (typeof reference !== "string") {
        at.note(node, { kind, reference });
        return reference;
      }
      return at.fault(
        node,
        `${at.name} is ${described(node)}, which is no reference to a registered ${noun}: ${reference}.`,
        {
          hint: `Write azureml:<name>:<version>, azureml:<name>@latest, an ARM id or azureml://registries/<registry>/${kind}/<name>/versions/<version>.`,
        },
      );
    },
    async write(value, to) {
      const id = await resolveReference(value, kind, to.resolver);
      // A component's spec has ids with the prefix that YAML has.
      return to.style === "yaml" && id.startsWith("/") ? `azureml:${id}` : id;
    },
  };
}

/** The id that a body holds for a reference; a label is turned into a version. */
export async function resolveReference(
  reference: Reference,
  kind: AssetKind | "codes",
  resolver: Resolver,
): Promise<string> {
  if (reference.kind === "id") {
    const own = labelOf(reference.id, kind, resolver);
    return own === undefined ? reference.id : await resolveReference(own, kind, resolver);
  }
  const base = `${resolver.workspace.id}/${kind}/${segment(reference.name, `a name under ${kind}`)}`;
  if (reference.kind === "version")
    return `${base}/versions/${segment(reference.version, `the version of ${reference.name}`)}`;
  if (kind === "components" && reference.label === "default") return `${base}/labels/default`;
  if (kind === "codes")
    throw new TaskError("input", `Code has no labels: azureml:${reference.name}@${reference.label}.`, {
      errorCode: "AML1313",
    });
  return `${base}/versions/${await resolver.version(kind, reference.name, reference.label)}`;
}

/** The label that an ARM id of this workspace names; the service takes ids of versions alone. */
function labelOf(id: string, kind: AssetKind | "codes", { workspace }: Resolver): Reference | undefined {
  const below = id.toLowerCase().startsWith(`${workspace.id}/`.toLowerCase()) ? id.slice(workspace.id.length + 1) : "";
  const [collection, name, labels, label] = below.split("/");
  if (collection?.toLowerCase() !== kind || labels?.toLowerCase() !== "labels" || !name || !label) return undefined;
  return { kind: "label", name, label };
}

/** The forms of a reference in a YAML. */
export function referenceText(reference: Reference): string {
  if (reference.kind === "id") return reference.id.startsWith("/") ? `azureml:${reference.id}` : reference.id;
  return reference.kind === "version"
    ? `azureml:${reference.name}:${reference.version}`
    : `azureml:${reference.name}@${reference.label}`;
}

/** As `compute`, or `local`: the machine that submits a command job. */
export const computeOrLocal: Shape<string> = {
  expects: "the name of a compute (azureml:<name>)",
  below: NOTHING_BELOW,
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string" || node.text === "")
      return at.fault(node, `${at.name} is ${described(node)}; the name of a compute is needed.`);
    const name = node.text.startsWith("azureml:") ? node.text.slice("azureml:".length) : node.text;
    if (name.includes("${{"))
      return at.fault(node, `${at.name} is ${described(node)}: a binding has no value here.`, {
        hint: "Write the name of a compute; in a pipeline's step, a binding may stand alone (`${{parent.inputs.compute}}`).",
      });
    if (name.toLowerCase() === "local") return "local";
    at.note(node, { kind: "computes", name });
    return name;
  },
  write: (value, to) => computeId(value, to.resolver),
};

/** A compute: `azureml:name`, a bare name, `serverless`, or an ARM id. The document keeps the name or id without prefix. */
export const compute: Shape<string> = {
  ...computeOrLocal,
  read(node, at) {
    const name = computeOrLocal.read(node, at);
    if (name !== "local") return name;
    return at.fault(node, `${at.name} is ${described(node)}, and only a command job of its own runs locally.`, {
      hint: "Name a compute of the workspace, or `azureml:serverless`.",
    });
  },
};

/** The ARM id of a compute that is named in this workspace. */
export function computeId(name: string, resolver: Resolver): string {
  return name.startsWith("/") ? name : `${resolver.workspace.id}/computes/${segment(name, "the name of the compute")}`;
}

/** The ARM id of a datastore that is named in this workspace. */
export function datastoreId(name: string, resolver: Resolver): string {
  return name.startsWith("/")
    ? name
    : `${resolver.workspace.id}/datastores/${segment(name, "the name of the datastore")}`;
}

/** The text after an optional `azureml:` prefix of a name or an ARM id; reports a fault if it is not a text. */
function unprefixed(node: YamlNode, at: Reading, needed: string): string | undefined {
  if (node.kind !== "scalar" || node.type !== "string" || node.text.replace(/^azureml:/, "") === "")
    return at.fault(node, `${at.name} is ${described(node)}; ${needed} is needed.`);
  return node.text.replace(/^azureml:/, "");
}

/**
 * A datastore: `azureml:name`, a bare name, or an ARM id. The document keeps the bare name, wherever the workspace is: Azure's
 * client takes an id for its name too.
 */
export const datastore: Shape<string> = {
  expects: "the name of a datastore (azureml:<name>)",
  below: NOTHING_BELOW,
  read(node, at) {
    const written = unprefixed(node, at, "the name of a datastore");
    if (written === undefined) return undefined;
    const name = /^\/subscriptions\/.+\/datastores\/([^/]+)\/?$/i.exec(written)?.[1] ?? written;
    if (asSegment(name, node, at) === undefined) return undefined;
    at.note(node, { kind: "datastores", name });
    return name;
  },
  write: (value) => value,
};

/** As `datastore`, where the body holds an ARM id: one that is written stays as it is. */
export const datastoreReference: Shape<string> = {
  ...datastore,
  read(node, at) {
    const name = datastore.read(node, at);
    const written = name === undefined ? undefined : unprefixed(node, at, "the name of a datastore");
    return written?.startsWith("/") ? written : name;
  },
  write: (value, to) => datastoreId(value, to.resolver),
};

/** A job: `azureml:name`, a bare name, or an ARM id. The document keeps it without the prefix. */
export const jobName: Shape<string> = {
  expects: "the name of a job (azureml:<name>)",
  below: NOTHING_BELOW,
  read(node, at) {
    const name = unprefixed(node, at, "the name of a job");
    if (name !== undefined) at.note(node, { kind: "jobs", name });
    return name;
  },
  write: (value) => value,
};

/** Local code that is uploaded, or code that is registered. */
export type Code =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "registered"; readonly reference: Reference };

/** A local folder or file, as an absolute path. Reports a path that does not exist or leaves the repository. */
export function readLocalPath(node: YamlNode & { kind: "scalar" }, at: Reading): string | undefined {
  try {
    return localPath({ written: node.text, folder: at.folder, root: at.root, where: node.where, path: at.path });
  } catch (error) {
    if (error instanceof DocumentFault) at.faults.list.push(error);
    else throw error;
    return undefined;
  }
}

export const code: Shape<Code> = {
  expects: "a local folder, or azureml:<name>:<version>",
  below: NOTHING_BELOW,
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string")
      return at.fault(node, `${at.name} is ${described(node)}; a local folder is needed.`);
    if (/^(git\+|https?:)/.test(node.text))
      return at.fault(
        node,
        `${at.name} names remote code (${node.text.replace(/\/\/[^/@]*@/, "//")}), which cannot be uploaded.`,
        {
          hint: "Check the code out in the pipeline (resources.repositories), and name the local folder.",
        },
      );
    if (/^(azureml:|\/subscriptions\/)/.test(node.text)) {
      const reference = parseReference(node.text, "codes");
      if (typeof reference !== "string") {
        at.note(node, { kind: "codes", reference });
        return { kind: "registered", reference };
      }
      return at.fault(node, `${at.name} is ${described(node)}: ${reference}.`);
    }
    const path = readLocalPath(node, at);
    return path === undefined ? undefined : { kind: "local", path };
  },
  async write(value, to) {
    const id =
      value.kind === "local"
        ? await to.resolver.code(value.path)
        : await resolveReference(value.reference, "codes", to.resolver);
    return to.style === "yaml" && id.startsWith("/") ? `azureml:${id}` : id;
  },
};
