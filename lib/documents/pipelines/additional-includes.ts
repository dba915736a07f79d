// `additional_includes`: files from elsewhere that are uploaded together with a component's code (docs/facts/azureml-documents.md#3.4).
// Tests: test/lib/documents/pipelines/components.test.ts
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { copyUploadFile, listUploadFiles } from "../language/hash.ts";
import { list } from "../language/object.ts";
import { type Code, readLocalPath } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { described, NOTHING_BELOW, type Reading, type Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import type { UploadRoot } from "../language/upload-folders.ts";

/** The folder's name under which Azure's client uploads code with what it includes. */
const MERGED = "code_with_additional_includes";

export interface Include {
  readonly written: string;
  /** Absolute. */
  readonly path: string;
}

const include: Shape<Include> = {
  expects: "a local file or folder",
  below: NOTHING_BELOW,
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string")
      return at.fault(node, `${at.name} is ${described(node)}; a local file or folder is needed.`);
    const folder = path.resolve(at.folder, node.text.replace(/\.zip$/, ""));
    if (node.text.endsWith(".zip") && !existsSync(path.resolve(at.folder, node.text)) && existsSync(folder))
      return at.fault(
        node,
        `${at.name} asks for the folder ${node.text.replace(/\.zip$/, "")} as a zip file, which is not made here.`,
        {
          hint: "Zip the folder in a step before this one, or include the folder itself.",
        },
      );
    const absolute = readLocalPath(node, at);
    return absolute === undefined ? undefined : { written: node.text, path: absolute };
  },
  write: (value) => value.written,
};
export const additionalIncludes = list(include);

/** Reports what an include would put in the place of another file: Azure's client refuses that, too. */
export function checkIncludes(value: WithIncludes, node: MapNode, at: Reading): void {
  const places = node.entries.get("additional_includes");
  const own = value.code?.kind === "local" && statSync(value.code.path).isDirectory() ? value.code.path : undefined;
  const before = new Map<string, string>();
  for (const [index, one] of (value.additional_includes ?? []).entries()) {
    const name = path.basename(one.path);
    const place = (places?.kind === "list" ? places.items[index] : undefined) ?? node;
    const below = at.step("additional_includes").step(index);
    const hint = "Rename one of them, or leave the include out.";
    if (own !== undefined && existsSync(path.join(own, name)))
      below.fault(place, `${below.name} is ${JSON.stringify(one.written)}, and the code has its own ${name} already.`, {
        hint,
      });
    else if (before.has(name) && !(isFolder(before.get(name) ?? "") && isFolder(one.path)))
      below.fault(
        place,
        `${below.name} is ${JSON.stringify(one.written)}, and another include is called ${name} too.`,
        { hint },
      );
    before.set(name, one.path);
  }
}

const isFolder = (file: string) => statSync(file).isDirectory();

export interface WithIncludes {
  readonly code?: Code;
  readonly additional_includes?: readonly Include[];
}

/** `code` of a component that includes more than its own folder; nothing for any other. */
export async function includedCode(component: WithIncludes, resolver: Resolver): Promise<{ code?: string }> {
  const includes = component.additional_includes ?? [];
  if (includes.length === 0) return {};
  const scratch = mkdtempSync(path.join(os.tmpdir(), "code-"));
  try {
    const merged = path.join(scratch, MERGED);
    mkdirSync(merged);
    if (component.code?.kind === "local") copyInto(merged, component.code.path, resolver.root);
    for (const one of includes) copyBeside(merged, one.path, resolver.root);
    return { code: `azureml:${await resolver.code(merged, true)}` };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The content of a folder, or a file. */
function copyInto(merged: string, source: string, root: UploadRoot | undefined): void {
  copyUpload(source, root, (relative) => path.join(merged, relative));
}

/** A folder or a file under its own name. */
function copyBeside(merged: string, source: string, root: UploadRoot | undefined): void {
  const name = path.basename(source);
  const isFolder = statSync(source).isDirectory();
  if (isFolder) mkdirSync(path.join(merged, name), { recursive: true });
  copyUpload(source, root, (relative) => (isFolder ? path.join(merged, name, relative) : path.join(merged, name)));
}

/** Copies what an upload of `source` would bring: by the same walk, without what its own ignore file leaves out. */
function copyUpload(source: string, root: UploadRoot | undefined, place: (relative: string) => string): void {
  for (const file of listUploadFiles(source, { root })) {
    const target = place(file.relative);
    mkdirSync(path.dirname(target), { recursive: true });
    // The last one counts where several have one name.
    rmSync(target, { force: true, recursive: true });
    copyUploadFile(file, target);
  }
}
