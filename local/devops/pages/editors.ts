// Requests of the editors of tasks and connections: the choices of a pick list, and a new connection.
import express, { type Request, type RequestHandler, Router } from "express";
import { type Binding, fillPickList } from "../endpoint-proxy/editor.ts";
import type { ConnectionForm } from "../endpoint-proxy/types.ts";
import type { DevOpsWorld } from "../world.ts";
import { contributedTypes } from "./views.ts";

/** Only the pages themselves ask: another site in the same browser gets nothing done here. */
const sameOrigin: RequestHandler = (request, response, next) => {
  if (request.get("sec-fetch-site") === "same-origin") next();
  else response.status(403).json({ message: "Only the editor's own page asks for this." });
};

const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(Object(value)).map(([name, text]) => [name, String(text)]));

const bodyOf = (request: Request) => (request.body ?? {}) as Readonly<Record<string, unknown>>;

/** Errors are told to the person in front of the form, in the server's words. */
const message = (error: unknown) => ({ message: error instanceof Error ? error.message : String(error) });

export function editorRoutes(world: DevOpsWorld): Router {
  const router = Router();
  router.post("/_local/pick-list", sameOrigin, express.json(), async (request, response) => {
    const { task, target, inputs } = bodyOf(request);
    const found = world.extensions.tasks().find((one) => one.task.name === task);
    const bindings = (found?.task["dataSourceBindings"] ?? []) as readonly Binding[];
    const binding = bindings.find((one) => one.target === target);
    if (binding === undefined) {
      response.status(404).json({ message: `The task ${task} has no list ${target}.` });
      return;
    }
    try {
      const given = textsOf(inputs);
      response.json(await fillPickList(binding, given, (asked, id) => world.endpointProxy.execute(id, asked)));
    } catch (error) {
      response.status(400).json(message(error));
    }
  });
  router.post("/_local/connections", sameOrigin, express.json(), (request, response) => {
    const { name, type, url, inputs } = bodyOf(request);
    try {
      if (typeof name !== "string" || name.trim() === "") throw new Error("The service connection name is required.");
      if (world.connections.get(name) !== undefined) throw new Error(`There is a connection ${name} already.`);
      for (const one of contributedTypes(world)) world.endpointTypes.contribute(one);
      const form: ConnectionForm = {
        ...{ name, type: String(type), inputs: textsOf(inputs) },
        ...(typeof url === "string" ? { url } : {}),
      };
      const { id } = world.connections.add(world.endpointTypes.fillIn(form));
      response.json({ id, name });
    } catch (error) {
      response.status(400).json(message(error));
    }
  });
  return router;
}
