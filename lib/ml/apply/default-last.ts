// The default deployment of a batch endpoint, which is moved once the deployment is ready: an endpoint comes before its deployments, and must not
// send invocations to one that is still being made, or that has failed.
// Tests: test/tasks/apply-batch.test.ts
import type { Planned } from "./planned.ts";

interface Endpoint {
  readonly defaults?: { readonly deployment_name?: string } | undefined;
}
interface Deployment {
  readonly endpoint_name?: string;
}

/** A plan of an endpoint in two parts; `first` is absent where only the default changes. */
interface InTwoParts {
  readonly first: Planned | undefined;
  readonly last: Planned;
}

const isSame = (one = "", other = "") => one.toLowerCase() === other.toLowerCase();

/** Of an endpoint whose default is a deployment that this run writes: what is done before it, and after. Undefined for all others. */
export function inTwoParts(one: Planned, plan: readonly Planned[]): InTwoParts | undefined {
  if (one.of.kind !== "batch endpoint" || one.action === "unchanged") return undefined;
  const wanted = (one.of.document as Endpoint).defaults?.deployment_name;
  const waits = plan.some(
    ({ of, name, action }) =>
      of.kind === "batch deployment" &&
      action !== "unchanged" &&
      isSame((of.document as Deployment).endpoint_name, one.name) &&
      isSame(name, wanted),
  );
  if (wanted === undefined || !waits) return undefined;
  const changes = one.changes.filter(({ path }) => !path.startsWith("properties.defaults"));
  if (one.there !== undefined && changes.length === 0) return { first: undefined, last: one };
  const { defaults: _defaults, ...properties } = one.wanted.properties ?? {};
  const { defaults: _written, ...document } = one.of.document as Endpoint & typeof one.of.document;
  return {
    first: { ...one, changes, wanted: { ...one.wanted, properties }, of: { ...one.of, document } },
    last: { ...one, action: "update" },
  };
}
