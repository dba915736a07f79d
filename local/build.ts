// `npm run build -w local`: compiles the package to dist, with the files beside the sources that it reads when it runs.
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const root = import.meta.dirname;
const dist = path.join(root, "dist");
const rooms = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !["dist", "node_modules"].includes(entry.name))
  .map(({ name }) => name);

rmSync(dist, { recursive: true, force: true });
const compiler = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
execFileSync(process.execPath, [compiler, "--project", root], { stdio: "inherit" });
// Python that jobs and endpoints run, and the folders of the tasks that the local pipeline has of its own.
for (const room of rooms)
  cpSync(path.join(root, room), path.join(dist, room), {
    recursive: true,
    filter: (file) => !/\.ts$|__pycache__/.test(file),
  });
