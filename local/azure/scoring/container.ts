// One deployment's container, as far as there is one: model and code brought to a folder, and the process that scores.
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import type { OperationError } from "../arm/operations.ts";
import { ImageError } from "../environments/provision.ts";
import { bring, bringCode } from "../jobs/running/inputs.ts";
import { logEvent } from "../monitor/container-events.ts";
import type { DeploymentRecord } from "../records/online-endpoint.ts";
import { locate } from "../workspace/locate.ts";
import type { AzureWorld } from "../world/world.ts";
import { type CollectorSink, openSink } from "./collector-sink.ts";
import type { ContainerEvent } from "./log-report.ts";
import { ContainerLog, ScoringProcess } from "./process.ts";
import { mlflowScript, prepareRuntime, type Runtime } from "./runtime.ts";

/** Host variables that a scoring script may see. */
const hostVariables = ["LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONNOUSERSITE"];

/**
 * The error of a deployment that failed to start. Codes are those of docs/facts/azureml-services.md#6.3; which of them the
 * service gives to which fault, and its words, are in no recording: not verified against live Azure.
 */
export class DeploymentFailure extends Error {
  readonly error: OperationError;
  constructor(code: string, message: string) {
    super(message);
    this.error = { code, message };
  }
}

/** The containers of one deployment: StorageInitializer, which brings the files, and InferenceServer, which scores. */
export class Container {
  readonly events: ContainerEvent[] = [];
  readonly logs = { StorageInitializer: new ContainerLog(), InferenceServer: new ContainerLog() };
  private readonly world: AzureWorld;
  private readonly deployment: DeploymentRecord;
  private folder: string | undefined;
  private process: ScoringProcess | undefined;
  private stopped = false;
  /** Requests that it works on. */
  private working = 0;
  private idle: (() => void) | undefined;
  /** The instance that it runs on, which stays the same when it is started again. */
  readonly instance = randomUUID();
  private sink: CollectorSink | undefined;
  private livePort: number | undefined;
  private modelDirectory: string | undefined;
  private runtime: Runtime | undefined;

  constructor(world: AzureWorld, deployment: DeploymentRecord) {
    this.world = world;
    this.deployment = deployment;
  }

  /** The loopback port that answers /score; undefined while the script is not (or no longer) there. */
  get port(): number | undefined {
    return this.process?.running === true ? this.livePort : undefined;
  }

  /** The process that scores; undefined while there is none. */
  get pid(): number | undefined {
    return this.process?.running === true ? this.process.pid : undefined;
  }

  /** Kills the process as the kernel does for want of memory; the container starts it again. */
  kill(): void {
    this.logs.InferenceServer.add("local Azure, simulated: a scenario lets this container run out of memory.\nKilled");
    this.process?.kill();
  }

  /** Brings the files and starts the script. @throws DeploymentFailure */
  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), "scoring-"));
    this.modelDirectory = await this.bringFiles(this.folder);
    this.runtime = await this.prepare(this.folder);
    this.sink = await openSink(this.world, this.deployment, this.folder, this.instance);
    if (this.stopped) {
      await this.sink?.close();
      throw new DeploymentFailure("OperationCanceled", "The deployment was deleted while it was made.");
    }
    await this.serve(this.folder);
  }

  /** Does `work`, a request to this container, and remembers meanwhile that it is busy. */
  async busy<T>(work: () => Promise<T>): Promise<T> {
    this.working += 1;
    try {
      return await work();
    } finally {
      this.working -= 1;
      if (this.working === 0) this.idle?.();
    }
  }

  /** Stops once it has finished what it works on: another container has taken its place. */
  async retire(): Promise<void> {
    if (this.working > 0 && !this.stopped)
      await new Promise<void>((resolve) => {
        this.idle = resolve;
      });
    await this.stop();
  }

  /** Ends the process and removes the files. The logs stay readable. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.idle?.();
    await this.process?.stop();
    await this.sink?.close();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }

  private tell(name: ContainerEvent["name"], message: string): void {
    const { endpoint, name: deployment } = this.deployment;
    const at = this.world.clock.now();
    // The table has containers, and not the steps of the service.
    if (name === "Created" || name === "Started")
      logEvent(this.world, { endpoint, deployment, instance: this.instance, name, message, at });
    // Events beyond this many are dropped: a crashing container would add them without end.
    if (this.events.length < 100) this.events.push({ name, message, at });
  }

  private async bringFiles(folder: string): Promise<string | undefined> {
    const log = this.logs.StorageInitializer;
    this.tell("Downloading", "Start downloading models");
    const { properties } = this.deployment;
    try {
      const code = properties.codeConfiguration;
      log.add(`Copying code ${code?.codeId ?? "(none)"}`);
      await bringCode(this.world, code?.codeId ?? null, join(folder, "code"));
      const script = join(folder, "code", code?.scoringScript ?? "");
      if (
        code &&
        !(await stat(script).then(
          (found) => found.isFile(),
          () => false,
        ))
      ) {
        throw new DeploymentFailure("BadArgument", `The code has no scoring script '${code.scoringScript}'.`);
      }
      const { model } = properties;
      const directory = typeof model === "string" ? await this.bringModel(model, folder) : undefined;
      if (directory !== undefined) log.add("Copying is complete");
      this.tell("Downloaded", "Models are downloaded successfully");
      return directory;
    } catch (error) {
      log.add(`ERROR: ${(error as Error).message}`);
      if (error instanceof DeploymentFailure) throw error;
      throw new DeploymentFailure("BadArgument", `The storage initializer failed: ${(error as Error).message}`);
    }
  }

  /** A model that is a folder keeps its own name below AZUREML_MODEL_DIR; one that is a file lies there directly. */
  private async bringModel(model: string, folder: string): Promise<string> {
    const [, name = "model", version = "1"] =
      /\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(model) ?? /^(?:azureml:)?([^:]+):([^:]+)$/.exec(model) ?? [];
    const directory = join(folder, "azureml-models", name, version);
    await mkdir(directory, { recursive: true });
    const location = locate(this.world, model, "models");
    this.logs.StorageInitializer.add(`Copying model ${name}:${version}`);
    const isFile =
      location.kind === "url" ||
      (location.path !== "" && (await this.world.blobs.exists(location.container, location.path)));
    await bring(
      this.world,
      location,
      isFile ? directory : join(directory, location.kind === "blob" ? basename(location.path) : ""),
      "any",
    );
    return directory;
  }

  /** @throws DeploymentFailure where the environment cannot be made; its log lies where the service keeps it */
  private async prepare(folder: string): Promise<Runtime> {
    try {
      return await prepareRuntime(this.world, this.deployment.properties.environmentId, this.modelDirectory, folder);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.logs.InferenceServer.add(error.text);
      throw await this.imageFailure(`Image build failed: ${error.message}`, error.id, error.text);
    }
  }

  /** Keeps the log of an image's build where the service does; its failure names the place. The sentence about that is Microsoft's guide's. */
  async imageFailure(message: string, id: string, log: string): Promise<DeploymentFailure> {
    const path = `ImageLogs/${id}/build.log`;
    await this.world.blobs.put("azureml", path, log);
    return new DeploymentFailure(
      "ImageBuildFailure",
      `${message} The build log is available in the workspace blob store "${this.world.storageAccount}" under the path "/azureml/${path}".`,
    );
  }

  private async serve(folder: string): Promise<void> {
    const log = this.logs.InferenceServer;
    const { properties, sku } = this.deployment;
    const code = properties.codeConfiguration;
    const { python, path, sentences } = this.runtime ?? { python: "python3", path: [], sentences: [] };
    for (const sentence of sentences) log.add(`local Azure builds and pulls no image: ${sentence}`);
    if (properties.endpointComputeType === "Kubernetes")
      log.add(
        "local Azure, simulated: there is no Kubernetes cluster; the deployment runs as a process, as a managed one does.",
      );
    log.add(`One process serves, whatever the instance count (${sku.capacity}).`);
    if (this.stopped) throw new DeploymentFailure("OperationCanceled", "The deployment was deleted while it was made.");
    const running = new ScoringProcess({
      appRoot: folder,
      python,
      entryScript: code ? `code/${code.scoringScript}` : mlflowScript,
      environment: this.environment(folder, path),
      log,
    });
    this.process = running;
    // The port of a process that served before is nobody's now.
    this.livePort = undefined;
    this.tell("Created", "Created container inference-server");
    this.tell("Started", "Started container inference-server");
    const patience = this.world.settings.online.ready;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), patience);
    });
    const port = await Promise.race([running.port, late]);
    clearTimeout(timer);
    if (port === "late") {
      await running.stop();
      throw new DeploymentFailure(
        "ResourceNotReady",
        `The container did not become healthy within ${patience / 1000} seconds.`,
      );
    }
    if (port === undefined) {
      const end = await running.ended;
      const how = end.startError?.message ?? (end.code === null ? `signal ${end.signal}` : `exit code ${end.code}`);
      log.add(`The container ended: ${how}`);
      throw new DeploymentFailure(
        "ResourceNotReady",
        `User container has crashed or terminated (${how}). See the logs of the container InferenceServer.`,
      );
    }
    this.livePort = port;
    this.tell("ContainerReady", "Container is ready");
    void this.watch(running);
  }

  /** A container that dies later is started again; what the service answers meanwhile is not recorded. */
  private async watch(running: ScoringProcess): Promise<void> {
    const end = await running.ended;
    if (this.stopped || this.folder === undefined) return;
    this.logs.InferenceServer.add(
      `The container ended: ${end.code === null ? `signal ${end.signal}` : `exit code ${end.code}`}; it is started again`,
    );
    // Later and later, as any container that crashes again and again; by the machine's clock, as a process takes its time.
    for (let pause = 200; ; pause = Math.min(pause * 2, 5_000)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.stopped) return;
      try {
        return await this.serve(this.folder);
      } catch (error) {
        this.logs.InferenceServer.add((error as Error).message);
      }
    }
  }

  private environment(folder: string, programs: readonly string[]): Record<string, string> {
    const kept = Object.fromEntries(
      hostVariables.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]!]])),
    );
    const { reach } = this.world;
    return {
      ...kept,
      PATH: [...programs, process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].join(delimiter),
      HOME: folder,
      TMPDIR: folder,
      PYTHONDONTWRITEBYTECODE: "1",
      ...(this.modelDirectory === undefined ? {} : { AZUREML_MODEL_DIR: this.modelDirectory }),
      ...(reach.proxyUrl === ""
        ? {}
        : { HTTPS_PROXY: reach.proxyUrl, SSL_CERT_FILE: reach.caFile, REQUESTS_CA_BUNDLE: reach.caFile }),
      ...this.sink?.environment,
      ...this.deployment.properties.environmentVariables,
    };
  }
}
