// The markdown of a run's summary as HTML: headings, tables, bold, code and links, which is all that lib/record writes.

const escapeHtml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function inline(text: string): string {
  return (
    escapeHtml(text)
      .replace(/`([^`]+)`/g, "<code>$1</code>")
      .replace(/\*\*([^*]+)\*\*/g, "<b>$1</b>")
      .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="#">$1</a>')
      .replace(/\\([[\]|])/g, "$1")
      // Not every machine has a font for these two.
      .replaceAll("✅", '<b style="color: #1a7f37">✔</b>')
      .replaceAll("❌", '<b style="color: #cf222e">✘</b>')
  );
}

/** Blocks are parted by empty lines; a block whose lines begin with `|` is a table. */
export function htmlOf(markdown: string): string {
  return markdown
    .trim()
    .split(/\n{2,}/)
    .map((block) => {
      const heading = /^(#+) (.*)$/.exec(block);
      if (heading) return `<h${heading[1]!.length}>${inline(heading[2]!)}</h${heading[1]!.length}>`;
      return block.startsWith("|") ? table(block) : `<p>${inline(block)}</p>`;
    })
    .join("\n");
}

function table(block: string): string {
  const rows = block.split("\n").map((line) =>
    line
      .replace(/^\||\|$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
  const [head = [], , ...body] = rows;
  const row = (cells: string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join("")}</tr>`;
  return `<table>${head.some((cell) => cell !== "") ? row(head, "th") : ""}${body.map((cells) => row(cells, "td")).join("")}</table>`;
}
