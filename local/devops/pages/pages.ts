// Pages of local Azure DevOps that frame those of extensions: tabs of a run, hubs and widgets of dashboards; and the other origin from
// which a browser gets an extension's files.
// The frame protocol follows the published SDK (docs/facts/extension.md#7.3); the page around it is our own and says so.
import { readFileSync } from "node:fs";
import path from "node:path";
import express, { type Express, type Response, Router } from "express";
import type { Build } from "../state/builds.ts";
import type { ExtensionPage } from "../state/extensions.ts";
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
    const framed = world.extensions.page(contribution);
    if (request.get("sec-fetch-site") !== "same-origin" || (framed === undefined && contribution !== "")) {
      response.status(403).json({ message: "Only the page around a page of an extension gives it a token." });
      return;
    }
    const token = framed === undefined ? world.issuePersonalToken(VIEWER) : world.issuePageToken(VIEWER, framed.scopes);
    response.json({ token });
  });

  /** A page of the project; 404 where `make` has none. */
  const page = (path: string, make: (asked: Asked) => object | undefined) =>
    router.get(`/${world.organization.name}/:project/${path}`, (request, response) => {
      const project = String(request.params["project"]);
      const isHere = [world.project.id, world.project.name].some((one) => one.toLowerCase() === project.toLowerCase());
      const asked = {
        contribution: String((request.params as Readonly<Record<string, string>>)["contribution"] ?? ""),
        text: (name: string) => (typeof request.query[name] === "string" ? request.query[name] : ""),
      };
      const made = isHere ? make(asked) : undefined;
      if (made === undefined) {
        response.status(404).type("text/plain").send("There is no such page.");
        return;
      }
      const json = JSON.stringify(made).replaceAll("<", "\\u003c");
      const html = own("host-page.html").toString("utf8");
      send(
        response,
        "host-page.html",
        html.replace('"the page"', () => json),
      );
    });
  page("_build/results", (asked) => {
    const build = world.builds.get(Number(asked.text("buildId")));
    return build === undefined ? undefined : runPage(world, build, asked);
  });
  page("_apps/hub/:contribution", (asked) => {
    const hub = world.extensions.pages("hub").find(({ id }) => id === asked.contribution);
    return hub === undefined ? undefined : { ...frame(world, hub, asked), kind: "hub", title: hub.name };
  });
  page("_dashboards/dashboard/:contribution", (asked) => widgetPage(world, asked));
  return router;
}

interface Asked {
  /** The route's own part. */
  readonly contribution: string;
  /** A parameter of the query; empty where it is not there. */
  text(name: string): string;
}

const VIEWER = "Vera Viewer";

/** A run with its tabs: `view` names the one that is shown; with `service=1` it has to ask a service for the run. */
function runPage(world: DevOpsWorld, build: Build, asked: Asked) {
  const tabs = world.extensions.tabsOf(build);
  const view = asked.text("view");
  const tab = tabs.find(({ id }) => id === view) ?? (view === "" ? tabs[0] : undefined);
  return {
    ...frame(world, tab, asked),
    kind: "tab",
    title: `#${build.buildNumber} of ${build.definition.name}`,
    buildId: build.id,
    definition: { id: build.definition.id, name: build.definition.name },
    byService: asked.text("service") === "1",
    tabs: tabs.map(({ id, name }) => ({ id, name })),
    reason:
      tabs.length === 0
        ? "No extension has a tab for this run: none of its tasks ran in it."
        : `There is no tab ${view}; there is ${tabs.map(({ id }) => id).join(", ")}.`,
  };
}

/** A dashboard with one widget of the size `size` (`columns x rows`) and its settings; with `configure=1` its configuration instead. */
function widgetPage(world: DevOpsWorld, asked: Asked) {
  const widget = world.extensions.pages("widget").find(({ id }) => id === asked.contribution);
  if (widget === undefined) return undefined;
  const isConfigured = asked.text("configure") === "1";
  const shown = isConfigured
    ? world.extensions.pages("configuration").find(({ id }) => id === widget.configuration)
    : widget;
  if (shown === undefined) return undefined;
  const [columnSpan = 2, rowSpan = 1] = (asked.text("size") || "2x1").split("x").map(Number);
  const data = asked.text("settings");
  return {
    ...frame(world, shown, asked),
    kind: isConfigured ? "configuration" : "widget",
    title: isConfigured ? `Configuration of ${widget.name}` : "Dashboard",
    settings: {
      name: widget.name,
      size: { rowSpan, columnSpan },
      customSettings: { data: data === "" ? null : data, version: { major: 1, minor: 0, patch: 0 } },
    },
  };
}

/** The part that every page tells the one that it frames. */
function frame(world: DevOpsWorld, tab: ExtensionPage | undefined, asked: Asked) {
  const origin = world.pagesUrl;
  const user = world.person(VIEWER);
  const theme = asked.text("theme");
  return {
    tabs: [],
    collection: world.collectionUri,
    project: world.project,
    organization: { ...world.organization, serviceVersion: "", type: 4, isHosted: true },
    user: { id: user.id, name: user.uniqueName, displayName: user.displayName, descriptor: "", imageUrl: "" },
    theme: themes[Object.hasOwn(themes, theme) ? (theme as ThemeName) : "light"],
    tab:
      tab === undefined
        ? null
        : {
            ...tab,
            origin,
            address: `${origin}/extensions/${tab.publisher}/${tab.extension}/${tab.version}/${tab.uri}`,
          },
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
