// Provides the Python of a job or a deployment: this machine's, or a virtual environment of what its environment asks for.
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AzureWorld } from "../world/world.ts";
import { BuildError, makeEnvironment, Programs } from "./build.ts";
import { CachePlace, contentHash, type VirtualEnvironment } from "./cache.ts";
import type { Definition } from "./definition.ts";
import { type Interpreter, interpreterFor } from "./interpreter.ts";
import { packagesOf, type Requirements, RequirementsError, withoutSecrets } from "./requirements.ts";

/** An environment that is there, or on its way. */
export interface Image {
  readonly python: Interpreter;
  /** A file that grows while the environment is made: what is installed, or why it cannot be. */
  readonly log: string;
  /** @throws ImageError */
  readonly done: Promise<VirtualEnvironment>;
  /** Names the place of the cache: the same content has the same id. */
  readonly id: string;
  /** For the beginning of a log: which Python, which of the packages asked for in which version. */
  describe(made: VirtualEnvironment): string[];
}

/** Why there is no environment; each reason names what it is about and has no full stop. */
export class ImageError extends Error {
  readonly reasons: readonly string[];
  /** Names the build in paths of logs. */
  readonly id: string;
  /** The whole log. */
  readonly text: string;
  constructor(reasons: readonly string[], id: string, text: string) {
    super(`${reasons.join("; ")}.`);
    this.reasons = reasons;
    this.id = id;
    this.text = text;
  }
}

interface Build {
  readonly log: string;
  readonly done: Promise<VirtualEnvironment>;
}

/** The environments of one cloud. Those that ask for the same at the same time get the same one. */
class Provisioner {
  readonly #cache: string;
  readonly #builds = new Map<string, Build>();
  readonly #programs = new Programs();
  #logs: Promise<string> | undefined;
  #count = 0;

  constructor(world: AzureWorld, cache: string) {
    this.#cache = cache;
    world.onClose(async () => {
      this.#programs.end();
      await Promise.allSettled([...this.#builds.values()].map(({ done }) => done));
      if (this.#logs !== undefined) await rm(await this.#logs, { recursive: true, force: true });
    });
  }

  async image(definition: Definition, ask: () => Promise<Requirements | undefined>): Promise<Image | undefined> {
    const log = await this.#newLog();
    const asked = await this.#asked(ask, log);
    if (asked === undefined) return undefined;
    const { python: clauses, lines, left = [] } = asked;
    const python = await interpreterFor(clauses);
    if (python === undefined)
      throw await refused(["This machine has no python3, which virtual environments are made with"], "none", log);
    const id = contentHash(python, lines);
    let build = this.#builds.get(id);
    if (build === undefined) {
      build = { log, done: this.#make(id, python, lines, definition.title, log) };
      this.#builds.set(id, build);
      // A build that failed is tried again by whoever asks next: the feed may have been away.
      build.done.catch(() => this.#builds.delete(id));
    }
    const wanted = clauses.length > 0 && !python.isAsAsked;
    const describe = (made: VirtualEnvironment) => [
      `environment ${definition.title} is a virtual environment of Python ${python.version}${versionsOf(lines, made)}; ${definition.base} is not used.`,
      ...(wanted
        ? [`it asks for Python ${clauses.join(",")}, and this machine has ${python.version}, which is used.`]
        : []),
      ...(left.length > 0 ? [`what its Dockerfile runs besides is not run: ${left.join(", ")}.`] : []),
    ];
    return { python, id, log: build.log, done: build.done, describe };
  }

  async #asked(ask: () => Promise<Requirements | undefined>, log: string): Promise<Requirements | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RequirementsError)) throw error;
      throw await refused(error.faults, "none", log);
    }
  }

  async #make(
    id: string,
    python: Interpreter,
    lines: readonly string[],
    title: string,
    log: string,
  ): Promise<VirtualEnvironment> {
    const place = new CachePlace(this.#cache, id);
    const say = (...text: string[]) => appendFile(log, text.map((line) => `[local Azure] ${line}\n`).join(""));
    await say(
      `No image is built of ${title}: a virtual environment of ${python.path} (Python ${python.version}) holds`,
    );
    await appendFile(log, lines.map((line) => `  ${withoutSecrets(line)}\n`).join(""));
    const known = await place.find();
    if (known !== undefined) await say(`It was made before: ${known.folder}`);
    try {
      const made = known ?? (await place.fill((folder) => makeEnvironment(python, lines, folder, log, this.#programs)));
      await say("Installed:");
      await appendFile(log, [...made.installed].map(([name, version]) => `  ${name}==${version}\n`).join(""));
      return made;
    } catch (error) {
      const reasons = error instanceof BuildError ? error.reasons : [(error as Error).message];
      throw await refused(reasons.map(withoutSecrets), id, log);
    }
  }

  async #newLog(): Promise<string> {
    this.#logs ??= mkdtemp(path.join(tmpdir(), "image-logs-"));
    this.#count += 1;
    const log = path.join(await this.#logs, `${this.#count}.txt`);
    await writeFile(log, "");
    return log;
  }
}

async function refused(reasons: readonly string[], id: string, log: string): Promise<ImageError> {
  await appendFile(log, reasons.map((reason) => `[local Azure] ERROR: ${reason}.\n`).join(""));
  return new ImageError(reasons, id, await readFile(log, "utf8"));
}

/** ` with scikit-learn 1.5.2, mlflow 2.22.5`: what was asked for, in the versions that came of it. */
function versionsOf(lines: readonly string[], { installed }: VirtualEnvironment): string {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, "-");
  const versions = new Map([...installed].map(([name, version]) => [plain(name), version]));
  const named = packagesOf(lines).map((name) => `${name} ${versions.get(plain(name)) ?? ""}`.trim());
  return named.length === 0 ? "" : ` with ${named.join(", ")}`;
}

/**
 * The virtual environment that a definition stands for.
 * @returns undefined where this machine's Python is to be used: no environments are made, or nothing says what is in this one
 * @throws ImageError for what pip cannot install; also `done` of the answer
 */
export async function imageOf(world: AzureWorld, definition: Definition): Promise<Image | undefined> {
  const { provisioning } = world;
  const { requirements } = definition;
  if (provisioning.kind === "machine" || requirements === undefined) return undefined;
  const provisioner = world.part("environments", () => new Provisioner(world, provisioning.cache));
  return provisioner.image(definition, requirements);
}
