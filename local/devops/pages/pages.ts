// Pages of local Azure DevOps: a run with its tabs, hubs and widgets of extensions, a pull request, the editors of tasks and connections;
// and the other origin from which a browser gets an extension's files.
// The frame protocol follows the published SDK (docs/facts/extension.md#7.3); the pages themselves are our own and say so.
import { readFileSync } from "node:fs";
import path from "node:path";
import express, { type Express, type Response, Router } from "express";
import type { DevOpsWorld } from "../world.ts";
import { editorRoutes } from "./editors.ts";
import { type Asked, connectionPage, frame, pullRequestPage, runPage, taskPage, VIEWER, widgetPage } from "./views.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".png": "image/png",
};
/** Scripts and style sheets of the pages. */
const OWN = [
  ...[
    "host-page.js",
    "framed.js",
    "theme.js",
    "rest.js",
    "elements.js",
    "markdown.js",
    "host-page.css",
    "run-page.css",
    "log-page.css",
    "form-page.css",
  ],
  ...["run-summary.js", "run-log.js", "log-lines.js", "run-tests.js", "pull-request.js"],
  ...["task-form.js", "visible-rule.js", "connection-form.js"],
];
const own = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, name));

function send(response: Response, name: string, content: Buffer | string): void {
  response
    .set({ "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store" })
    .type(TYPES[path.extname(name)] ?? "application/octet-stream")
    .send(content);
}

/** Sources that a page may load from: its own scripts, its organization's REST, and the pages of extensions in a frame. */
const policy = (world: DevOpsWorld): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    `img-src 'self' data: ${world.pagesUrl}`,
    `frame-src ${world.pagesUrl}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

/** Routes of the organization's own origin. They need no token: who opens a page on this machine is its viewer. */
export function pageRoutes(world: DevOpsWorld): Router {
  const router = Router();
  for (const name of OWN) router.get(`/_local/${name}`, (_request, response) => send(response, name, own(name)));

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
  router.use(editorRoutes(world));

  /** A page of the project; 404 where `make` has none. */
  const page = (path: string, make: (asked: Asked) => object | undefined) =>
    router.get(`/${encodeURIComponent(world.organization.name)}/:project/${path}`, (request, response) => {
      const project = String(request.params["project"]);
      const isHere = [world.project.id, world.project.name].some((one) => one.toLowerCase() === project.toLowerCase());
      const asked = {
        part: (name: string) => String((request.params as Readonly<Record<string, string>>)[name] ?? ""),
        text: (name: string) => (typeof request.query[name] === "string" ? request.query[name] : ""),
      };
      const made = isHere ? make(asked) : undefined;
      if (made === undefined) {
        response.status(404).type("text/plain").send("There is no such page.");
        return;
      }
      const json = JSON.stringify(made).replaceAll("<", "\\u003c");
      const html = own("host-page.html").toString("utf8");
      response.set("Content-Security-Policy", policy(world));
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
  page("_git/:repository/pullrequest/:id", (asked) => pullRequestPage(world, asked));
  page("_local/tasks/:task", (asked) => taskPage(world, asked));
  page("_local/connections/:type", (asked) => connectionPage(world, asked));
  page("_apps/hub/:contribution", (asked) => {
    const hub = world.extensions.pages("hub").find(({ id }) => id === asked.part("contribution"));
    return hub === undefined ? undefined : { ...frame(world, hub, asked), kind: "hub", title: hub.name };
  });
  page("_dashboards/dashboard/:contribution", (asked) => widgetPage(world, asked));
  return router;
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
