// The service-endpoint proxy and the types of service connections, over REST.
import type { ProxyRequest } from "../endpoint-proxy/proxy.ts";
import { badRequest, collection, json, RestError } from "./answers.ts";
import { requireProject } from "./core.ts";
import type { Resource } from "./routes.ts";

/**
 * Refuses a request that the server does not even begin (docs/facts/extension.md#4.4): a data source by its name or by an address below
 * the connection's own, all or none of the templates of paging, no audience beside an address.
 * @throws RestError 400
 */
function check({ dataSourceDetails: source, resultTransformationDetails: transform = {} }: ProxyRequest): void {
  if (source === undefined) throw badRequest("The data source details are missing.");
  const { dataSourceName = "", dataSourceUrl = "", resourceUrl = "", initialContextTemplate } = source;
  if ((dataSourceName === "") === (dataSourceUrl === ""))
    throw badRequest("Either the data source's name or its URL must be given, and not both.");
  if (dataSourceUrl !== "" && !/^(\{\{endpoint\.url\}\}|\{\{\{endpoint\.url\}\}\})/.test(dataSourceUrl))
    throw badRequest(
      "The URL of a data source should start with {{endpoint.url}}.",
      "InvalidDataSourceBindingException",
    );
  if (resourceUrl !== "") throw badRequest("The resource URL cannot be given in a request.");
  const paging = [initialContextTemplate, transform.callbackContextTemplate, transform.callbackRequiredTemplate];
  if (paging.some(Boolean) && !paging.every(Boolean))
    throw badRequest("Paging takes the initial context, the callback's context and its condition together.");
}

export const endpointProxy: readonly Resource[] = [
  {
    area: "serviceendpoint",
    id: "cc63bb57-2a5f-4a7a-b79c-c142d308657e",
    name: "endpointproxy",
    template: "{project}/_apis/{area}/{resource}",
    version: 1,
    handlers: {
      POST: async ({ world, route, query, body, caller }) => {
        requireProject(world, route["project"]);
        const id = query.get("endpointId");
        if (id === null) throw badRequest("The query parameter endpointId is required.");
        if (typeof body !== "object" || body === null) throw badRequest("The request has no body.");
        const request = body as ProxyRequest;
        check(request);
        // What the connection's credentials see is for those who may use it (a form of one that is not saved yet takes its administrator).
        if (!world.connections.mayUse(id, caller.name))
          throw new RestError(
            403,
            "EndpointAccessDeniedException",
            "Access denied. You need the permission Use of the service connection.",
          );
        return json(await world.endpointProxy.execute(id, request));
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
