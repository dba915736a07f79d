// The table of REST resources: each has a location id, by which official clients discover its route (OPTIONS _apis/<area>).
// Location ids are those that azure-devops-node-api 17 asks for. Route templates follow the published REST reference,
// which does not show the templates themselves: not verified against live Azure DevOps.

import type { Caller } from "../state/tokens.ts";
import type { DevOpsWorld } from "../world.ts";
import type { Answer } from "./answers.ts";

/** One request, read. */
export interface Call {
  readonly world: DevOpsWorld;
  readonly caller: Caller;
  /** Route values by the template's names, decoded; a part that was left out is absent. */
  readonly route: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body; undefined where there is none. */
  readonly body: unknown;
  readonly bytes: Buffer;
  /** A request header, by its name in lower case. */
  header(name: string): string | undefined;
}

type Handler = (call: Call) => Answer | Promise<Answer>;
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Resource {
  readonly area: string;
  readonly id: string;
  readonly name: string;
  /** Below the collection, e.g. `{project}/_apis/{area}/{resource}/{buildId}`. */
  readonly template: string;
  readonly version: number;
  /** No version of it was released: whoever names a version has to say `-preview`. */
  readonly isPreview?: true;
  readonly handlers: Partial<Record<Method, Handler>>;
}

/** Makes resources of one area. @param root stands before each template */
export function resourcesOf(area: string, root = "") {
  return (id: string, name: string, template: string, version: number, handlers: Resource["handlers"]): Resource => ({
    ...{ area, id, name, version, handlers },
    template: `${root}${template}`,
  });
}

/**
 * A resource as OPTIONS shows it.
 * @param newest the newest version that is taken; that of Azure DevOps Services is the newest that node-api 17 knows
 */
export function locationOf(resource: Resource, newest: string): object {
  return {
    id: resource.id,
    area: resource.area,
    resourceName: resource.name,
    routeTemplate: resource.template,
    resourceVersion: resource.version,
    minVersion: "1.0",
    maxVersion: newest,
    releasedVersion: resource.isPreview ? "0.0" : newest === "7.2" ? "7.1" : newest,
  };
}

/** Matches paths below the collection (`/breast-cancer/_apis/build/builds/7`) to resources, without regard to case. */
export class Routes {
  readonly resources: readonly Resource[];
  private readonly patterns: { resource: Resource; pattern: RegExp; names: string[] }[];

  constructor(resources: readonly Resource[]) {
    this.resources = resources;
    this.patterns = resources.map((resource) => ({ resource, ...patternOf(resource) }));
  }

  /** Every resource that has this path, and the route values; the one that fills most of its template first. */
  match(path: string): { resource: Resource; route: Record<string, string> }[] {
    return this.patterns
      .flatMap(({ resource, pattern, names }) => {
        const found = pattern.exec(path);
        if (found === null) return [];
        const values = names.map((name, index) => [name, found[index + 1]] as const);
        const given = values.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
        return [
          { resource, route: Object.fromEntries(given.map(([name, value]) => [name, decodeURIComponent(value)])) },
        ];
      })
      .sort((left, right) => right.resource.template.length - left.resource.template.length);
  }
}

/** Parts in front of `_apis` and at the end may be left out; those in the middle may not. */
function patternOf(resource: Resource): { pattern: RegExp; names: string[] } {
  const parts = resource.template.replace("{area}", resource.area).replace("{resource}", resource.name).split("/");
  const names: string[] = [];
  // `$type` of work items is a parameter behind a dollar sign.
  const isParameter = (part: string): boolean => /^\$?\{/.test(part);
  const last = parts.findLastIndex((part) => !isParameter(part));
  const first = parts.indexOf("_apis");
  let source = "";
  parts.forEach((part, index) => {
    if (!isParameter(part)) {
      source += `/${part.replace(/[.$]/g, "\\$&")}`;
      return;
    }
    names.push(part.replace(/[^a-z0-9]/gi, ""));
    const value = part.startsWith("$") ? "(?:\\$|%24)([^/]+)" : "([^/]+)";
    source += index < first || (index > last && !part.startsWith("$")) ? `(?:/${value})?` : `/${value}`;
  });
  return { pattern: new RegExp(`^${source}/?$`, "i"), names };
}
