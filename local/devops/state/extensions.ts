// Installed extensions: their pages, by what their manifests contribute, and the files that a browser may have of them.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Build } from "./builds.ts";

interface Manifest {
  readonly publisher: string;
  readonly id: string;
  readonly version: string;
  readonly scopes?: readonly string[];
  readonly contributions?: readonly {
    readonly id: string;
    readonly type: string;
    readonly targets?: readonly string[];
    readonly properties?: Readonly<Record<string, unknown>>;
  }[];
  readonly files?: readonly { readonly path: string; readonly addressable?: boolean; readonly packagePath?: string }[];
}

/** A page that is framed beside a run. */
export interface ResultsTab {
  /** `publisher.extension.contribution`. */
  readonly id: string;
  readonly publisher: string;
  readonly extension: string;
  readonly version: string;
  readonly name: string;
  /** Below the extension's own address. */
  readonly uri: string;
  readonly scopes: readonly string[];
}

const TAB = "ms.vss-build-web.build-results-tab";
const TARGET = "ms.vss-build-web.build-results-view";

export class Extensions {
  private readonly installed = new Map<string, { manifest: Manifest; root: string }>();

  /** @param root the folder that the manifest's paths begin at */
  install(manifest: Manifest, root: string): void {
    this.installed.set(`${manifest.publisher}/${manifest.id}/${manifest.version}`, { manifest, root });
  }

  /**
   * Tabs of a run: of extensions whose tasks are in it. `supportsTasks` counts only together with `dynamic` in runs of YAML
   * pipelines (docs/facts/extension.md#7.1); a tab without it is shown for every run.
   */
  tabsOf(build: Build): ResultsTab[] {
    const tasks = new Set([...build.plan.records.values()].flatMap(({ task }) => task?.id.toLowerCase() ?? []));
    return [...this.installed.values()].flatMap(({ manifest }) =>
      (manifest.contributions ?? []).flatMap(({ id, type, targets = [], properties = {} }): ResultsTab[] => {
        if (type !== TAB || !targets.includes(TARGET)) return [];
        const { name, uri, supportsTasks, dynamic } = properties;
        const supported = Array.isArray(supportsTasks) ? supportsTasks.map((one) => String(one).toLowerCase()) : [];
        if (supported.length > 0 && !(dynamic === true && supported.some((one) => tasks.has(one)))) return [];
        const { publisher, id: extension, version, scopes = [] } = manifest;
        const full = `${publisher}.${extension}.${id}`;
        return [{ id: full, publisher, extension, version, name: String(name), uri: String(uri), scopes }];
      }),
    );
  }

  /** A file that the manifest calls addressable; undefined for any other, and for what is not there. */
  file(publisher: string, extension: string, version: string, name: string): Buffer | undefined {
    const found = this.installed.get(`${publisher}/${extension}/${version}`);
    const wanted = path.posix.normalize(name);
    const isShared = (found?.manifest.files ?? []).some(
      (file) => file.addressable === true && (wanted === file.path || wanted.startsWith(`${file.path}/`)),
    );
    if (found === undefined || !isShared) return undefined;
    const file = path.join(found.root, wanted);
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
  }
}
