// Dead links of a built site: every link and picture of each page leads to a file of the site, and to an element of it.
// Tests: test/scripts/docs.test.ts
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** @param base path under which the site is served, with slashes around it */
export function deadLinks(folder: string, base: string): { readonly links: number; readonly dead: string[] } {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".html"));
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), "utf8")]));
  const ids = new Map<string, ReadonlySet<string>>();
  const idsOf = (page: string) => {
    const known =
      ids.get(page) ?? new Set([...(texts.get(page) ?? "").matchAll(/\sid="([^"]+)"/g)].map(([, id = ""]) => id));
    ids.set(page, known);
    return known;
  };
  let links = 0;
  const dead: string[] = [];
  for (const [page, text] of texts) {
    const targets = new Set([...text.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, target = ""]) => target));
    for (const target of targets) {
      if (/^[a-z][\w+.-]*:/i.test(target) || target.startsWith("//")) continue;
      links++;
      const [path = "", id = ""] = target
        .replaceAll("&amp;", "&")
        .replace(/\?[^#]*/, "")
        .split("#");
      const file = fileOf(folder, decodeURI(path === "" ? page : fromBase(path, page, base)));
      if (file === undefined) dead.push(`${page}: ${target} leads nowhere`);
      else if (id !== "" && file.endsWith(".html") && !idsOf(file).has(decodeURIComponent(id)))
        dead.push(`${page}: ${target} is on a page that has no such place`);
    }
  }
  return { links, dead };
}

function fromBase(path: string, page: string, base: string): string {
  if (!path.startsWith("/")) return posix.join(posix.dirname(page), path);
  return path.startsWith(base) ? path.slice(base.length) : `outside of ${base}`;
}

/** The file that a server of plain files with clean addresses answers with. */
function fileOf(folder: string, path: string): string | undefined {
  const names = [path, `${path}.html`, posix.join(path, "index.html")];
  return names.find((name) => /\.\w+$/.test(name) && existsSync(join(folder, name)));
}
