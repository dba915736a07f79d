// Reads the Python packages that a Dockerfile installs with pip and conda. Nothing else of it is executed.
import path from "node:path";
import { condaPackages, type Requirements, RequirementsError, readConda, readPip } from "./requirements.ts";

/** Gives a file of the build context as text; undefined where there is none. @param name relative, with slashes */
export type ContextFile = (name: string) => Promise<string | undefined>;

/** Options of pip that have their value in the next word. */
const valued = /^(?:-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host|--no-binary|--only-binary)$/;

/**
 * Reads `RUN pip install …`, `RUN conda install …` and `RUN conda env update --file …`, with the files of the context that they name.
 * @returns undefined where it has none of these
 * @throws RequirementsError for what cannot be installed, and files that are not there
 */
export async function readDockerfile(text: string, context: ContextFile): Promise<Requirements | undefined> {
  const reader = new DockerfileReader(context);
  for (const { word, rest } of instructionsOf(text)) {
    if (word === "FROM") reader.from(rest);
    else if (word === "COPY" || word === "ADD") reader.copy(rest);
    else if (word === "RUN") for (const command of commandsOf(rest)) await reader.command(command);
  }
  return reader.result();
}

class DockerfileReader {
  readonly #context: ContextFile;
  readonly #copies: { readonly sources: readonly string[]; readonly target: string }[] = [];
  readonly #lines: string[] = [];
  readonly #left: string[] = [];
  #python: string[] = [];
  #installs = false;

  constructor(context: ContextFile) {
    this.#context = context;
  }

  result(): Requirements | undefined {
    return this.#installs ? { python: this.#python, lines: this.#lines, left: [...new Set(this.#left)] } : undefined;
  }

  /** Python's own images are named by its release. */
  from(rest: string): void {
    const release = /(?:^|\/)python:(3\.\d+)/.exec(rest)?.[1];
    this.#python = release === undefined ? [] : [`==${release}.*`];
  }

  copy(rest: string): void {
    const words = wordsOf(rest).filter((word) => !word.startsWith("--"));
    const target = words.pop();
    if (target !== undefined) this.#copies.push({ sources: words, target });
  }

  async command(words: readonly string[]): Promise<void> {
    const { tool, rest } = toolOf(words);
    if (tool === "pip") await this.#pip(rest);
    else if (tool === "conda install")
      this.#add(condaPackages(rest.filter((word, index) => !ofConda(word, rest[index - 1]))));
    else if (tool === "conda env") await this.#condaFile(rest);
    else if (words[0] !== undefined) this.#left.push(words[0]);
  }

  #add({ python, lines }: Requirements): void {
    this.#installs = true;
    if (python.length > 0) this.#python = [...python];
    this.#lines.push(...lines);
  }

  async #pip(words: readonly string[]): Promise<void> {
    const entries: string[] = [];
    for (let index = 0; index < words.length; index++) {
      const word = words[index] ?? "";
      const file = /^(?:-r|--requirement)(?:=(.+))?$/.exec(word);
      if (file) entries.push(...(await this.#requirementsFile(file[1] ?? words[++index] ?? "")));
      else if (valued.test(word)) entries.push(`${word} ${words[++index] ?? ""}`);
      else if (/^--[\w-]+=/.test(word) || word === "--pre") entries.push(word);
      else if (!word.startsWith("-") && !/^(?:pip|uv)(?:[=<>~!]|$)/.test(word)) entries.push(word);
    }
    this.#add({
      python: [],
      lines: readPip(entries.filter((entry) => !/^--(?:timeout|retries|progress-bar)=/.test(entry))),
    });
  }

  async #requirementsFile(name: string): Promise<string[]> {
    const text = (await this.#read(name)).replaceAll(/\\\r?\n/g, " ");
    const entries: string[] = [];
    for (const line of text.split(/\r?\n/)) {
      const other = /^\s*(?:-r|--requirement)[ =]\s*(\S+)/.exec(line)?.[1];
      if (other === undefined) entries.push(line);
      else entries.push(...(await this.#requirementsFile(path.posix.join(path.posix.dirname(name), other))));
    }
    return entries;
  }

  async #condaFile(words: readonly string[]): Promise<void> {
    const at = words.findIndex((word) => /^(?:-f|--file)(?:=|$)/.test(word));
    const name = at < 0 ? "environment.yml" : (words[at]?.split("=")[1] ?? words[at + 1] ?? "");
    this.#add(readConda(await this.#read(name)));
  }

  /** A file as the image would have it: under the name that it was copied to, or in a folder that was copied. */
  async #read(name: string): Promise<string> {
    const { basename, join, relative } = path.posix;
    const places = this.#copies.flatMap(({ sources, target }) =>
      sources.flatMap((source) => {
        const below = relative(target, name);
        // Where WORKDIR leads is not followed: then the file's name alone has to do.
        const alone = basename(source) === basename(name) || basename(target) === basename(name) ? [source] : [];
        return [...(below.startsWith("..") ? [] : [join(source, below)]), ...alone, join(source, basename(name))];
      }),
    );
    const inside = name.replace(/^(?:\.?\/)+/, "");
    for (const place of [...places, inside]) {
      const text = await this.#context(path.posix.normalize(place));
      if (text !== undefined) return text;
    }
    throw new RequirementsError([`'${name}' of the Dockerfile is not in the build context`]);
  }
}

/** Channels and switches of `conda install`. */
function ofConda(word: string, before: string | undefined): boolean {
  return word.startsWith("-") || /^(?:-c|--channel|-n|--name|-p|--prefix)$/.test(before ?? "");
}

/** Which of the tools that are read a command calls, and with which words. */
function toolOf(words: readonly string[]): { tool?: "pip" | "conda install" | "conda env"; rest: readonly string[] } {
  const line = words.join("\n");
  const pip = /^(?:\S*\/)?(?:pip[\d.]*|python[\d.]*\n-m\npip|uv\npip)\n(?:-\S+\n)*install(?:\n|$)/.exec(line);
  const install = /^(?:\S*\/)?(?:conda|mamba|micromamba)\ninstall(?:\n|$)/.exec(line);
  const env = /^(?:\S*\/)?(?:conda|mamba)\nenv\n(?:create|update)(?:\n|$)/.exec(line);
  const found = pip ?? install ?? env;
  if (found === null) return { rest: [] };
  const rest = line.slice(found[0].length).split("\n");
  return { tool: pip ? "pip" : install ? "conda install" : "conda env", rest: rest.filter((word) => word !== "") };
}

function instructionsOf(text: string): { word: string; rest: string }[] {
  const whole = text
    .split(/\r?\n/)
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\[ \t]*\n/g, " ");
  return whole.split("\n").flatMap((line) => {
    const [, word = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    return word === "" ? [] : [{ word: word.toUpperCase(), rest: rest.trim() }];
  });
}

/** The commands of a RUN, in words: `["pip", "install", "x"]`, or a line of a shell with && and ; between them. */
function commandsOf(rest: string): string[][] {
  const line = rest.replace(/^(?:--\S+\s+)+/, "");
  if (line.startsWith("[")) {
    try {
      return [(JSON.parse(line) as unknown[]).map(String)];
    } catch {
      return [];
    }
  }
  const commands: string[][] = [[]];
  for (const word of wordsOf(line)) {
    if (/^(?:&&|\|\||;)$/.test(word)) commands.push([]);
    else commands.at(-1)?.push(word);
  }
  return commands.filter((command) => command.length > 0);
}

/** The words of a shell's line, and what stands between its commands; quotes hold together what is between them. */
function wordsOf(line: string): string[] {
  const words = line.matchAll(/&&|\|\||;|(?:[^\s"';&|]|&(?!&)|\|(?!\|)|"[^"]*"|'[^']*')+/g);
  return [...words].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
