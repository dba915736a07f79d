// Plugin of esbuild that cuts the largest packages down to what this repository, the packages above them and they themselves name.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { type Plugin, transformSync } from "esbuild";
import { namesIn } from "./named-units.ts";
import { type Cut, withoutUnnamed } from "./unnamed.ts";

/** Packages that call each other, cut together. */
export interface Group {
  /** Folders below node_modules. */
  readonly folders: readonly string[];
  /** Files of the folders that no bundle holds, or that cannot be cut. */
  readonly except?: RegExp;
  /** Files whose exports are looked up by their names in text. */
  readonly tables?: RegExp;
  /** Folders below node_modules of packages that call what they are given. */
  readonly callers: readonly string[];
}

export const GROUPS: readonly Group[] = [
  {
    folders: [
      "@azure/storage-blob/dist/esm",
      "@azure/storage-common/dist/esm",
      "@azure/identity/dist/esm",
      "@azure/msal-node/dist",
      "@azure/msal-node/node_modules/@azure/msal-common/dist",
      ..."auth client http-compat lro paging rest-pipeline tracing util xml"
        .split(" ")
        .map((name) => `@azure/core-${name}/dist/esm`),
      "@azure/logger/dist/esm",
      "@typespec/ts-http-runtime/dist/esm",
    ],
    tables: /storage-blob[\\/].*[\\/]models[\\/]mappers\.js$/,
    callers: ["@azure/arm-machinelearning/dist-esm/src"],
  },
  {
    folders: ["azure-pipelines-task-lib"],
    except: /task-lib[\\/](?:node_modules|mock[\w-]*|lib-mocker|lib-resource|toolrunner)\b/,
    callers: [],
  },
  { folders: ["yaml/browser/dist"], callers: [] },
  { folders: ["json-p3/dist"], except: /(?:iife|cjs)/, callers: [] },
  { folders: ["hyparquet/src"], callers: [] },
];

/** Cuts a group's files, which are by their absolute paths. @returns also the names by which others ask for them */
export function cutGroup(root: string, group: Group): Cut & { readonly callers: ReadonlySet<string> } {
  const modules = resolve(root, "node_modules");
  const files = group.folders.flatMap((folder) => scriptsBelow(join(modules, folder)));
  const above = group.callers.flatMap((folder) => scriptsBelow(join(modules, folder)));
  const texts = above.map((file) => readFileSync(file, "utf8"));
  const callers = new Set([...namedHere(root), ...texts.flatMap((text) => [...namesIn(text)])]);
  const own = files
    .filter((file) => !group.except?.test(file))
    .map((file) => [file, readFileSync(file, "utf8")] as const);
  return { ...withoutUnnamed(new Map(own), callers, group.tables), callers };
}

/**
 * Names in any file of lib/ and tasks/. A file that imports no package is asked too: it calls methods of what another one made, and
 * no text tells the type of that.
 */
function namedHere(root: string): ReadonlySet<string> {
  let names = named.get(root);
  if (names === undefined) {
    names = new Set(ownFiles(root).flatMap((file) => [...namesIn(plain(readFileSync(file, "utf8")))]));
    named.set(root, names);
  }
  return names;
}

const plain = (text: string): string => transformSync(text, { loader: "ts" }).code;

/** Everything that is bundled of this repository, as it is written. */
export const ownFiles = (root: string): string[] =>
  ["lib", "tasks"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(root, folder, file)),
  );

const scriptsBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.m?js$/.test(file) && !/-(?:browser|react-native)\.m?js$/.test(file))
    .map((file) => join(folder, file));

/** By root: every group asks the same files. */
const named = new Map<string, ReadonlySet<string>>();
/** By root: the packages are the same for every task. */
const cut = new Map<string, ReadonlyMap<string, string>>();

export const onlyNamed = (root: string): Plugin => ({
  name: "only-named",
  setup(builder) {
    let texts = cut.get(root);
    if (texts === undefined) {
      texts = new Map(GROUPS.flatMap((group) => [...cutGroup(root, group).texts]));
      cut.set(root, texts);
    }
    const known = texts;
    // The same code as modules, of which what nobody uses is left out; it has no need of Node.
    builder.onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, "node_modules/yaml/browser/dist/index.js"),
      sideEffects: false,
    }));
    builder.onLoad({ filter: /[\\/]node_modules[\\/].*\.m?js$/ }, ({ path }) => {
      const contents = known.get(path.replaceAll("/", sep));
      return contents === undefined ? undefined : { contents, loader: "js" };
    });
  },
});
