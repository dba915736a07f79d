// One client of the local cloud, told from others by a proxy of its own: the jobs that the cloud runs are clients too, and log their metrics
// while the next step is measured.
import type { LocalCloud } from "../../local/cloud.ts";
import type { Exchange } from "../../local/network/har.ts";
import type { Proxy as ClientProxy } from "../../local/network/proxy.ts";

export class Client {
  readonly #cloud: LocalCloud;
  readonly #proxy: ClientProxy;

  private constructor(cloud: LocalCloud, proxy: ClientProxy) {
    this.#cloud = cloud;
    this.#proxy = proxy;
  }

  static async open(cloud: LocalCloud): Promise<Client> {
    return new Client(cloud, await cloud.openProxy());
  }

  /** For the agent: what goes through it is this client's. */
  get network() {
    return { proxyUrl: this.#proxy.url, caFile: this.#cloud.caFile };
  }

  /** Whether this client sent that request, and to Azure. */
  readonly sent = ({ listener, connection, url }: Exchange): boolean =>
    listener !== "devops" && this.#proxy.carried(connection, new URL(url).port);

  /** Its exchanges with Azure so far. */
  count(): number {
    return this.#cloud.har.count(this.sent);
  }

  async close(): Promise<void> {
    await this.#proxy.close();
  }
}
