// The service-endpoint proxy and the types of service connections, over REST.
import type { ProxyRequest } from "../endpoint-proxy/proxy.ts";
import { badRequest, collection, json } from "./answers.ts";
import { requireProject } from "./core.ts";
import type { Resource } from "./routes.ts";

export const endpointProxy: readonly Resource[] = [
  {
    area: "serviceendpoint",
    id: "cc63bb57-2a5f-4a7a-b79c-c142d308657e",
    name: "endpointproxy",
    template: "{project}/_apis/{area}/{resource}",
    version: 1,
    handlers: {
      POST: async ({ world, route, query, body }) => {
        requireProject(world, route["project"]);
        const id = query.get("endpointId");
        if (id === null) throw badRequest("The query parameter endpointId is required.");
        if (typeof body !== "object" || body === null) throw badRequest("The request has no body.");
        return json(await world.endpointProxy.execute(id, body as ProxyRequest));
      },
    },
  },
  {
    area: "serviceendpoint",
    id: "5a7938a4-655e-486c-b562-b78c54a7e87b",
    name: "types",
    template: "_apis/{area}/{resource}",
    version: 1,
    handlers: {
      GET: ({ world, query }) => {
        const wanted = query.get("type")?.toLowerCase();
        const types = world.endpointTypes
          .all()
          .filter(({ name }) => wanted === undefined || name.toLowerCase() === wanted);
        return collection(types);
      },
    },
  },
];
