// A job's own layer over a shared environment: what the job installs itself is its own, and is gone with it, as in a container.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { VirtualEnvironment } from "./cache.ts";
import type { Interpreter } from "./interpreter.ts";

/** A layer: a virtual environment of its own that also sees everything of the shared one. */
export interface Layer {
  /** Its Python. */
  readonly python: string;
  /** Folders of programs, to be put first in PATH in this order. */
  readonly path: readonly string[];
}

/** Makes a layer in `folder`, which does not exist yet. A matter of a few files; no program is run. */
export async function makeLayer(folder: string, shared: VirtualEnvironment, python: Interpreter): Promise<Layer> {
  const [major, minor] = python.version.split(".");
  const packages = path.join("lib", `python${major}.${minor}`, "site-packages");
  const bin = path.join(folder, "bin");
  await Promise.all([bin, path.join(folder, packages)].map((one) => mkdir(one, { recursive: true })));
  const own = path.join(bin, "python");
  const quoted = JSON.stringify(path.join(shared.folder, packages));
  await Promise.all([
    // These three names and this file are what makes a virtual environment (docs.python.org, venv).
    ...["python", "python3", `python${major}.${minor}`].map((name) => symlink(python.path, path.join(bin, name))),
    writeFile(
      path.join(folder, "pyvenv.cfg"),
      `home = ${path.dirname(python.path)}\ninclude-system-site-packages = false\nversion = ${python.version}\n`,
    ),
    // A folder that is only named in a .pth file would not have its own .pth files read.
    writeFile(path.join(folder, packages, "environment.pth"), `import site; site.addsitedir(${quoted})\n`),
    // pip's own script would install into the environment that it belongs to, which is the shared one.
    ...["pip", "pip3"].map((name) =>
      writeFile(path.join(bin, name), `#!/bin/sh\nexec '${own.replaceAll("'", "'\\''")}' -m pip "$@"\n`, {
        mode: 0o755,
      }),
    ),
  ]);
  return { python: own, path: [bin, shared.bin] };
}
