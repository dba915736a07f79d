// The administrator's side: what the relay has still before it (GET), and the replay (POST).
import { isObject } from "../lib/plain-objects.ts";
import { json, type RelayRequest, type RelayResponse } from "./core/handshake.ts";
import { Reader } from "./core/reader.ts";
import type { Relay } from "./core/relay.ts";
import type { ReplayRequest } from "./core/replay.ts";

/** GET: cursors and dead letters. POST: a replay; its body, if any, is a ReplayRequest as JSON. */
export async function administer(relay: Relay, request: RelayRequest): Promise<RelayResponse> {
  if (request.method === "GET") return json(200, await relay.status());
  if (request.method !== "POST") return json(405, { error: "GET or POST." }, { Allow: "GET, POST" });
  const read = readReplayRequest(request.body);
  if ("faults" in read) return json(400, { error: read.faults.join("\n") });
  const report = await relay.replay(read.request);
  return json(report.unfinished.length === 0 ? 200 : 207, report);
}

/** Reads the body of a replay. */
function readReplayRequest(body: string): { request: ReplayRequest } | { faults: readonly string[] } {
  let value: unknown = {};
  try {
    if (body.trim() !== "") value = JSON.parse(body);
  } catch (error) {
    return { faults: [`The body is not JSON: ${(error as Error).message}.`] };
  }
  const reader = new Reader();
  const object = reader.object(value, "", ["from", "model", "deadLetters", "dryRun", "within"]);
  const from = object.from === undefined ? undefined : reader.text(object.from, "from");
  if (from !== undefined && Number.isNaN(Date.parse(from))) {
    reader.fault("from", "must be a date and time such as 2026-01-31T08:00:00Z");
  }
  const model = object.model === undefined ? undefined : reader.text(object.model, "model");
  if (object.dryRun !== undefined && typeof object.dryRun !== "boolean")
    reader.fault("dryRun", "must be true or false");
  const letters = object.deadLetters;
  const ids = Array.isArray(letters) && letters.every((id) => typeof id === "string") ? letters : undefined;
  if (letters !== undefined && letters !== "all" && ids === undefined) {
    reader.fault("deadLetters", 'must be "all" or a list of ids');
  }
  const within = reader.number(object.within, "within", 200, { from: 1, to: 540 });
  if (reader.faults.length > 0 || !isObject(value)) return { faults: reader.faults };
  return {
    request: {
      within,
      ...(from === undefined ? {} : { from }),
      ...(model === undefined ? {} : { model }),
      ...(letters === "all" ? { deadLetters: "all" as const } : ids === undefined ? {} : { deadLetters: ids }),
      ...(object.dryRun === true ? { dryRun: true } : {}),
    },
  };
}
