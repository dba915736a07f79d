// Addresses of whoever publishes the extension: parameters of packaging, by option or from a file of NAME=value lines. None has a default.
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

export interface Addresses {
  /** Name of the publisher on the Marketplace. */
  readonly publisher?: string | undefined;
  /** https address of the source. On GitHub its issues and its private reports of vulnerabilities follow from it. */
  readonly repository?: string | undefined;
  /** https address of the documentation site that `npm run docs` builds. */
  readonly documentation?: string | undefined;
  /** https address where questions and faults go. */
  readonly issues?: string | undefined;
  /** Where a weakness is reported in private: an https address, or one for mail. */
  readonly security?: string | undefined;
}

type Name = keyof Addresses;

/** The use of each, in the words in which a public package is refused. */
const MEANING: Readonly<Record<Name, string>> = {
  publisher: "the publisher's name on the Marketplace",
  repository: "https address of the source",
  documentation: "https address at which the site that `npm run docs` makes is served",
  issues: "https address where people ask and report faults; follows from a repository on GitHub",
  security: "where a weakness is reported in private, https or a mail address; follows from a repository on GitHub",
};
const NAMES = Object.keys(MEANING) as Name[];

/** Options of the command line that hold addresses. */
export const ADDRESS_OPTIONS = Object.fromEntries(NAMES.map((name) => [name, { type: "string" as const }]));

/**
 * @param given by option; they go before those of the file
 * @param file lines such as `EXTENSION_PUBLISHER=contoso`
 * @throws Error where a value is no address of its kind, or the file has a name that is not known
 */
export function readAddresses(given: Addresses, file?: string): Addresses {
  const found: Partial<Record<Name, string>> = {};
  const lines = file === undefined ? {} : parseEnv(readFileSync(file, "utf8"));
  for (const [key, value] of Object.entries(lines)) {
    const name = NAMES.find((one) => keyOf(one) === key);
    if (name === undefined) throw new Error(`${file}: there is no ${key}; there are ${NAMES.map(keyOf).join(", ")}.`);
    if (value !== undefined && value !== "") found[name] = value;
  }
  for (const name of NAMES) {
    const value = given[name];
    if (value !== undefined && value !== "") found[name] = value;
  }
  const { publisher, security } = found;
  if (publisher !== undefined && !/^[a-z0-9][a-z0-9-]*$/i.test(publisher))
    throw new Error(`The publisher ${publisher} is no name of letters, digits and hyphens.`);
  const repository = web("repository", found.repository)?.replace(/\.git$/, "");
  const onGitHub = repository !== undefined && new URL(repository).hostname === "github.com";
  return {
    publisher,
    repository,
    documentation: web("documentation", found.documentation),
    issues: web("issues", found.issues) ?? (onGitHub ? `${repository}/issues` : undefined),
    security:
      (isMail(security) ? security : web("security", security)) ??
      (onGitHub ? `${repository}/security/advisories/new` : undefined),
  };
}

/** @throws Error that names everything that a public package still needs */
export function refuseIncomplete(addresses: Addresses): asserts addresses is Required<Addresses> {
  const missing = NAMES.filter((name) => addresses[name] === undefined);
  if (missing.length === 0) return;
  throw new Error(
    `A public package needs addresses that are not given:\n${missing.map((name) => `  --${name}  ${MEANING[name]}`).join("\n")}\n` +
      `Give them as options, or as ${missing.map(keyOf).join(", ")} in the file that --addresses names. ` +
      "A package for one organization needs none: leave --variant out.",
  );
}

/** The links of the listing, as far as there are addresses to link to. */
export function linksOf({ repository, documentation, issues }: Addresses): Record<string, unknown> {
  const link = (uri: string | undefined) => (uri === undefined ? undefined : { uri });
  const page = (name: string) => (documentation === undefined ? undefined : `${documentation}/${name}`);
  const links = Object.entries({
    getstarted: link(page("docs/install")),
    learn: link(documentation),
    support: link(page("SUPPORT") ?? issues),
    issues: link(issues),
    repository: link(repository),
    license: link(page("LICENSE")),
    privacypolicy: link(page("docs/privacy")),
  }).filter(([, one]) => one !== undefined);
  return {
    ...(links.length === 0 ? {} : { links: Object.fromEntries(links) }),
    ...(repository === undefined ? {} : { repository: { type: "git", uri: repository } }),
    ...badgesOf(repository),
  };
}

/** The badge of the workflow that releases; only GitHub's, whose address follows from the repository's. */
function badgesOf(repository: string | undefined): Record<string, unknown> {
  if (repository === undefined || new URL(repository).hostname !== "github.com") return {};
  const href = `${repository}/actions/workflows/release.yml`;
  // The Marketplace shows badges of some hosts alone (docs/facts/extension.md#1.1).
  const uri = `https://img.shields.io/github/actions/workflow/status${new URL(repository).pathname}/release.yml`;
  return { badges: [{ href, uri, description: "Release" }] };
}

const keyOf = (name: Name) => `EXTENSION_${name.toUpperCase()}`;
const isMail = (text: string | undefined): text is string => /^[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+$/.test(text ?? "");

/** An address without a user's name, a token, a query and a slash at its end. @throws Error where it is none */
function web(name: Name, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !text.startsWith("https://"))
    // An address may hold a password, and a log keeps what it is told.
    throw new Error(`The ${name} ${text.replace(/\/\/[^/]*@/, "//")} is no address that begins with https://.`);
  const url = new URL(text);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
