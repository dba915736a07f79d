// Service connections, as REST shows them: without their secrets.
import type { Connection } from "../state/connections.ts";
import { collection, json } from "./answers.ts";
import { projectReference, requireProject } from "./core.ts";
import { identityReference } from "./references.ts";
import type { Call, Resource } from "./routes.ts";

/** Parameters that are shown; all others are answered as null. */
const shown = new Set([
  "serviceprincipalid",
  "tenantid",
  "authenticationtype",
  "scope",
  "workloadidentityfederationissuer",
  "workloadidentityfederationsubject",
]);

function connectionBody(call: Call, connection: Connection): object {
  const { world } = call;
  const parameters = Object.entries(connection.authorization.parameters).map(([name, value]) => [
    name,
    shown.has(name.toLowerCase()) ? value : null,
  ]);
  return {
    data: connection.data,
    id: connection.id,
    name: connection.name,
    type: connection.type,
    url: connection.url,
    createdBy: identityReference(world, world.person("Project Administrator")),
    description: connection.description ?? "",
    authorization: { parameters: Object.fromEntries(parameters), scheme: connection.authorization.scheme },
    isShared: false,
    isOutdated: false,
    isReady: true,
    owner: "Library",
    serviceEndpointProjectReferences: [
      { projectReference: projectReference(world), name: connection.name, description: connection.description ?? "" },
    ],
  };
}

export const connections: readonly Resource[] = [
  {
    area: "serviceendpoint",
    id: "e85f1c62-adfc-4b74-b618-11a150fb195e",
    name: "endpoints",
    template: "{project}/_apis/{area}/{resource}/{endpointId}",
    version: 4,
    handlers: {
      GET: (call) => {
        requireProject(call.world, call.route["project"]);
        const id = call.route["endpointId"];
        if (id !== undefined) {
          const found = call.world.connections.all().find((each) => each.id === id.toLowerCase());
          // The real service answers 200 and null for a connection that is not there (from general knowledge).
          return json(found === undefined ? null : connectionBody(call, found));
        }
        const type = call.query.get("type")?.toLowerCase();
        const names = call.query.get("endpointNames")?.toLowerCase().split(",");
        const ids = call.query.get("endpointIds")?.toLowerCase().split(",");
        // Only those that the caller may use; other filters are not built.
        const isForUse = ["use", "16"].includes(call.query.get("actionFilter")?.toLowerCase() ?? "");
        const found = call.world.connections
          .all()
          .filter(({ id }) => !isForUse || call.world.connections.mayUse(id, call.caller.name))
          .filter(
            (each) =>
              (type === undefined || each.type.toLowerCase() === type) &&
              (names === undefined || names.includes(each.name.toLowerCase())) &&
              (ids === undefined || ids.includes(each.id)),
          );
        return collection(found.map((each) => connectionBody(call, each)));
      },
    },
  },
];
