// Data assets: a file, a folder or a table, on this machine or in the cloud (docs/facts/azureml-documents.md#2.9).
// Tests: test/lib/documents/assets/assets.test.ts

import { statSync } from "node:fs";
import path from "node:path";
import { present } from "../../plain-objects.ts";
import { API_VERSIONS, assetWrite } from "../language/asset-write.ts";
import { defineKind, MAY_CHANGE } from "../language/define-kind.ts";
import { tags } from "../language/document.ts";
import { map, object, optional, readOnly, required } from "../language/object.ts";
import { datastore } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { anything, enumeration, nameText, text, version } from "../language/scalar.ts";
import { described, type Infer, type Reading, type Shape } from "../language/shape.ts";
import { parseTree, plainValue, type ScalarNode } from "../language/source.ts";
import { readRegular } from "../language/text-file.ts";
import { withoutEvidence } from "./evidence-names.ts";
import { DATA_TYPES, type Location, locationUri, readLocation } from "./io.ts";

/** The location of an asset's data. */
export function assetLocation(kind: "data" | "models"): Shape<Location> {
  return {
    expects: "a local path or a URI",
    below: { kind: "nothing" },
    read(node, at) {
      if (node.kind !== "scalar" || node.type !== "string")
        return at.fault(node, `${at.name} is ${described(node)}; a local path or a URI is needed.`);
      const location = readLocation(node, at, kind, { isModel: kind === "models" });
      if (location === undefined || location.kind === "local" || location.kind === "uri") return location;
      const noun = kind === "data" ? "a data asset" : "a model";
      return at.fault(node, `${at.name} is ${described(node)}, an asset itself; ${noun} is made of files.`, {
        hint: "Write where the files lie: a local path, azureml://datastores/<datastore>/paths/<path> or azureml://jobs/<job>/outputs/<output>.",
      });
    },
    write: () => undefined,
  };
}

const shape = object(
  "a data asset",
  {
    name: required(nameText({ pattern: /^[^\s/]+$/, rule: "a name has no spaces and no slashes" })),
    version: optional(version),
    type: optional(enumeration(DATA_TYPES, { fold: "exact" })),
    path: required(assetLocation("data")),
    description: optional(text()),
    tags: optional(withoutEvidence(tags)),
    datastore: optional(datastore),
    auto_delete_setting: optional(map(anything)),
    id: readOnly(),
    properties: readOnly(),
    latest_version: readOnly(),
    creation_context: readOnly(),
  },
  {
    check(value, node, at) {
      const place = node.entries.get("path");
      if (place?.kind === "scalar") checkLocal(value.path, value.type ?? "uri_folder", place, at.step("path"));
    },
  },
);
export type DataDocument = Infer<typeof shape>;

/** The path must be of the asset's type: nothing is uploaded that the service would refuse afterwards. */
function checkLocal(location: Location, type: (typeof DATA_TYPES)[number], node: ScalarNode, at: Reading): void {
  if (location.kind !== "local") return;
  const isFolder = statSync(location.path).isDirectory();
  if (type === "uri_file" && isFolder)
    at.fault(node, `${at.name} is a folder, but the asset's type is uri_file.`, { hint: "Write `type: uri_folder`." });
  else if (type !== "uri_file" && !isFolder)
    at.fault(node, `${at.name} is a file, but the asset's type is ${type}.`, { hint: "Write `type: uri_file`." });
  else if (type === "mltable" && referencedUris(location.path) === undefined)
    at.fault(node, `${at.name} holds no file MLTable with \`paths\`, which an mltable needs.`, {
      hint: "Add a file named MLTable to the folder, or write `type: uri_folder`.",
    });
}

/** The paths that a local MLTable file names, or undefined where there is no such file. */
function referencedUris(folder: string): string[] | undefined {
  let content: unknown;
  try {
    const tree = parseTree(readRegular(path.join(folder, "MLTable")), path.join(folder, "MLTable"));
    content = tree && plainValue(tree);
  } catch {
    return undefined;
  }
  const paths = (content as { paths?: unknown } | undefined)?.paths;
  if (!Array.isArray(paths)) return undefined;
  return paths.flatMap((entry: Record<string, unknown>) => {
    const uri = entry?.["file"] ?? entry?.["folder"] ?? entry?.["pattern"];
    return typeof uri === "string" ? [uri] : [];
  });
}

async function write(document: DataDocument, resolver: Resolver) {
  const type = document.type ?? "uri_folder";
  const written = document.path;
  const dataUri =
    written.kind === "local"
      ? await locationUri(written, "asset", resolver, document.datastore)
      : await locationUri(written, type, resolver);
  const uris = type === "mltable" && written.kind === "local" ? referencedUris(written.path) : undefined;
  const chosen = document.version ?? (await resolver.nextVersion("data", document.name));
  return assetWrite("data", document.name, chosen, {
    properties: present({
      description: document.description,
      tags: document.tags ?? {},
      properties: {},
      isAnonymous: false,
      isArchived: false,
      dataType: type,
      dataUri,
      referencedUris: uris,
    }),
  });
}

export const dataKind = defineKind({
  name: "data asset",
  order: 60,
  schemas: ["data"],
  types: ["uri_file", "uri_folder", "mltable"],
  advice: "AzureMLRegisterData registers data, and so does AzureMLApply.",
  shape,
  apiVersion: API_VERSIONS.data,
  collection: "data",
  asset: { mayChange: MAY_CHANGE },
  write,
});
