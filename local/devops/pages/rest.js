// REST calls of a page of local Azure DevOps: with the token of the person in front of it, and below its own organization alone.

/** The values that the server wrote into the page. */
export const page = JSON.parse(document.getElementById("page").textContent);

/** A token for the framed page, with the scopes of its extension; or, without a contribution, for this page itself. */
export async function accessToken(contribution = page.tab.id) {
  const response = await fetch("/_local/access-token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ contribution }),
  });
  if (!response.ok) throw new Error(`The host gives no token (status ${response.status}).`);
  return response.json();
}

let own;

async function ask(path, { accept = "application/json;api-version=7.1-preview", ...options } = {}) {
  own ??= accessToken("");
  const { token } = await own;
  return fetch(`${page.collection}${page.project.id}/_apis/${path}`, {
    ...options,
    headers: { Authorization: `Bearer ${token}`, Accept: accept, ...options.headers },
  });
}

/** @param path below the project's `_apis/`. @throws Error with the status */
export async function get(path) {
  const response = await ask(path);
  if (!response.ok) throw new Error(`Azure DevOps answered ${response.status} to GET ${path}.`);
  return response.json();
}

/** The same as text. */
export async function getText(path) {
  const response = await ask(path, { accept: "text/plain" });
  if (!response.ok) throw new Error(`Azure DevOps answered ${response.status} to GET ${path}.`);
  return response.text();
}

/** @returns status and JSON, also of a refusal */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const response = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  return { ok: response.ok, status: response.status, body: await response.json() };
}

/** A list as a whole. */
export const list = async (path) => (await get(path)).value;
