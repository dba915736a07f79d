// Artifacts of runs (docs/facts/azureml-services.md#5.6): where their content lies, what there is, and places to write new ones to.
import { type Express, type Request, type Response, Router } from "express";
import { dataPlaneError } from "../arm/data-plane-error.ts";
import { bodyOf, jsonBody, parameter } from "../arm/router.ts";
import type { AzureWorld } from "../world/world.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

/** Minutes that a signed URL is good for. */
const signedMinutes = 60;

/** A list that is one page. */
const onePage = <T>(value: readonly T[]) => ({ value, continuationToken: null, nextLink: null });

/** The folder in the container `azureml` that an artifact origin and container stand for. */
function folderOf(origin: string, container: string): string {
  return `${origin}/${container}/`;
}

export function mount(app: Express, world: AzureWorld): void {
  const content = (origin: string, container: string, path: string, permissions = "r") => ({
    contentUri: world.secret(
      world.blobs.sasUrl("azureml", `${folderOf(origin, container)}${path}`, permissions, signedMinutes),
    ),
    origin,
    container,
    path,
    tags: null,
  });
  const described = (origin: string, container: string, path: string) => ({
    artifactId: `${origin}/${container}/${path}`,
    origin,
    container,
    path,
    etag: null,
    createdTime: null,
    dataPath: { dataStoreName: "workspaceartifactstore", relativePath: `${folderOf(origin, container)}${path}` },
    tags: null,
  });
  const below = async (origin: string, container: string, prefix: string) => {
    const folder = folderOf(origin, container);
    return (await world.blobs.list("azureml", `${folder}${prefix}`)).map((blob) => blob.name.slice(folder.length));
  };

  /** The routes below one artifact container; `place` reads which one from the request. */
  const routes = (place: (request: Request) => { origin: string; container: string }) => {
    const router = Router({ mergeParams: true });
    router.get("/", async (request, response) => {
      const { origin, container } = place(request);
      const paths = await below(origin, container, String(request.query["path"] ?? ""));
      response.json(onePage(paths.map((path) => described(origin, container, path))));
    });
    router.get("/contentinfo", async (request, response) => {
      const { origin, container } = place(request);
      const path = String(request.query["path"] ?? "");
      if (!(await world.blobs.exists("azureml", `${folderOf(origin, container)}${path}`)))
        return notFound(world, response, path);
      response.json(content(origin, container, path));
    });
    router.get("/prefix/contentinfo", async (request, response) => {
      const { origin, container } = place(request);
      const paths = await below(origin, container, String(request.query["path"] ?? ""));
      response.json(onePage(paths.map((path) => content(origin, container, path))));
    });
    router.post("/batch/metadata", (request, response) => {
      const { origin, container } = place(request);
      const paths = ((bodyOf(request)["paths"] ?? []) as { path: string }[]).map(({ path }) => path);
      response.json({
        artifacts: Object.fromEntries(paths.map((path) => [path, described(origin, container, path)])),
        artifactContentInformation: Object.fromEntries(
          paths.map((path) => [path, content(origin, container, path, "rcw")]),
        ),
        errors: {},
      });
    });
    return router;
  };

  const ofRun = routes((request) => ({ origin: "ExperimentRun", container: `dcid.${parameter(request, "run")}` }));
  app.use(
    `/history/v1.0${workspacePath}/experiments/:experiment/runs/:run/artifacts`,
    inWorkspace(world),
    jsonBody(),
    ofRun,
  );
  const ofService = routes((request) => ({
    origin: parameter(request, "origin"),
    container: parameter(request, "container"),
  }));
  app.use(`/artifact/v2.0${workspacePath}/artifacts/:origin/:container`, inWorkspace(world), jsonBody(), ofService);
}

function notFound(world: AzureWorld, response: Response, path: string): void {
  const body = dataPlaneError(
    world,
    { code: "UserError", message: `Artifact ${path} was not found.`, inner: "NotFoundError" },
    "artifact",
  );
  response.status(404).json({ ...body, statusCode: 404 });
}
