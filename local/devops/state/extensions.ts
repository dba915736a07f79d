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

/** A page of an extension that is framed by a page of the organization. */
export interface ExtensionPage {
  /** `publisher.extension.contribution`. */
  readonly id: string;
  readonly publisher: string;
  readonly extension: string;
  readonly version: string;
  readonly name: string;
  /** Below the extension's own address. */
  readonly uri: string;
  readonly scopes: readonly string[];
  /** Of a widget: the id of its configuration's page. */
  readonly configuration?: string;
}

/** Type and target of each kind of page (docs/facts/extension.md#7.1). */
const KINDS = {
  tab: { type: "ms.vss-build-web.build-results-tab", target: "ms.vss-build-web.build-results-view" },
  hub: { type: "ms.vss-web.hub", target: "ms.vss-build-web.build-release-hub-group" },
  widget: { type: "ms.vss-dashboards-web.widget", target: "ms.vss-dashboards-web.widget-catalog" },
  configuration: {
    type: "ms.vss-dashboards-web.widget-configuration",
    target: "ms.vss-dashboards-web.widget-configuration",
  },
} as const;
export type PageKind = keyof typeof KINDS;

/** A task.json, as far as the organization reads it itself. */
export interface TaskManifest {
  readonly name: string;
  readonly friendlyName: string;
  readonly [key: string]: unknown;
}

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
  tabsOf(build: Build): ExtensionPage[] {
    const tasks = new Set([...build.plan.records.values()].flatMap(({ task }) => task?.id.toLowerCase() ?? []));
    return this.pages("tab", ({ supportsTasks, dynamic }) => {
      const supported = Array.isArray(supportsTasks) ? supportsTasks.map((one) => String(one).toLowerCase()) : [];
      return supported.length === 0 || (dynamic === true && supported.some((one) => tasks.has(one)));
    });
  }

  /** Pages of one kind, of all extensions. */
  pages(
    kind: PageKind,
    isShown: (properties: Readonly<Record<string, unknown>>) => boolean = () => true,
  ): ExtensionPage[] {
    return [...this.installed.values()].flatMap(({ manifest }) => {
      const { publisher, id: extension, version, scopes = [], contributions = [] } = manifest;
      const full = (id: string) => `${publisher}.${extension}.${id}`;
      return contributions.flatMap(({ id, type, targets = [], properties = {} }): ExtensionPage[] => {
        if (type !== KINDS[kind].type || !targets.includes(KINDS[kind].target) || !isShown(properties)) return [];
        // A leading dot names a contribution of the same extension.
        const own = targets.find((target) => target.startsWith("."));
        return [
          {
            ...{ id: full(id), publisher, extension, version, scopes },
            ...{ name: String(properties["name"]), uri: String(properties["uri"]) },
            ...(own === undefined ? {} : { configuration: full(own.slice(1)) }),
          },
        ];
      });
    });
  }

  /** Properties of all contributions of a type. */
  contributed(type: string): Readonly<Record<string, unknown>>[] {
    return [...this.installed.values()].flatMap(({ manifest: { contributions = [] } }) =>
      contributions.filter((one) => one.type === type).map(({ properties = {} }) => properties),
    );
  }

  /** Tasks of all extensions, with their icons. */
  tasks(): { readonly task: TaskManifest; readonly icon: Buffer | undefined }[] {
    return [...this.installed.values()].flatMap(({ manifest: { contributions = [] }, root }) =>
      contributions
        .filter(({ type }) => type === "ms.vss-distributed-task.task")
        .map(({ properties = {} }) => {
          const folder = path.join(root, String(properties["name"]));
          const icon = path.join(folder, "icon.png");
          return {
            task: JSON.parse(readFileSync(path.join(folder, "task.json"), "utf8")) as TaskManifest,
            icon: existsSync(icon) ? readFileSync(icon) : undefined,
          };
        }),
    );
  }

  /** A page of any kind, by its id. */
  page(id: string): ExtensionPage | undefined {
    return (Object.keys(KINDS) as PageKind[]).flatMap((kind) => this.pages(kind)).find((one) => one.id === id);
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
