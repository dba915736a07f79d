// Neutralises what Azure DevOps and GitHub turn into a notification or a link by themselves: @mentions, #numbers, bare addresses.
// Tests: test/lib/evidence/defuse.test.ts

/** A space without width: it shows nothing, and ends a mention or an address. */
const NOTHING = "\u200b";

/**
 * Links and code of the markdown's own, which stay as they are. A bracket or backtick after a backslash is text of others, escaped
 * (lib/record/markdown.ts).
 */
const OWN = /(?<!\\)\]\(https:\/\/[^\s()<>"|]+\)|(?<!\\)`[^`\n]*`/g;

/** Markdown whose text of others is escaped already, without mentions, references to work items or pull requests, and addresses that became links. */
export function defuse(markdown: string): string {
  let clean = "";
  let from = 0;
  for (const { 0: own, index } of markdown.matchAll(OWN)) {
    clean += plain(markdown.slice(from, index)) + (own.startsWith("`") ? mentionless(own) : own);
    from = index + own.length;
  }
  return clean + plain(markdown.slice(from));
}

const plain = (text: string): string =>
  text
    .replace(/@/g, `@${NOTHING}`)
    .replace(/([#!])(?=\d)/g, `$1${NOTHING}`)
    .replace(/\b(GH-)(?=\d)/gi, `$1${NOTHING}`)
    .replace(/:\/\//g, `:${NOTHING}//`)
    .replace(/\b(www)\./gi, `$1${NOTHING}.`);

/** Azure DevOps writes a mention as `@<id>`; whether it looks for one in code too is not known. */
const mentionless = (code: string): string => code.replace(/@</g, `@${NOTHING}<`);
