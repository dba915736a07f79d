// The Function App as it is deployed: the bundle alone in a folder, with a managed identity, storage by identity, and the
// library's own invocation model around it. Only the host's worker is stood in for.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import * as readline from "node:readline";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../../local/network/tls.ts";
import { buildRelay } from "../../relay/build.ts";
import { modelEvent, type Server, serve, serveRegistered, WORKSPACE } from "./harness.ts";
import { serveReleases } from "./release-server.ts";

interface Invoked {
  readonly error?: string;
  readonly logs: readonly string[];
  readonly status: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** One process with the app in it. */
class Worker {
  readonly registered: Promise<{ name: string; bindings: Record<string, Record<string, unknown>> }[]>;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(folder: string, environment: Record<string, string>) {
    const program = fileURLToPath(new URL("./function-worker.cjs", import.meta.url));
    this.#child = spawn(process.execPath, [program, folder], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    assert.ok(this.#child.stdout !== null);
    this.#lines = readline.createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.registered = this.#next() as typeof this.registered;
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("The worker has ended.");
    return JSON.parse(value);
  }

  async invoke(name: string, method?: string, body?: unknown, headers: Record<string, string> = {}): Promise<Invoked> {
    await this.registered;
    const http =
      method === undefined
        ? undefined
        : {
            method,
            url: `https://relay.azurewebsites.net/api/${name}`,
            headers,
            ...(body === undefined ? {} : { body: { string: JSON.stringify(body) } }),
          };
    this.#child.stdin?.write(`${JSON.stringify({ name, http })}\n`);
    return (await this.#next()) as Invoked;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill();
    await ended;
  }
}

describe("relay: Function App", () => {
  let folder: string;
  let worker: Worker | undefined;
  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "relay-app-"));
    await buildRelay(folder);
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });

  const routes = (organization: string) =>
    JSON.stringify({
      schema: 1,
      organization,
      sources: [WORKSPACE],
      routes: [
        { name: "yaml", start: { kind: "webhook", name: "amlModel", secretSetting: "RELAY_SECRET" } },
        {
          name: "classic",
          when: { model: "credit" },
          start: { kind: "release", project: "breast-cancer", definition: "Deploy credit", alias: "_credit" },
        },
      ],
    });

  it("is three files, of which package.json names the one that runs", () => {
    assert.deepEqual(fs.readdirSync(folder).sort(), ["host.json", "index.js", "package.json", "relay.zip"]);
    const app = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    assert.deepEqual([app.main, app.type, app.dependencies], ["index.js", undefined, undefined]);
    assert.equal(JSON.parse(fs.readFileSync(path.join(folder, "host.json"), "utf8")).version, "2.0");
  });

  it("registers its functions, each behind the function's key", async () => {
    worker = new Worker(folder, {});
    const seen = (await worker.registered).map(({ name, bindings }) => {
      const trigger = Object.values(bindings).find(({ type }) => String(type).endsWith("Trigger"));
      return [name, trigger?.type, trigger?.authLevel, trigger?.methods ?? trigger?.schedule];
    });
    assert.deepEqual(seen, [
      ["events", "httpTrigger", "function", ["POST", "OPTIONS"]],
      ["replay", "httpTrigger", "function", ["GET", "POST"]],
      ["replayTimer", "timerTrigger", undefined, "%RELAY_REPLAY_SCHEDULE%"],
    ]);
  });

  it("keeps events waiting, and fails the timer, while a setting is wrong", async () => {
    worker = new Worker(folder, { RELAY_CONTAINER: "https://localhost:1/stor1/relay", RELAY_ROUTES: '{"schema":1}' });
    const answered = await worker.invoke("events", "POST", [modelEvent("credit", 1)]);
    assert.equal(answered.status, "503");
    assert.match(answered.body, /routes must name at least one route/);
    assert.match(answered.logs.join("\n"), /routes must name at least one route/);
    assert.match((await worker.invoke("replayTimer")).error ?? "", /routes must name at least one route/);
  });

  it("shakes hands without touching its storage", async () => {
    worker = new Worker(folder, {
      RELAY_CONTAINER: "https://localhost:1/stor1/relay",
      RELAY_ROUTES: routes("https://dev.azure.com/contoso"),
    });
    const validation = {
      id: "1",
      eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
      data: { validationCode: "abc" },
    };
    const posted = await worker.invoke("events", "POST", [validation]);
    assert.deepEqual([posted.status, JSON.parse(posted.body)], ["200", { validationResponse: "abc" }]);
    const asked = await worker.invoke("events", "OPTIONS", undefined, {
      "WebHook-Request-Origin": "eventgrid.azure.net",
    });
    assert.equal(asked.status, "200");
    const allowed = Object.entries(asked.headers).find(([name]) => name.toLowerCase() === "webhook-allowed-origin");
    assert.equal(allowed?.[1], "eventgrid.azure.net");
  });

  it("starts both kinds of run with nothing but its identity", async () => {
    const storage = await startStorage();
    const identity = await serveIdentity();
    const releases = await serveReleases();
    const webhooks = await serve(() => ({}));
    const arm = await serveRegistered();
    try {
      const setting = JSON.parse(routes(releases.organization));
      Object.assign(setting, {
        resourceManager: arm.url,
        resourceManagerScope: "https://management.azure.com/.default",
      });
      setting.routes[0].start.organization = `${webhooks.url}/contoso`;
      const environment = {
        RELAY_CONTAINER: `${storage.url}/stor1/relay`,
        RELAY_ROUTES: JSON.stringify(setting),
        RELAY_SECRET: "s3cret",
        IDENTITY_ENDPOINT: `${identity.url}/msi/token`,
        IDENTITY_HEADER: "header",
        AZURE_CLIENT_ID: "00000000-0000-0000-0000-00000000c11e",
        NODE_EXTRA_CA_CERTS: storage.caFile,
      };
      worker = new Worker(folder, environment);
      const event = modelEvent("credit", 7);
      const first = await worker.invoke("events", "POST", [event]);
      assert.equal(first.status, "200", first.body);
      assert.deepEqual(
        JSON.parse(first.body).handled.map((one: { outcome: { kind: string } }) => one.outcome.kind),
        ["started", "started"],
      );
      assert.match(first.logs.join("\n"), /credit:7 started classic/);
      // What it remembers outlives it.
      await worker.close();
      worker = new Worker(folder, environment);
      assert.equal((await worker.invoke("events", "POST", [event])).status, "200");
      assert.equal((await worker.invoke("events", "POST", [modelEvent("credit", 7)])).status, "200");
      assert.equal(webhooks.received.length, 1);
      assert.equal(releases.made.length, 1);
      assert.match(releases.made[0]?.authorization ?? "", /^Bearer .+/);
      assert.deepEqual(
        new Set(identity.received.map(({ query }) => query.get("resource"))),
        new Set(["https://management.azure.com", "https://storage.azure.com", "499b84ac-1321-427f-aa17-267ca6975798"]),
      );
      assert.ok(identity.received.every(({ query }) => query.get("client_id") === environment.AZURE_CLIENT_ID));
      const status = await worker.invoke("replay", "GET");
      const { cursors, deadLetters } = JSON.parse(status.body);
      assert.deepEqual([cursors.length, deadLetters], [2, []]);
    } finally {
      await Promise.all([storage.close(), identity.close(), releases.close(), webhooks.close(), arm.close()]);
    }
  });
});

/** The managed identity endpoint of an app in App Service: a token for whichever resource is asked for. */
function serveIdentity(): Promise<Server> {
  return serve((request) => {
    if (request.headers["x-identity-header"] !== "header") return { status: 401 };
    const resource = request.query.get("resource") ?? "";
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      aud: resource,
      iss: "https://sts.windows.net/00000000-0000-0000-0000-000000000000/",
      iat: now,
      nbf: now - 60,
      exp: now + 3600,
    };
    const token = `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.${part({})}`;
    return { body: { access_token: token, expires_on: String(now + 3600), resource, token_type: "Bearer" } };
  });
}

/** Azurite over TLS that takes tokens, and no key. */
async function startStorage(): Promise<{ url: string; caFile: string; close(): Promise<void> }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "relay-storage-"));
  const { caPem, certPem, keyPem } = await makeAuthority();
  const file = (name: string, text: string) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const caFile = file("ca.pem", caPem);
  const program = createRequire(import.meta.url).resolve("azurite/dist/src/blob/main.js");
  const child = spawn(
    process.execPath,
    [
      program,
      ...[
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        "0",
        "--inMemoryPersistence",
        "--disableTelemetry",
        "--skipApiVersionCheck",
      ],
      ...["--oauth", "basic", "--cert", file("cert.pem", certPem), "--key", file("key.pem", keyPem)],
    ],
    {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", AZURITE_ACCOUNTS: "stor1:c3RvcjE=" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const port = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const found = /listens on https:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    child.once("exit", (code) => reject(new Error(`Azurite ended with ${code}: ${said}`)));
  });
  return {
    url: `https://localhost:${port}`,
    caFile,
    close: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
