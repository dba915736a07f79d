// Connection data, resource locations and projects: the calls that every client makes first.
import { guidOf } from "../../text/guid.ts";
import type { DevOpsWorld } from "../world.ts";
import { collection, json, notFound } from "./answers.ts";
import type { Call, Resource } from "./routes.ts";

/** Resource areas by id, as node-api 17 asks for them. */
const areas: Readonly<Record<string, string>> = {
  "965220d5-5bb9-42cf-8d67-9b146df2a5a4": "build",
  "4e080c62-fa21-4fbc-8fef-2a10a2b38049": "git",
  "5264459e-e5e0-4bd8-b118-0985e68a4ec5": "wit",
  "79134c72-4a58-4b42-976c-04e7115f32bf": "core",
  "efc2f575-36ef-48e9-b672-0c6fb4a48ac5": "Release",
  "c2aa639c-3ccc-4740-b3b6-ce2a1e1d984e": "Test",
  "a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd": "distributedtask",
  "1814ab31-2f4f-4a9f-8761-f4d77dc5a5d7": "serviceendpoint",
};

/** The project as other resources refer to it. */
export function projectReference(world: DevOpsWorld): object {
  return {
    id: world.project.id,
    name: world.project.name,
    url: `${world.collectionUri}_apis/projects/${world.project.id}`,
    state: "wellFormed",
    revision: 1,
    visibility: "private",
  };
}

/** Refuses a route value that names another project than ours. */
export function requireProject(world: DevOpsWorld, idOrName: string | undefined): void {
  if (idOrName === undefined) return;
  const wanted = idOrName.toLowerCase();
  if (wanted === world.project.id || wanted === world.project.name.toLowerCase()) return;
  throw notFound(
    "ProjectDoesNotExistWithNameException",
    `TF200016: The following project does not exist: ${idOrName}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
  );
}

function area(call: Call, id: string): object {
  return { id, name: areas[id], locationUrl: call.world.collectionUri };
}

export const core: readonly Resource[] = [
  {
    area: "Location",
    id: "00d9565f-ed9c-4a06-9a50-00e7896ccab4",
    name: "connectionData",
    template: "_apis/{resource}",
    version: 1,
    handlers: {
      GET: ({ world, caller }) => {
        const user = {
          id: guidOf(`identity ${caller.name}`),
          descriptor: `Microsoft.TeamFoundation.ServiceIdentity;${caller.name}`,
          subjectDescriptor: `svc.${Buffer.from(caller.name).toString("base64url")}`,
          providerDisplayName: caller.name,
          isActive: true,
          properties: { Account: { $type: "System.String", $value: caller.name } },
          resourceVersion: 2,
          metaTypeId: 0,
        };
        return json({
          authenticatedUser: user,
          authorizedUser: user,
          instanceId: world.organization.id,
          deploymentId: guidOf("deployment"),
          deploymentType: "hosted",
          locationServiceData: {
            serviceOwner: "00025394-6065-48ca-87d9-7f5672854ef7",
            defaultAccessMappingMoniker: "PublicAccessMapping",
            lastChangeId: 1,
            lastChangeId64: 1,
          },
        });
      },
    },
  },
  {
    area: "Location",
    id: "e81700f7-3be2-46de-8624-2eb35882fcaa",
    name: "resourceAreas",
    template: "_apis/{resource}/{areaId}",
    version: 1,
    handlers: {
      GET: (call) => {
        const id = call.route["areaId"]?.toLowerCase();
        if (id === undefined) return collection(Object.keys(areas).map((each) => area(call, each)));
        // The real service answers `null` for an area that it does not know (from general knowledge).
        return areas[id] === undefined ? json(null) : json(area(call, id));
      },
    },
  },
  {
    area: "core",
    id: "603fe2ac-9723-48b9-88ad-09305aa6c6e1",
    name: "projects",
    template: "_apis/{resource}/{projectId}",
    version: 4,
    handlers: {
      GET: ({ world, route }) => {
        if (route["projectId"] === undefined) return collection([projectReference(world)]);
        requireProject(world, route["projectId"]);
        return json(projectReference(world));
      },
    },
  },
];
