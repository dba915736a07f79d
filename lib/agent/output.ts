// Everything that is written to the pipeline: lines, issues, commands. Text of others cannot become a command here.
// Tests: test/bundle/hostile-log.test.ts
import "./task-lib-settings.ts";
import tl from "azure-pipelines-task-lib/task.js";
import type { SourceLocation } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Result } from "./agent.ts";
import { escapeCommands, escapedLines } from "./escape-commands.ts";
import { endLines, own } from "./guard.ts";

// Commands of lib/agent are written around the guard of stdout.
tl.setStdStream(own);

/** Prints text line by line. task-lib's own filter goes over it as well: what it learns to block, we block. */
function printText(text: string): void {
  tl.writeExternalOutput(`${escapeCommands(text)}\n`, { source: "remote" });
}

/** Prints a styled line of ours, such as `##[group]title`; only what stands after the style may come from others. */
function printStyled(style: "group" | "endgroup" | "section" | "error" | "warning", text = ""): void {
  own.write(`##[${style}]${escapedLines(text).join(" ")}\n`);
}

/** An issue of the pipeline run. `where` makes it `file(line,column): error code: ...`; without a place the agent shows no code. */
export function logIssue(type: "error" | "warning", message: string, where?: SourceLocation, code?: string): void {
  tl.command(
    "task.logissue",
    // Without a line the agent would write file(0,0) before a sentence that names the file already.
    where?.line === undefined
      ? { type }
      : { type, sourcepath: where.file, linenumber: where.line, columnnumber: where.column, code },
    escapeCommands(message),
  );
}

export function complete(result: Result, message = ""): void {
  // Not tl.setResult: it spells Canceled in a way that the agent cannot read, and reports the message as an issue again.
  tl.command("task.complete", { result }, escapeCommands(message));
}

export const pipelineLog: Log = {
  info: printText,
  remote: printText,
  drained: () => flushed(),
  debug: (line) => tl.debugExternalOutput(escapeCommands(line), { source: "remote" }),
  warn: (line) => logIssue("warning", line),
  async group(title, work) {
    printStyled("group", title);
    try {
      return await work();
    } finally {
      printStyled("endgroup");
    }
  },
};

/** Resolves when everything printed so far has left the process. */
export const flushed = (): Promise<void> => {
  endLines();
  return new Promise((resolve) => process.stdout.write("", () => process.stderr.write("", () => resolve())));
};
