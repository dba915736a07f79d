// Requests to Azure DevOps' REST API with the token of the person who looks at the page: to the organization's own address, and nowhere else.

/** A project, and how Azure DevOps is asked about it. */
export interface ProjectAccess {
  /** Address of the organization or collection, with a slash at the end, as the host's location service says it. */
  readonly collection: string;
  /** Id or name. */
  readonly project: string;
  readonly token: () => Promise<string>;
}

export interface Question {
  /** As sentences name it: `the timeline of the run`. */
  readonly what: string;
  /** With its api-version. */
  readonly accept: string;
  /** Sentence for whoever is refused. */
  readonly refused: string;
  /** Sentence for what is not there. */
  readonly gone?: string;
  /** Sent by POST; absent: GET. */
  readonly body?: unknown;
}

export const jsonOf = (version: string): string => `application/json;api-version=${version}`;

/**
 * @param path below the project's `_apis/`, its parts encoded
 * @throws Error with a sentence for the reader where Azure DevOps refuses or cannot be reached
 */
export async function ask(access: ProjectAccess, path: string, question: Question): Promise<Response> {
  const { collection, project, token } = access;
  const { what, accept, refused, gone, body } = question;
  const address = new URL(`${encodeURIComponent(project)}/_apis/${path}`, collection);
  // The token goes nowhere else, whatever a name holds.
  if (address.origin !== new URL(collection).origin)
    throw new Error(`The address of ${what} is not Azure DevOps' own.`);
  let response: Response;
  try {
    response = await fetch(address, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: {
        Accept: accept,
        Authorization: `Bearer ${await token()}`,
        "X-TFS-FedAuthRedirect": "Suppress",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
  } catch {
    throw new Error(
      `Azure DevOps cannot be reached to read ${what}. Reload the page; if it stays, ask who runs your network.`,
    );
  }
  if (response.ok) return response;
  const { status } = response;
  const missing =
    status === 401 || status === 403
      ? refused
      : status === 404 && gone !== undefined
        ? gone
        : "Reload the page in a minute.";
  throw new Error(`Azure DevOps does not give ${what} (status ${status}). ${missing}`);
}

/** The parsed body. @throws Error as `ask`, and where it is no JSON */
export async function askJson(access: ProjectAccess, path: string, question: Question): Promise<unknown> {
  const response = await ask(access, path, question);
  try {
    return await response.json();
  } catch {
    throw new Error(`Azure DevOps was asked for ${question.what}, and answered with something else.`);
  }
}

/** Entries of a collection, with its envelope or without. */
export function entriesOf(found: unknown): readonly unknown[] {
  if (Array.isArray(found)) return found;
  const { value } = (found ?? {}) as { value?: unknown };
  return Array.isArray(value) ? value : [];
}
