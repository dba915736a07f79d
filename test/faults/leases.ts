// Storage has its own clock, and a task's runs SPEED times as fast: a lease that a lost machine holds for a minute would
// stand for twenty of its minutes. Here it can be had by others after six seconds, which are two minutes of the task's.
import type http from "node:http";
import type { AzureWorld } from "../../local/azure/world.ts";
import { FaultLayer } from "../../local/faults/layer.ts";

/** Milliseconds after which a lease that nobody renewed can be had; long enough for a holder on a busy machine. */
const LIFE = 6_000;

export class FastLeases extends FaultLayer {
  /** When each leased blob's lease was had or renewed last. */
  readonly #leased = new Map<string, number>();

  override inFrontOf(...[listener, handler, world]: Parameters<FaultLayer["inFrontOf"]>): http.RequestListener {
    return super.inFrontOf(listener, listener === "storage" ? this.#leasing(handler, world) : handler, world);
  }

  #leasing(handler: http.RequestListener, world: () => AzureWorld): http.RequestListener {
    return (request, response) => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      if (!/(^|&)comp=lease(&|$)/.test(query)) return handler(request, response);
      const action = String(request.headers["x-ms-lease-action"] ?? "").toLowerCase();
      const end = response.end.bind(response) as (...parts: unknown[]) => http.ServerResponse;
      response.end = ((...parts: unknown[]) => {
        if (response.statusCode < 300) {
          if (/^(acquire|renew)$/.test(action)) this.#leased.set(path, performance.now());
          if (/^(release|break)$/.test(action)) this.#leased.delete(path);
        }
        return end(...parts);
      }) as typeof response.end;
      const since = this.#leased.get(path);
      if (action !== "acquire" || since === undefined || performance.now() - since < LIFE)
        return handler(request, response);
      // It may have been given up just now.
      void breakLease(world(), path)
        .catch(() => {})
        .then(() => handler(request, response));
    };
  }
}

async function breakLease({ blobs }: AzureWorld, path: string): Promise<void> {
  const [container = "", ...name] = path.slice(1).split("/").map(decodeURIComponent);
  const blob = (await blobs.container(container)).getBlobClient(name.join("/"));
  await blob.getBlobLeaseClient().breakLease(0);
}
