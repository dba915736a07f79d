// Marker of our comment: a hidden first line that says which pipeline's it is, and of which run.
// Tests: test/lib/evidence/pull-request/azure-repos.test.ts

/** Property of a thread that names what it reports (docs/facts/evidence.md#D.2). */
export const THREAD_PROPERTY = "AzureML.Report";

/** The pipeline's thread, and the name that it goes by. @param definitionId pipelines of several folders may share a name */
export const keyOf = (definitionId: number, name: string): string => `${definitionId}/${name}`;

/** An HTML comment. Text of others in a page has no such thing: `<` is escaped, and a page begins with its own heading. */
export const marked = (key: string, runId: number, markdown: string): string =>
  `<!-- azureml:${hidden(key)} run:${runId} -->\n${markdown}`;

const hidden = (key: string): string => encodeURIComponent(key).replaceAll("-", "%2D");

/** The run that a comment of this key is of; undefined where it is no such comment. */
export function runOfComment(content: string | undefined, key: string): number | undefined {
  const [, found, run] =
    /^<!-- azureml:([^\s<>]{1,2000}) run:(\d{1,12}) -->/.exec(content?.slice(0, 3_000) ?? "") ?? [];
  return found === hidden(key) ? Number(run) : undefined;
}
