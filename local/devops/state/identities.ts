// Identities of the local organization: people, and the build service that runs jobs.
import { createHash } from "node:crypto";

/** A person or service, as Azure DevOps names it. */
export interface Identity {
  readonly id: string;
  readonly displayName: string;
  readonly uniqueName: string;
}

/** A guid that is always the same for the same words, so that links in a demo stay the same from run to run. */
export function guidOf(words: string): string {
  const hex = createHash("sha256").update(words).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The person behind a display name or mail address. */
export function personOf(name: string): Identity {
  const uniqueName = name.includes("@") ? name : `${name.toLowerCase().replace(/[^a-z0-9]+/g, ".")}@contoso.example`;
  return { id: guidOf(`identity ${uniqueName}`), displayName: name, uniqueName };
}
