// Leases under a fast clock. Storage has its own clock, and a task's runs SPEED times as fast: a lease of half a minute would stand for ten
// of its minutes. Here one whose holder has ended can be had after the task's half minute, as it is for real; one whose holder may live
// after four times as long, since a holder on a busy machine renews late.
import type http from "node:http";
import type { AzureWorld } from "../../local/azure/world/world.ts";
import { FaultLayer } from "../../local/faults/layer.ts";
import { SPEED } from "./clock.ts";

/** Milliseconds of this machine after which a lease that nobody renewed can be had. */
const LIFE = 30_000 / SPEED;
const LIFE_OF_BUSY = 4 * LIFE;

interface Leased {
  /** When it was had or renewed last. */
  readonly at: number;
  readonly holderMayLive: () => boolean;
}

export class FastLeases extends FaultLayer {
  /** By the blob's path. */
  readonly #leased = new Map<string, Leased>();

  override inFrontOf(...[listener, handler, world]: Parameters<FaultLayer["inFrontOf"]>): http.RequestListener {
    return super.inFrontOf(listener, listener === "storage" ? this.#leasing(handler, world) : handler, world);
  }

  #leasing(handler: http.RequestListener, world: () => AzureWorld): http.RequestListener {
    return (request, response) => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      if (!/(^|&)comp=lease(&|$)/.test(query)) return handler(request, response);
      const action = String(request.headers["x-ms-lease-action"] ?? "").toLowerCase();
      const holderMayLive = this.senderOf(request)?.mayLive ?? (() => true);
      const end = response.end.bind(response) as (...parts: unknown[]) => http.ServerResponse;
      response.end = ((...parts: unknown[]) => {
        if (response.statusCode < 300) {
          if (/^(acquire|renew)$/.test(action)) this.#leased.set(path, { at: performance.now(), holderMayLive });
          if (/^(release|break)$/.test(action)) this.#leased.delete(path);
        }
        return end(...parts);
      }) as typeof response.end;
      const leased = this.#leased.get(path);
      if (action !== "acquire" || leased === undefined) return handler(request, response);
      const life = leased.holderMayLive() ? LIFE_OF_BUSY : LIFE;
      if (performance.now() - leased.at < life) return handler(request, response);
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
