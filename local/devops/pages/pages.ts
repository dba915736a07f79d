// Pages of local Azure DevOps: a run's page that frames tabs of extensions, and the other origin from which a browser gets their files.
// The frame protocol follows the published SDK (docs/facts/extension.md#7.3); the page around it is our own and says so.
import { readFileSync } from "node:fs";
import path from "node:path";
import express, { type Express, type Response, Router } from "express";
import type { Build } from "../state/builds.ts";
import type { ResultsTab } from "../state/extensions.ts";
import type { DevOpsWorld } from "../world.ts";
import { type ThemeName, themes } from "./themes.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".png": "image/png",
};
const own = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, name));

function send(response: Response, name: string, content: Buffer | string): void {
  response
    .set({ "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store" })
    .type(TYPES[path.extname(name)] ?? "application/octet-stream")
    .send(content);
}

/** Routes of the organization's own origin. They need no token: who opens a page on this machine is its viewer. */
export function pageRoutes(world: DevOpsWorld): Router {
  const router = Router();
  for (const name of ["host-page.js", "host-page.css"])
    router.get(`/_local/${name}`, (_request, response) => send(response, name, own(name)));

  // The session of the person in front of the page: the page's own token, and for a tab one with no more than
  // the extension's scopes.
  router.post("/_local/access-token", express.json(), (request, response) => {
    const contribution = String((request.body as { contribution?: unknown })?.contribution);
    const tab = tabOf(world, contribution);
    if (request.get("sec-fetch-site") !== "same-origin" || (tab === undefined && contribution !== "")) {
      response.status(403).json({ message: "Only the page of a run gives its tab a token." });
      return;
    }
    const token = tab === undefined ? world.issuePersonalToken(VIEWER) : world.issuePageToken(VIEWER, tab.scopes);
    response.json({ token });
  });

  router.get(`/${world.organization.name}/:project/_build/results`, (request, response) => {
    const { project } = request.params;
    const build = world.builds.get(Number(request.query["buildId"]));
    const isHere = [world.project.id, world.project.name].some((one) => one.toLowerCase() === project.toLowerCase());
    if (build === undefined || !isHere) {
      response.status(404).type("text/plain").send("There is no such run.");
      return;
    }
    const text = (name: string) => (typeof request.query[name] === "string" ? request.query[name] : "");
    const page = pageOf(world, build, { view: text("view"), theme: text("theme"), byService: text("service") === "1" });
    const json = JSON.stringify(page).replaceAll("<", "\\u003c");
    send(
      response,
      "host-page.html",
      own("host-page.html")
        .toString("utf8")
        .replace('"the page"', () => json),
    );
  });
  return router;
}

const VIEWER = "Vera Viewer";

const tabOf = (world: DevOpsWorld, id: string): ResultsTab | undefined =>
  world.builds.all.flatMap((build) => world.extensions.tabsOf(build)).find((tab) => tab.id === id);

function pageOf(world: DevOpsWorld, build: Build, asked: { view: string; theme: string; byService: boolean }) {
  const tabs = world.extensions.tabsOf(build);
  const tab = tabs.find(({ id }) => id === asked.view) ?? (asked.view === "" ? tabs[0] : undefined);
  const origin = world.pagesUrl;
  const user = world.person(VIEWER);
  return {
    title: `#${build.buildNumber} of ${build.definition.name}`,
    buildId: build.id,
    definition: { id: build.definition.id, name: build.definition.name },
    collection: world.collectionUri,
    project: world.project,
    organization: { ...world.organization, serviceVersion: "", type: 4, isHosted: true },
    user: { id: user.id, name: user.uniqueName, displayName: user.displayName, descriptor: "", imageUrl: "" },
    theme: themes[Object.hasOwn(themes, asked.theme) ? (asked.theme as ThemeName) : "light"],
    byService: asked.byService,
    tabs: tabs.map(({ id, name }) => ({ id, name })),
    tab:
      tab === undefined
        ? null
        : {
            ...tab,
            origin,
            address: `${origin}/extensions/${tab.publisher}/${tab.extension}/${tab.version}/${tab.uri}`,
          },
    reason:
      tabs.length === 0
        ? "No extension has a tab for this run: none of its tasks ran in it."
        : `There is no tab ${asked.view}; there is ${tabs.map(({ id }) => id).join(", ")}.`,
  };
}

/** The other origin: files of extensions that their manifests call addressable, as they are packaged. */
export function extensionFiles(world: DevOpsWorld): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/extensions/:publisher/:extension/:version/*name", (request, response) => {
    const { publisher, extension, version, name } = request.params as unknown as Record<string, string> & {
      name: string[];
    };
    const wanted = name.join("/");
    const found = world.extensions.file(publisher ?? "", extension ?? "", version ?? "", wanted);
    if (found === undefined)
      response.status(404).type("text/plain").send("There is no such file, or it is not addressable.");
    else send(response, wanted, found);
  });
  app.use((_request, response) => void response.status(404).type("text/plain").send("There is no such file."));
  return app;
}
