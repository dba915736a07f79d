// File containers: where an agent puts the files of a build's artifacts. A build's container has the build's own id here.

export interface Artifact {
  readonly id: number;
  readonly name: string;
  /** `container`, `filepath`, `versioncontrol`, `gitref`, `tfvclabel`, or another type that a client associates. */
  readonly type: string;
  /** `#/<container>/<folder>` for type container. */
  readonly data: string;
  readonly source: string;
}

/** All containers of the organization: files by path, with `/` between folders. */
export class Containers {
  private readonly byId = new Map<number, Map<string, Buffer>>();

  files(container: number): Map<string, Buffer> {
    let files = this.byId.get(container);
    if (files === undefined) {
      files = new Map();
      this.byId.set(container, files);
    }
    return files;
  }

  /** Files at or below `folder`, by their path in the container. */
  below(container: number, folder: string): [string, Buffer][] {
    const root = folder.replace(/^\/+|\/+$/g, "");
    return [...this.files(container)].filter(([path]) => root === "" || path === root || path.startsWith(`${root}/`));
  }

  /** Writes a file, or the piece of one that starts at `from`. */
  write(container: number, path: string, piece: Buffer, from = 0): void {
    const clean = path.replaceAll("\\", "/").replace(/^\/+/, "");
    const before = from === 0 ? Buffer.alloc(0) : (this.files(container).get(clean) ?? Buffer.alloc(0));
    this.files(container).set(clean, Buffer.concat([before.subarray(0, from), piece]));
  }

  /** Files of an artifact of type container, by their path below its folder. */
  filesOf(artifact: Artifact): Map<string, Buffer> {
    const [, container = "", folder = ""] = /^#\/(\d+)\/(.*)$/.exec(artifact.data) ?? [];
    if (artifact.type.toLowerCase() !== "container" || container === "") return new Map();
    return new Map(
      this.below(Number(container), folder).map(([path, content]) => [
        path.slice(folder.length).replace(/^\//, ""),
        content,
      ]),
    );
  }
}
