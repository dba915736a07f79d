// The job's token is sent only to the collection that the agent is connected to, however the pipeline's variable spells it.
import assert from "node:assert/strict";
import { collectionOf } from "../../../lib/agent/collection.ts";

describe("the collection of a job", () => {
  const SERVICES = "https://dev.azure.com/contoso/";
  const OLDER = "https://contoso.visualstudio.com/";
  const SERVER = "https://tfs.example/tfs/Default/";
  const cases: [said: string | undefined, connected: string | undefined, expected: string][] = [
    [SERVICES, SERVICES, SERVICES],
    [OLDER, SERVICES, OLDER],
    [SERVICES, OLDER, SERVICES],
    [undefined, SERVICES, SERVICES],
    [SERVICES, undefined, SERVICES],
    [SERVICES, "https://vsrm.dev.azure.com/contoso/", SERVICES],
    [OLDER, "https://contoso.vsrm.visualstudio.com/", OLDER],
    [undefined, "https://vsrm.dev.azure.com/contoso/", SERVICES],
    [SERVER, SERVER, SERVER],
    ["https://TFS.example/tfs/default/", SERVER, "https://TFS.example/tfs/default/"],
    ["https://tfs.example/tfs/Default", SERVER, SERVER],
    ["https://tfs.example/tfs/Other/", SERVER, SERVER],
    ["https://tfs.example:8443/tfs/Default/", SERVER, SERVER],
    ["https://tfs.example/", SERVER, SERVER],
    [undefined, "https://tfs.example:8443/tfs/Größe/", "https://tfs.example:8443/tfs/Gr%C3%B6%C3%9Fe/"],
    ["https://tfs.example/tfs/Größe/", "https://tfs.example/tfs/Gr%C3%B6%C3%9Fe/", "https://tfs.example/tfs/Größe/"],
    ["https://tfs.example/tfs/Grösse/", "https://tfs.example/tfs/Größe/", "https://tfs.example/tfs/Gr%C3%B6%C3%9Fe/"],
    ["https://public.example/tfs/Default/", SERVER, SERVER],
    ["https://evil.example/", SERVICES, SERVICES],
    ["http://dev.azure.com/contoso/", SERVICES, SERVICES],
    ["https://dev.azure.com/evil/", SERVICES, SERVICES],
    ["https://dev.azure.com/contoso/../evil/", SERVICES, SERVICES],
    ["https://dev.azure.com%2fcontoso@evil.example/", SERVICES, SERVICES],
    ["https://dev.azure.com:444/contoso/", SERVICES, SERVICES],
    ["https://dev.azure.com./contoso/", SERVICES, SERVICES],
    ["https://contoso.visualstudio.com.evil.example/", SERVICES, SERVICES],
    ["https://evil.contoso.visualstudio.com/", OLDER, OLDER],
    ["no address", SERVICES, SERVICES],
  ];
  for (const [said, connected, expected] of cases)
    it(`is ${expected} where the variable says ${said} and the agent is connected to ${connected}`, () => {
      assert.equal(collectionOf(said, connected), expected);
    });
});
