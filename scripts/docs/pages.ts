// The pages of the documentation site: the repository's own, with their links as the site has them, and more on the page of each task.
// Tests: test/scripts/docs.test.ts
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, posix } from "node:path";
import { buildTasks } from "../build.ts";
import { readErrorCodes } from "../generate/error-codes.ts";
import { readTasks, runsOnAgent, type TaskFolder } from "../generate/task-json.ts";
import type { Addresses } from "../package/addresses.ts";
import { pictureOf } from "./pictures.ts";

export interface Page {
  /** In the repository. */
  readonly file: string;
  /** On the site, without its ending. */
  readonly path: string;
  readonly title: string;
  readonly text: string;
}

/** Where a file's page is: a README stands for its folder. */
const pathOf = (file: string): string =>
  file === "README.md" ? "index" : file.replace(/\/README\.md$/, "").replace(/\.md$/, "");

/** The pages of the repository that users read. */
function filesOf(root: string): string[] {
  const below = ["docs", "tasks", "examples", "relay", "local"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
      .filter((name) => name.endsWith(".md") && !/(^|\/)(node_modules|dist|data)\//.test(name)),
  );
  const top = ["README.md", "SECURITY.md", "SUPPORT.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"];
  return [...top, "changes/README.md", ...below].sort();
}

/**
 * Writes the pages, their pictures and `sidebar.json`.
 * @param folder is emptied first
 * @throws Error where a page links to what the repository does not have
 */
export async function writePages(root: string, folder: string, addresses: Addresses): Promise<Page[]> {
  await buildTasks(root);
  const tasks = readTasks(root);
  const files = filesOf(root);
  const sources = new Set<string>();
  const pages = files.map((file): Page => {
    const raw = readFileSync(join(root, file), "utf8");
    const task = tasks.find((one) => file === `tasks/${one.folder}/README.md`);
    const text = task === undefined ? raw : taskPage(root, raw, task);
    const linked = relinked(root, file, file === "LICENSE" ? `# License\n\n${text}` : text, files, sources);
    return {
      file,
      path: pathOf(file),
      title: /^# (.+)$/m.exec(linked)?.[1] ?? file,
      text: published(linked, addresses),
    };
  });
  const more = [...sources].sort().map((file) => sourcePage(root, file));
  rmSync(folder, { recursive: true, force: true });
  for (const { path, text } of [...pages, ...more]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, `${path}.md`), text);
  }
  cpSync(join(root, "images"), join(folder, "public", "images"), { recursive: true });
  for (const { folder: name } of tasks)
    cpSync(join(root, "tasks", name, "icon.png"), join(folder, "public", "images", "tasks", `${name}.png`));
  writeFileSync(join(folder, "sidebar.json"), JSON.stringify(sidebarOf(pages)));
  return [...pages, ...more];
}

/** The README of a task with its picture, and the codes of the errors that its bundle holds. */
function taskPage(root: string, text: string, { folder, json }: TaskFolder): string {
  const { image, alt } = pictureOf(folder);
  const codes = readErrorCodes(root);
  const dist = join(root, "tasks", folder, "dist");
  const bundle = runsOnAgent(json)
    ? readdirSync(dist)
        .filter((name) => name.endsWith(".js"))
        .map((name) => readFileSync(join(dist, name), "utf8"))
        .join("\n")
    : "";
  const raised = Object.entries(codes).filter(([code]) => bundle.includes(`"${code}"`));
  const rows = raised.map(
    ([code, { title, section }]) =>
      `| [\`${code}\`](../../docs/troubleshooting.md#${code.toLowerCase()}) | ${title} | ${section} |`,
  );
  const errors =
    rows.length === 0
      ? []
      : ["", "## Error codes", "", "| Code | What it means | Section |", "| --- | --- | --- |", ...rows, ""];
  const heading = `# ${json.friendlyName} <img src="/images/tasks/${folder}.png" alt="" width="32" height="32" class="icon">`;
  return `${text.replace(/^# .*$/m, heading).trimEnd()}\n\n![${alt}](../../${image})\n${errors.join("\n")}`;
}

/** Without dots, which servers of plain files take for an ending. */
const sourcePath = (file: string) => `source/${file.replace(/(^|\/)\./g, "$1").replaceAll(".", "-")}`;

/** A file of the repository that a page links to, as a page that shows it. */
function sourcePage(root: string, file: string): Page {
  const language = { ".ts": "ts", ".yml": "yaml", ".json": "json", ".py": "python" }[extname(file)] ?? "text";
  const content = readFileSync(join(root, file), "utf8").trimEnd();
  const text = `# ${file}\n\n\`\`\`\`${language}\n${content}\n\`\`\`\`\n`;
  return { file, path: sourcePath(file), title: file, text };
}

/** The text with each link as the site has it; code stays as it is. */
export function relinked(
  root: string,
  file: string,
  text: string,
  pages: readonly string[],
  sources: Set<string>,
): string {
  const parts = text.split(/(^ *(?:```|~~~)[\s\S]*?^ *(?:```|~~~)$|`[^`\n]+`)/m);
  const link = (target: string): string => {
    if (/^[a-z][\w+.-]*:|^#/i.test(target)) return target;
    const [path = "", anchor] = target.split("#");
    const found = posix.join(posix.dirname(file), decodeURI(path)).replace(/\/$/, "");
    const hash = anchor === undefined ? "" : `#${anchor}`;
    const page = [found, posix.join(found, "README.md")].find((one) => pages.includes(one));
    if (page !== undefined) return `/${pathOf(page).replace(/^index$/, "")}${hash}`;
    if (found.startsWith("images/")) return `/${found}`;
    if (!existsSync(join(root, found))) throw new Error(`${file}: there is no ${target}.`);
    if (statSync(join(root, found)).isDirectory()) return "";
    sources.add(found);
    return `/${sourcePath(found)}`;
  };
  return parts
    .map((part, at) =>
      at % 2 === 1
        ? part
        : // Placeholders such as <name> are words, no elements.
          part
            .replace(/<(?!a (?:id|name)=|\/a>|img |!--|br\b|https?:)/g, "&lt;")
            .replace(
              /\]\(<?([^)\s>]+)>?((?: "[^"]*")?)\)/g,
              (_, target: string, title: string) => `](${link(target)}${title})`,
            ),
    )
    .join("")
    .replace(/\[([^\]]*)\]\(\)/g, "$1");
}

/** The name of the extension, under the publisher that is given. */
const published = (text: string, { publisher }: Addresses): string =>
  publisher === undefined ? text : text.replaceAll("train-judge-release.ml-pipelines", `${publisher}.ml-pipelines`);

interface SidebarGroup {
  readonly text: string;
  readonly collapsed?: boolean;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** Pages of docs/ in the order in which somebody new needs them; those that are not named follow. */
const ORDER = [
  "install",
  "first-run",
  "usage",
  "faq",
  "connections",
  "troubleshooting",
  "migration",
  "waiting",
  "triggers",
  "approval",
];

function sidebarOf(pages: readonly Page[]): SidebarGroup[] {
  const item = ({ path, title }: Page) => ({
    text: title.replace(/<[^>]*>|^Azure ML: /g, "").trim(),
    link: `/${path}`,
  });
  const within = (folder: string) => pages.filter(({ file }) => file.startsWith(folder));
  const place = ({ path }: Page) => (ORDER.indexOf(basename(path)) + ORDER.length + 1) % (ORDER.length + 1);
  const docs = within("docs/").filter(({ file }) => !file.startsWith("docs/facts/"));
  return [
    { text: "Documentation", items: [...docs].sort((one, other) => place(one) - place(other)).map(item) },
    { text: "Tasks", items: within("tasks/").map(item) },
    { text: "Examples and more", items: [...within("examples/"), ...within("relay/"), ...within("local/")].map(item) },
    {
      text: "Project",
      items: pages.filter(({ file }) => /^[A-Z]+(\.md)?$/.test(file) && file !== "README.md").map(item),
    },
    { text: "Facts", collapsed: true, items: within("docs/facts/").map(item) },
  ];
}
