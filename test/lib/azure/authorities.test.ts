// Authorities that the transport trusts on each Node of an agent: those of Node, of NODE_EXTRA_CA_CERTS and of the agent.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { machineNodes } from "../../../local/agent/index.ts";
import { makeAuthority } from "../../../local/network/tls.ts";
import { NODES, needsNode } from "../../harness/bench.ts";

const root = path.resolve(import.meta.dirname, "../../..");

/**
 * Asks each address by a transport with a CA file, and by one without. Prints what came of it, and how many of the authorities that
 * Node brings stand in the store of the first: a context finds the issuer of its own certificate there, and these issued themselves.
 */
const PROGRAM = `
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { createTransport } from "./lib/azure/index.ts";
const [caFile, ...urls] = process.argv.slice(1);
const answers = {};
for (const [name, options] of [["with", { caFile }], ["without", {}]]) {
  const transport = createTransport({ userAgent: "test", ...options });
  answers[name] = await Promise.all(urls.map((url) =>
    transport.httpClient.sendRequest(createPipelineRequest({ url })).then(({ status }) => status, ({ message }) => message)));
  transport.close();
}
const request = createPipelineRequest({ url: "https://localhost:1/" });
await createTransport({ userAgent: "test", caFile }).httpClient.sendRequest(request).catch(() => {});
const knows = ({ context }) => tls.rootCertificates.filter((root) => {
  context.setCert(root);
  return context.getIssuer() !== null;
}).length;
answers.roots = {
  brought: tls.rootCertificates.length,
  known: knows(request.requestOverrides.secureContext),
  knownWithoutThem: knows(tls.createSecureContext({ ca: readFileSync(caFile) })),
};
console.log(JSON.stringify(answers));
`;

describe("the authorities that the transport trusts", () => {
  const made = mkdtempSync(path.join(tmpdir(), "azure-ml-authorities-"));
  const servers: ReturnType<typeof createServer>[] = [];
  after(() => {
    for (const server of servers) server.close();
    rmSync(made, { recursive: true, force: true });
  });

  /** A server with an authority of its own. */
  const serverOf = async (name: string) => {
    const { caPem, certPem, keyPem } = await makeAuthority();
    const caFile = path.join(made, `${name}.pem`);
    writeFileSync(caFile, caPem);
    const server = createServer({ cert: certPem, key: keyPem }, (_request, response) => response.end("{}"));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { caFile, url: `https://localhost:${(server.address() as AddressInfo).port}/` };
  };

  for (const node of NODES)
    it(`are on Node ${node} those of Node, of NODE_EXTRA_CA_CERTS and of the agent's file, which no other transport trusts`, async function () {
      needsNode(this as unknown as Mocha.Context, node);
      const nodes = machineNodes();
      const binary = node === "24" ? nodes.node24 : nodes.node20_1;
      assert.ok(binary);
      const [extra, agents, strange] = await Promise.all(["extra", "agents", "strange"].map(serverOf));
      assert.ok(extra && agents && strange);
      const urls = [extra.url, agents.url, strange.url];
      const args = ["--import=tsx", "--input-type=module", "--eval", PROGRAM, "--", agents.caFile, ...urls];
      const { stdout } = await promisify(execFile)(binary, args, {
        cwd: root,
        env: { ...process.env, NODE_EXTRA_CA_CERTS: extra.caFile },
      });
      const { with: trusting, without, roots } = JSON.parse(stdout);
      assert.ok(roots.brought > 100);
      assert.deepEqual(roots, { brought: roots.brought, known: roots.brought, knownWithoutThem: 0 });
      assert.deepEqual(trusting.slice(0, 2), [200, 200]);
      assert.match(trusting[2], /certificate/);
      assert.equal(without[0], 200);
      for (const answer of without.slice(1)) assert.match(answer, /certificate/);
    });
});
