// JSON patch that links a work item to a run and to what the run made, and says on it what became live: relations and sentences that it has
// already are left out, and a changed revision refuses it whole (docs/facts/evidence.md#D.5). Pure.
// Tests: test/lib/evidence/links/linked.test.ts
import type { Provenance } from "../../provenance.ts";
import { cut } from "../../remote-text.ts";
import type { Linked, Sentence } from "./linked.ts";

export interface Operation {
  readonly op: "add" | "test";
  readonly path: string;
  readonly value: unknown;
}

/** A work item as it was read; unknown parts are absent. */
export interface ReadItem {
  readonly id: number;
  readonly rev: number;
  readonly relations?: readonly { readonly url?: string }[];
  /** Texts of its comments, as HTML. */
  readonly comments: readonly string[];
}

export interface Relation {
  readonly rel: "ArtifactLink" | "Hyperlink";
  readonly url: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The field that becomes a comment. */
export const HISTORY = "/fields/System.History";
/** Characters of a sentence on a work item. */
const LONGEST_SENTENCE = 1_500;

/** The document for one work item; undefined where it has everything. */
export function patchOf(item: ReadItem, linked: Linked, provenance: Provenance): Operation[] | undefined {
  const has = new Set((item.relations ?? []).map(({ url }) => url?.toLowerCase()));
  const missing = relationsOf(linked, provenance).filter(({ url }) => !has.has(url.toLowerCase()));
  const news = linked.sentences.filter((one) => !item.comments.some((text) => says(text, one, provenance)));
  if (missing.length === 0 && news.length === 0) return undefined;
  return [
    { op: "test", path: "/rev", value: item.rev },
    ...missing.map((value) => ({ op: "add" as const, path: "/relations/-", value })),
    ...(news.length === 0
      ? []
      : [
          {
            op: "add" as const,
            path: "/fields/System.History",
            value: news.map((one) => html(one, provenance)).join(""),
          },
        ]),
  ];
}

/** The run, its commit and pull request, and the pages. */
export function relationsOf(linked: Pick<Linked, "pages">, provenance: Provenance, build = "Build"): Relation[] {
  const { projectId, repositoryId, commit, pullRequestId, runId, kind } = provenance;
  const inRepository = (what: string, id: string, name: string): Relation[] =>
    projectId && repositoryId && id
      ? [artifact(`vstfs:///Git/${what}/${projectId}%2F${repositoryId}%2F${encodeURIComponent(id)}`, name)]
      : [];
  return [
    ...(kind === "build" && runId !== "" ? [artifact(`vstfs:///Build/Build/${runId}`, build)] : []),
    ...inRepository("Commit", commit, "Fixed in Commit"),
    ...inRepository("PullRequestId", pullRequestId ?? "", "Pull Request"),
    ...linked.pages.map(({ url, comment }) => ({ rel: "Hyperlink" as const, url, attributes: { comment } })),
  ];
}

const artifact = (url: string, name: string): Relation => ({ rel: "ArtifactLink", url, attributes: { name } });

/** Text of others as HTML: nothing in it is markup. */
export const escapeHtml = (text: string): string =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    // A mention would notify people.
    .replace(/@/g, "&#64;\u200b");

/** A link to the run, as HTML. */
export const runLink = ({ runUri, definition, runNumber }: Provenance): string =>
  runUri.startsWith("https://")
    ? `<a href="${escapeHtml(runUri).replaceAll("&#64;\u200b", "%40")}">build ${escapeHtml(`${definition} ${runNumber}`)}</a>`
    : `build ${escapeHtml(`${definition} ${runNumber}`)}`;

const html = ({ start, rest }: Sentence, provenance: Provenance): string =>
  `<p>${escapeHtml(cut(`${start} ${rest}`, LONGEST_SENTENCE))}, ${runLink(provenance)}.</p>`;

/** Whether a comment says that sentence for this run: the time in it may differ. */
const says = (text: string, { start }: Sentence, { runId }: Provenance): boolean =>
  text.includes(escapeHtml(start)) && new RegExp(`buildId=${runId}(?!\\d)`).test(text);
