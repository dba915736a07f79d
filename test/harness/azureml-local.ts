// azureml-local as npm packs it, for tests that use it as somebody does who has no clone of this repository.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "./packages.ts";

/** Packs the package into the folder. @returns the tarball's path */
export async function packAzuremlLocal(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { stdout } = await promisify(execFile)(
    "npm",
    ["pack", "--workspace", "local", "--pack-destination", folder, "--json"],
    { cwd: root },
  );
  // What the package's own scripts print stands before it.
  const [{ filename }] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [{ filename: string }];
  return path.join(folder, filename);
}

/**
 * Unpacks a tarball below `folder`, with links to the packages that it declares and to no others: what it does not declare
 * it does not find. Nothing is asked of a registry.
 * @returns the path of the program
 */
export function unpackAzuremlLocal(tarball: string, folder: string): string {
  const modules = path.join(folder, "node_modules");
  const home = path.join(modules, "azureml-local");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", home]);
  const { dependencies, bin } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
    bin: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = path.join(modules, name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(root, "node_modules", name), link);
  }
  return path.join(home, bin["azureml-local"]!);
}
