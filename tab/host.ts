// The page's side of the host: the SDK's handshake, the run that is shown, tokens, theme and links (docs/facts/extension.md#7.3).
import * as SDK from "azure-devops-extension-sdk";
import type { RunAccess } from "./attachments.ts";
import type { ProjectAccess } from "./rest.ts";

/** The area Build of the REST API, by which the location service finds the organization's address. */
const BUILD_AREA = "965220d5-5bb9-42cf-8d67-9b146df2a5a4";
const LOCATION = "ms.vss-features.location-service";
const BUILD_PAGE = "ms.vss-build-web.build-page-data-service";
const NAVIGATION = "ms.vss-features.host-navigation-service";

interface Build {
  readonly id?: unknown;
  readonly project?: { readonly id?: unknown };
}

/** What every page can do with its host. */
interface Framed {
  /** Opens a page beside this one. */
  open(url: string): void;
  loaded(): void;
}

export interface Host extends Framed {
  /** Calls `show` for the run of the page, and again whenever it changes. */
  onRun(show: (access: RunAccess) => void): void;
}

/** The host of a page that is about a project, and not about one run. */
export interface ProjectHost extends Framed {
  readonly access: ProjectAccess;
  /** Page of a run, with the results tab in front. */
  pageOf(run: { readonly id: number }): string;
  /** Page of the hub. */
  readonly hub: string;
}

/** @throws Error where the page is not framed by Azure DevOps, or the host says no address */
export async function connectHost(): Promise<Host> {
  const collection = await connect();
  const accessOf = ({ id, project }: Build): RunAccess | undefined => {
    const buildId = Number(id);
    const projectId = project?.id ?? SDK.getWebContext()?.project?.id;
    if (!Number.isInteger(buildId) || buildId <= 0 || typeof projectId !== "string") return undefined;
    return { collection, project: projectId, buildId, token: () => SDK.getAccessToken() };
  };
  return {
    ...framed,
    onRun(show) {
      const tell = (build: Build | undefined) => {
        const access = accessOf(build ?? {});
        if (access) show(access);
      };
      const { onBuildChanged } = SDK.getConfiguration() as { onBuildChanged?: (tell: (build: Build) => void) => void };
      if (typeof onBuildChanged === "function") onBuildChanged(tell);
      else void pageBuild().then(tell);
    },
  };
}

/** @throws Error where the page is not framed by Azure DevOps, or the host says no address or no project */
export async function connectProject(): Promise<ProjectHost> {
  const collection = await connect();
  const project = SDK.getWebContext()?.project;
  if (typeof project?.id !== "string" || project.id === "")
    throw new Error("The page was not told which project it is about. Open it from the menu of a project.");
  const { publisherId, extensionId } = SDK.getExtensionContext();
  const own = (contribution: string) => encodeURIComponent(`${publisherId}.${extensionId}.${contribution}`);
  const place = `${collection}${encodeURIComponent(project.id)}/`;
  return {
    ...framed,
    access: { collection, project: project.id, token: () => SDK.getAccessToken() },
    pageOf: ({ id }) => `${place}_build/results?buildId=${id}&view=${own("results-tab")}`,
    hub: `${place}_apps/hub/${own("models-hub")}`,
  };
}

/** Offers an object by which the host works a part of a page, such as a widget. */
export const registerPart = (contribution: string, part: object): void => SDK.register(contribution, part);

const framed: Framed = {
  open(url) {
    SDK.getService<{ openNewWindow(url: string, features: string): void }>(NAVIGATION).then(
      (service) => service.openNewWindow(url, ""),
      () => window.open(url, "_blank", "noopener,noreferrer"),
    );
  },
  loaded() {
    void SDK.notifyLoadSucceeded();
  },
};

/** The handshake. Resolves to the address of the organization. */
async function connect(): Promise<string> {
  await SDK.init({ loaded: false, applyTheme: true });
  await SDK.ready();
  const location = await SDK.getService<{ getResourceAreaLocation(area: string): Promise<string> }>(LOCATION);
  return collectionAt(await location.getResourceAreaLocation(BUILD_AREA));
}

async function pageBuild(): Promise<Build | undefined> {
  const service = await SDK.getService<{ getBuildPageData(): Promise<{ build?: Build } | undefined> }>(BUILD_PAGE);
  return (await service.getBuildPageData())?.build;
}

/** The token goes there: no other scheme, no name of a user in it. */
function collectionAt(address: unknown): string {
  const url = typeof address === "string" && URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "")
    throw new Error(
      "The page was not told the address of this organization. Reload it; the log of the browser says more.",
    );
  return `${url.origin}${url.pathname.replace(/\/*$/, "/")}`;
}
