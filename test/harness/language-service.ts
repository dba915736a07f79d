// azure-pipelines-language-service, as an editor runs it, with a schema of our choice.
import { createRequire } from "node:module";
import { getLanguageService } from "azure-pipelines-language-service";
import type { Schema } from "../../scripts/schema/tasks.ts";

const require = createRequire(import.meta.url);
const { parse } = require("azure-pipelines-language-service/lib/parser/yamlParser");
const { TextDocument } = require("vscode-languageserver-types");

/** `line:column sentence` for each fault of a file; empty where an editor underlines nothing. */
export type Editor = (text: string) => Promise<string[]>;

export function editor(schema: Schema): Editor {
  // The service changes the schema that it is given.
  const own = structuredClone(schema);
  const service = getLanguageService(
    async () => own as never,
    [],
    async () => "inmemory://schema",
    { resolveRelativePath: (relative) => relative },
  );
  service.configure({ validate: true, schemas: [] });
  return (text) =>
    quietly(async () => {
      const document = TextDocument.create("inmemory://pipeline.yml", "yaml", 1, text);
      const found = await service.doValidation(document, parse(text, []));
      return found.map(({ range, message }) => `${range.start.line + 1}:${range.start.character + 1} ${message}`);
    });
}

/** The service tells the console about each of its steps. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
