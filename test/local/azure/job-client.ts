// Helpers of job tests: submit, wait for a state, read the log and the run.
import assert from "node:assert/strict";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { until } from "../../harness/until.ts";
import { type Answer, ask, tokenOf, workspaceAsk } from "./client.ts";

/** A cloud's jobs as a client sees them. Names are unique per client. */
export class JobClient {
  #cloud: LocalCloud | undefined;
  private token: string | undefined;
  /** Of all clients, since two may ask one cloud: a name that is taken would change the job that has it. */
  private static count = 0;

  constructor(cloud?: LocalCloud) {
    this.#cloud = cloud;
  }

  /**
   * The jobs of a cloud that starts before the suite that calls this, and ends after it.
   * @param o.immediate what has no work of its own takes no time in it
   */
  static ofSuite(o: { readonly immediate?: boolean } = {}): JobClient {
    const client = new JobClient();
    before(async () => {
      client.#cloud = await startCloud();
      if (o.immediate) {
        Object.assign(client.cloud.azure.settings.phases, { starting: 0, preparing: 0, queued: 0, finalizing: 0 });
      }
      await client.prepare();
    });
    after(() => client.#cloud?.close());
    return client;
  }

  get cloud(): LocalCloud {
    if (this.#cloud === undefined) throw new Error("The cloud of this suite has not started.");
    return this.#cloud;
  }

  /** The environment that every job here names. */
  async prepare(): Promise<void> {
    this.token = await tokenOf(this.cloud);
    const answer = await this.arm("PUT", "/environments/plain/versions/1", {
      properties: { image: "mcr.microsoft.com/plain" },
    });
    assert.equal(answer.status, 201);
  }

  name(): string {
    JobClient.count += 1;
    return `job_${JobClient.count}`;
  }

  id(path: string): string {
    return `${this.cloud.azure.workspaceId}/${path}`;
  }

  arm(method: string, path: string, body?: object, apiVersion = "2025-12-01"): Promise<Answer> {
    return workspaceAsk(this.cloud, method, path, {
      token: this.token,
      apiVersion,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Asks a URL that an answer named. */
  armUrl(method: string, url: string): Promise<Answer> {
    return ask(this.cloud, method, url, { token: this.token });
  }

  /** Asks the data plane: `service` as `history/v1.0`, `path` below the workspace. */
  api(method: string, service: string, path: string, body?: object | string): Promise<Answer> {
    const url = `${this.cloud.urls.api}/${service}${this.cloud.azure.workspaceId}${path}`;
    return ask(this.cloud, method, url, { token: this.token, ...(body === undefined ? {} : { body }) });
  }

  mlflow(method: string, path: string, body?: object | string, version = "v2.0"): Promise<Answer> {
    return this.api(method, `mlflow/${version}`, `/api/2.0/mlflow/${path}`, body);
  }

  properties(command: string, more: object = {}): object {
    return {
      properties: {
        jobType: "Command",
        command,
        environmentId: this.id("environments/plain/versions/1"),
        computeId: this.id("computes/cpu-cluster"),
        experimentName: "tests",
        ...more,
      },
    };
  }

  /** Submits a command job and answers its name. */
  async submit(command: string, more: object = {}, name = this.name()): Promise<string> {
    const answer = await this.arm("PUT", `/jobs/${name}`, this.properties(command, more));
    assert.equal(answer.status, 201, answer.text);
    return name;
  }

  async status(name: string): Promise<string> {
    return (await this.arm("GET", `/jobs/${name}`)).body.properties.status;
  }

  /** Looks until the job has one of the states; fails on another terminal one. */
  async until(name: string, ...wanted: string[]): Promise<string> {
    return until(`${name} is ${wanted.join(" or ")}`, async () => {
      const status = await this.status(name);
      if (wanted.includes(status)) return status;
      if (/^(Completed|Failed|Canceled)$/.test(status)) {
        assert.fail(
          `${name} is ${status}: ${JSON.stringify((await this.details(name)).error)}\n${await this.log(name)}`,
        );
      }
      return "";
    });
  }

  /** Submits and waits for Completed; answers the name. */
  async run(command: string, more: object = {}): Promise<string> {
    const name = await this.submit(command, more);
    await this.until(name, "Completed");
    return name;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a wire body is looked at freely in tests
  async details(name: string): Promise<any> {
    return (await this.api("GET", "history/v1.0", `/runs/${name}/details`)).body;
  }

  /** The log as its signed URL gives it; empty while there is none. */
  async log(name: string, headers: Record<string, string> = {}): Promise<string> {
    const url = (await this.details(name)).logFiles["user_logs/std_log.txt"];
    if (url === undefined) return "";
    const answer = await ask(this.cloud, "GET", url, { headers });
    return answer.status < 300 ? answer.text : "";
  }

  /** The log without the lines that local Azure itself wrote. */
  async said(name: string): Promise<string> {
    return (await this.log(name)).replaceAll(/^\[local Azure, simulated\].*\n/gm, "");
  }

  async blob(container: string, path: string): Promise<string | undefined> {
    return (await this.cloud.azure.blobs.get(container, path))?.toString();
  }

  get blobstore(): string {
    return `azureml-blobstore-${this.cloud.azure.workspaceGuid}`;
  }
}
