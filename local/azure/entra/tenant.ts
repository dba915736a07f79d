// The interface through which local Entra sees the cloud that it signs clients in to.
import type { Environment } from "../arm/clouds.ts";
import type { Directory } from "./directory.ts";

export interface Tenant {
  readonly tenantId: string;
  /** Base URLs without a trailing slash. */
  readonly urls: { readonly login: string; readonly arm: string; readonly logs?: string };
  /** The cloud that this one poses as: which audiences its tokens have. */
  readonly environment: Environment;
  readonly directory: Directory;
  /** Milliseconds: now by the machine's clock, and what a duration of the cloud's clock is by the machine's. */
  readonly clock: { machineNow(): number; onMachine(duration: number): number };
  /** Redacts `value` in recorded traffic and returns it. */
  secret(value: string): string;
}
