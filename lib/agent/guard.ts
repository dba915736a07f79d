// The guard of stdout and stderr: output that lib/agent did not write itself is printed line by line, with markers broken.
// Libraries' loggers, Node's own warnings and debug lines may hold text of others.
import { StringDecoder } from "node:string_decoder";
import { escapeCommands } from "./escape-commands.ts";

/** A line that is longer is broken here: each part is harmless, and nothing is kept without end. In characters. */
const LONGEST_LINE = 64 * 1024;

/** Writes around the guard, for what lib/agent writes itself: commands, and text that is harmless already. */
export const own = { write: process.stdout.write.bind(process.stdout) as (text: string | Uint8Array) => boolean };

const ends: (() => void)[] = [];

/** From here on stdout and stderr are guarded. */
export function guardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) guard(stream);
  // Node would print these without either stream.
  if (process.listenerCount("warning") > 0) {
    process.removeAllListeners("warning");
    process.on("warning", ({ name, message }) => void process.stderr.write(`(node) ${name}: ${message}\n`));
  }
  process.once("exit", endLines);
}

/** Unfinished lines are flushed as they are. */
export function endLines(): void {
  for (const end of ends) end();
}

/**
 * Node's own debug lines, which NODE_DEBUG asks for before anything of ours runs: whole requests with their tokens. Each is
 * one write, `HTTP 123: ...`.
 */
const NODES_OWN = new RegExp(`^[A-Z][A-Z0-9_]* ${process.pid}: `);

type Write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => boolean;

function guard(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as Write;
  const decoder = new StringDecoder("utf8");
  let open = "";
  ends.push(() => {
    open += decoder.end();
    if (open !== "") write(`${escapeCommands(open)}\n`);
    open = "";
  });
  stream.write = ((chunk, encoding, done) => {
    const callback = typeof encoding === "function" ? encoding : done;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encodingOf(encoding)) : Buffer.from(chunk);
    const text = decoder.write(bytes);
    if (NODES_OWN.test(text)) return write("", "utf8", callback);
    const end = text.lastIndexOf("\n");
    let whole = "";
    if (end >= 0) {
      whole = `${open}${text.slice(0, end)}\n`;
      open = text.slice(end + 1);
    } else open += text;
    if (open.length > LONGEST_LINE) {
      whole += `${open}\n`;
      open = "";
    }
    return write(escapeCommands(whole), "utf8", callback);
  }) as Write as typeof stream.write;
}

const encodingOf = (encoding: unknown): BufferEncoding =>
  typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
