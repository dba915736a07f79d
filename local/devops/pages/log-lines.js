// Lines of a log as the page shows them: their kinds, groups that are folded, and which of them are shown. It touches no document.

/** Colours of a terminal, and other control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** What the agent writes in front of each line of a log that it keeps. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z /;
/** Characters of a line that are shown. */
const LONGEST = 4_000;

export class LogLines {
  /** Each line: kind, text, and for the head of a group the number of lines in it. */
  lines = [];
  /** Indexes of heads of groups whose lines are not shown. */
  folded = new Set();
  #open = [];

  /** Adds lines. New groups are folded, as Azure DevOps folds them. */
  append(texts) {
    for (const raw of texts) {
      const whole = raw.replace(TIME, "").replace(CONTROLS, "");
      const cut = whole.length > LONGEST ? `${whole.slice(0, LONGEST)} … (${whole.length} characters)` : whole;
      const [, kind = "", rest = cut] =
        /^##\[(group|endgroup|error|warning|section|command|debug)\](.*)$/s.exec(cut) ?? [];
      const index = this.lines.length;
      if (kind === "endgroup" && this.#open.length > 0) {
        const head = this.#open.pop();
        this.lines[head].inside = index - head - 1;
        this.lines.push({ kind: "endgroup", text: "", head });
        continue;
      }
      this.lines.push({ kind: kind === "endgroup" ? "" : kind, text: rest, head: this.#open.at(-1) });
      if (kind === "group") {
        this.#open.push(index);
        this.folded.add(index);
      }
    }
  }

  /** A group that was never ended is no group: its lines are shown. */
  finish() {
    for (const head of this.#open) this.folded.delete(head);
    this.#open = [];
  }

  toggle(index) {
    if (!this.folded.delete(index)) this.folded.add(index);
  }

  /** Opens the groups around a line. */
  reveal(index) {
    for (let head = this.lines[index]?.head; head !== undefined; head = this.lines[head].head) this.folded.delete(head);
  }

  /** Indexes of the lines that are shown, in order. */
  visible() {
    const shown = [];
    /** Whether the lines of a group are hidden, by its head. */
    const hidden = new Map();
    for (const [index, { kind, head }] of this.lines.entries()) {
      const isHidden = head !== undefined && hidden.get(head) === true;
      if (kind === "group") hidden.set(index, isHidden || this.folded.has(index));
      if (!isHidden && kind !== "endgroup") shown.push(index);
    }
    return shown;
  }

  /** The next line that has the text, after `from`, from the start again after the last; -1 where none has. */
  find(text, from) {
    const wanted = text.toLowerCase();
    for (let turn = 1; turn <= this.lines.length; turn += 1) {
      const index = (from + turn) % this.lines.length;
      if (this.lines[index].kind !== "endgroup" && this.lines[index].text.toLowerCase().includes(wanted)) return index;
    }
    return -1;
  }
}
