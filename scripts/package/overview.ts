// The Marketplace's page: its links to pages of this repository become links to the documentation site, or plain words where there is none.
import { posix } from "node:path";
import type { Addresses } from "./addresses.ts";

/** Where the addresses stand that packaging was given. */
const MARK = "<!-- addresses -->";

/** The address of a page of the repository on the site: without `.md`, a task's README at the task's folder. */
export const pageOf = (path: string): string => posix.normalize(path).replace(/(\/README)?\.md(?=#|$)/, "");

/** @throws Error where the mark of the addresses is missing */
export function overviewFor(text: string, { documentation, repository, issues, security }: Addresses): string {
  if (!text.includes(MARK)) throw new Error(`overview.md has no mark ${MARK}.`);
  const lines = [
    documentation === undefined ? "" : `- Documentation: ${documentation}`,
    repository === undefined ? "" : `- Source: ${repository}`,
    issues === undefined ? "" : `- Questions and faults: ${issues}`,
    security === undefined ? "" : `- A weakness, in private: ${security}`,
  ].filter((line) => line !== "");
  return text
    .replace(/(?<!!)\[([^\]]*)\]\((?!https:)([^)\s]+)\)/g, (_, words: string, target: string) =>
      documentation === undefined ? words : `[${words}](${documentation}/${pageOf(target)})`,
    )
    .replace(MARK, lines.join("\n"));
}
