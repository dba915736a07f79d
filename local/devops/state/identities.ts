// Identities of the local organization: people, and the build service that runs jobs.
import { guidOf } from "../../text/guid.ts";

/** A person or service, as Azure DevOps names it. */
export interface Identity {
  readonly id: string;
  readonly displayName: string;
  readonly uniqueName: string;
}

/** The person behind a display name or mail address. */
export function personOf(name: string): Identity {
  const uniqueName = name.includes("@") ? name : `${name.toLowerCase().replace(/[^a-z0-9]+/g, ".")}@contoso.example`;
  return { id: guidOf(`identity ${uniqueName}`), displayName: name, uniqueName };
}
