// Templates: what `${{ }}`, `template:` and `extends:` of a pipeline become before it is read. Its public face.
import type { YAMLMap } from "yaml";
import type { Parameter, ParameterValue, WebhookResource } from "../language/document.ts";
import type { SourceReader } from "../language/reader.ts";
import { type Payload, webhookParameters } from "../triggers/webhooks.ts";
import { type TemplateFiles, Templates } from "./include.ts";
import { bindParameters, readParameters } from "./parameters.ts";
import { TemplateScope } from "./scope.ts";

export { filesOfCommit, filesOnDisk } from "./files.ts";
export type { TemplateFiles } from "./include.ts";

export interface ExpandOptions {
  /** Those that the run gives. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly webhooks: readonly WebhookResource[];
  readonly payloads: Readonly<Record<string, Payload>>;
  readonly files: TemplateFiles;
  readonly predefined: Readonly<Record<string, string>>;
}

/** The pipeline as one mapping without templates and expressions; every node still knows its file, line and column. */
export function expandPipeline(
  reader: SourceReader,
  contents: YAMLMap,
  options: ExpandOptions,
): { readonly root: YAMLMap; readonly parameters: readonly Parameter[] } {
  const templates = new Templates(reader, options.files);
  const { nodes } = templates.expander;
  const declared = readParameters(reader, nodes, contents.get("parameters", true), "pipeline");
  for (const { alias, place } of options.webhooks) {
    if (declared.some(({ name }) => name.toLowerCase() === alias.toLowerCase()))
      reader.fault(place, `'${alias}' is a webhook and a parameter at once.`);
  }
  const top = reader.place(contents);
  const given = Object.entries(options.parameters).map(([name, value]) => ({
    name,
    place: top,
    node: nodes.nodeOf(value, top),
  }));
  const bound = bindParameters(reader, nodes, declared, given, {
    unknown: (name) => `The run was given a parameter '${name}', which the pipeline does not have`,
  });
  const scope = new TemplateScope({
    file: reader.file,
    depth: 0,
    parameters: { ...bound, ...webhookParameters(options.webhooks, options.payloads) },
    variables: { ...options.predefined },
    locals: {},
  });
  const root = nodes.mapping(templates.root(contents, scope), top);
  return { root, parameters: declared.map(({ defaultNode: _defaultNode, ...parameter }) => parameter) };
}
