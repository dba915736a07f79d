// The part of Azure DevOps' release service that the relay uses, as azure-devops-node-api asks for it.
import { type Answer, type Received, type Server, serve } from "./harness.ts";

const RELEASES = "a166fde7-27ad-408e-ba75-703c2cc9d500";
const DEFINITIONS = "d8f96f24-8ea7-4cb6-baab-2df8fc515665";
const RESOURCE_AREAS = "e81700f7-3be2-46de-8624-2eb35882fcaa";
const RELEASE_AREA = "efc2f575-36ef-48e9-b672-0c6fb4a48ac5";

export interface MadeRelease {
  readonly id: number;
  readonly description: string;
  readonly artifacts: {
    readonly alias: string;
    readonly instanceReference: { readonly id: string; readonly name: string };
  }[];
  readonly variables: Record<string, { value: string }> | undefined;
  readonly authorization: string | undefined;
}

/**
 * What happens to a creation: `made` answers it, `lost` makes it and hangs up, `unsaid` makes it and answers 502, `page` makes
 * it and answers with HTML; a number refuses it.
 */
export type Fate = "made" | "lost" | "unsaid" | "page" | number;

/** `create`: the fate of the n-th creation (from 0); `list`: what stands in place of the list of releases. */
export async function serveReleases(
  create: (turn: number) => Fate = () => "made",
  list: () => Answer | undefined = () => undefined,
): Promise<Server & { readonly organization: string; readonly made: MadeRelease[] }> {
  const made: MadeRelease[] = [];
  let turn = 0;
  const location = (
    id: string,
    area: string,
    resourceName: string,
    routeTemplate: string,
    resourceVersion: number,
  ) => ({
    id,
    area,
    resourceName,
    routeTemplate,
    resourceVersion,
    minVersion: "1.0",
    maxVersion: "7.2",
    releasedVersion: "7.1",
  });
  const artifact = (alias: string, model: string) => ({
    alias,
    type: "TrainJudgeReleaseModel",
    definitionReference: { definition: { id: model, name: model } },
  });
  const definitions = [
    { id: 3, name: "Deploy credit", path: "\\", artifacts: [artifact("_credit", "credit"), artifact("_code", "x")] },
    { id: 4, name: "Twice", path: "\\a", artifacts: [] },
    { id: 5, name: "Twice", path: "\\b", artifacts: [] },
  ];
  const answer = (request: Received): Answer => {
    const path = request.path.replace("/contoso", "");
    if (request.method === "OPTIONS") {
      const value = /location/i.test(path)
        ? [location(RESOURCE_AREAS, "Location", "resourceAreas", "_apis/{resource}/{areaId}", 1)]
        : [
            location(RELEASES, "Release", "releases", "{project}/_apis/{area}/{resource}/{releaseId}", 9),
            location(DEFINITIONS, "Release", "definitions", "{project}/_apis/{area}/{resource}/{definitionId}", 4),
          ];
      return { body: { count: value.length, value } };
    }
    if (path === "/_apis/resourceAreas") {
      const value = [{ id: RELEASE_AREA, name: "Release", locationUrl: `${server.url}/contoso/` }];
      return { body: { count: 1, value } };
    }
    if (path.endsWith("/definitions")) return { body: { count: definitions.length, value: definitions } };
    const [, id] = /\/definitions\/(\d+)$/.exec(path) ?? [];
    if (id !== undefined) {
      const definition = definitions.find((one) => one.id === Number(id));
      return definition === undefined ? { status: 404, body: { message: "VS402870" } } : { body: definition };
    }
    if (request.method === "GET") {
      const instead = list();
      if (instead !== undefined) return instead;
      const value = made.map(({ id, description }) => ({ id, description }));
      return { body: { count: value.length, value } };
    }
    const fate = create(turn++);
    if (typeof fate === "number") return { status: fate, body: { message: "as told" } };
    const release = { id: made.length + 1, ...JSON.parse(request.body), authorization: request.headers.authorization };
    made.push(release);
    if (fate === "unsaid") return { status: 502, body: "<html></html>", headers: { "Content-Type": "text/html" } };
    if (fate === "page") return { body: "<html></html>", headers: { "Content-Type": "text/html" } };
    return fate === "lost" ? "hang up" : { body: release };
  };
  const server: Server = await serve(answer);
  return { ...server, organization: `${server.url}/contoso`, made };
}
