// The service-endpoint proxy over REST: who may ask it, with which scopes, and what the server does not even begin.
// Tests: local/devops/rest/endpoint-proxy.ts, local/devops/rest/scopes.ts, local/devops/rest/connections.ts
import assert from "node:assert/strict";
import { send } from "../../../../local/devops/outbound/request.ts";
import type { Connection } from "../../../../local/devops/state/connections.ts";
import { type Organization, startOrganization } from "../organization.ts";
import { OutsideService } from "../outside-service.ts";

const QUERY = ["vso.build", "vso.serviceendpoint_query"];

describe("local Azure DevOps: the proxy of connections over REST", () => {
  let organization: Organization;
  let outside: OutsideService;
  let connection: Connection;

  before(async () => {
    [organization, outside] = await Promise.all([startOrganization(), new OutsideService().start()]);
    connection = organization.world.connections.add({
      ...{ name: "outside", type: "generic", url: `${outside.url}/`, data: {} },
      authorization: { scheme: "None", parameters: {} },
    });
  });
  after(async () => {
    await Promise.all([organization.close(), outside.close()]);
  });

  const call = async (token: string, method: string, path: string, body?: unknown) => {
    const { world, caFile } = organization;
    const url = `${world.collectionUri}${world.project.id}/_apis/${path}`;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await send({ method, url, headers, body: text }, caFile, AbortSignal.timeout(60_000));
    return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
  };
  const pageToken = (person = "Vera", scopes: readonly string[] = QUERY) =>
    organization.world.issuePageToken(person, scopes);
  const source = (more: object = {}) => ({
    dataSourceDetails: { dataSourceUrl: "{{{endpoint.url}}}a", resultSelector: "jsonpath:$.value[*]", ...more },
  });
  const ask = (body: unknown, token = pageToken()) =>
    call(token, "POST", `serviceendpoint/endpointproxy?endpointId=${connection.id}&api-version=7.2-preview.1`, body);

  it("is open to a page with its scope alone", async () => {
    outside.answer = () => ({ body: { value: ["a", "b", "a", { c: 1 }, null] } });
    const { status, body } = await ask(source());
    assert.equal(status, 200);
    assert.deepEqual(body["result"], ["a", "b", '{\n  "c": 1\n}', ""], "equal results are one");
    for (const scopes of [["vso.build"], ["vso.serviceendpoint"], []])
      assert.equal((await ask(source(), pageToken("Vera", scopes))).status, 403, scopes.join());
    const builds = await call(pageToken(), "GET", "build/builds?api-version=7.1");
    assert.equal(builds.status, 200);
    const write = await call(pageToken(), "POST", "build/builds?api-version=7.1", { definition: { id: 1 } });
    assert.equal(write.status, 403);
  });

  it("asks nothing with credentials of a connection that the caller may not use, and does not list it", async () => {
    const { world } = organization;
    const asked = outside.asked.length;
    const closed = world.connections.add({ ...connection, id: "5e4e6ce0-1111-4000-8000-000000000001", name: "closed" });
    world.connections.close(closed, world.person("Vera").uniqueName);
    const path = `serviceendpoint/endpointproxy?endpointId=${closed.id}&api-version=7.2-preview.1`;
    const { status, body } = await call(pageToken(), "POST", path, source());
    assert.equal(status, 403);
    assert.match(String(body["message"]), /permission Use/);
    assert.equal(outside.asked.length, asked);
    const names = async (person: string) =>
      (
        (await call(pageToken(person), "GET", "serviceendpoint/endpoints?actionFilter=use&api-version=7.2-preview.4"))
          .body["value"] as { name: string }[]
      ).map(({ name }) => name);
    assert.deepEqual(await names("Vera"), ["outside"]);
    assert.deepEqual(await names("Ada"), ["outside", "closed"]);
  });

  for (const [title, request, sentence] of [
    ["a name and an address", source({ dataSourceName: "x" }), /not both/],
    ["neither", { dataSourceDetails: {} }, /must be given/],
    ["another beginning than the connection's address", source({ dataSourceUrl: "https://a.b/" }), /should start with/],
    ["an audience", source({ resourceUrl: "https://management.azure.com/" }), /resource URL/],
    ["half of paging", source({ initialContextTemplate: "{}" }), /Paging/],
    ["no source", {}, /are missing/],
  ] as const)
    it(`is refused with ${title}`, async () => {
      const { status, body } = await ask(request);
      assert.equal(status, 400);
      assert.match(String(body["message"]), sentence);
    });
});
