// The smoke test of a rollout: calls the new deployment by its name before it gets traffic.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import { NAME_NOT_RESOLVED } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { type Clock, poll, systemClock } from "../../poll.ts";
import { type Endpoint, endpointCredential } from "../endpoints/endpoints.ts";
import { type Call, invoke, type Reply } from "../endpoints/invoke.ts";
import { sameName, shareOf } from "../endpoints/traffic-shares.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { RolloutPlan } from "./rollout-plan.ts";

/**
 * Milliseconds for which a deployment that is said to be ready may refuse its first call: the route to it may come a little
 * later (not verified against live Azure).
 */
const WAKING = 60_000;
/**
 * Milliseconds for which the name of a new endpoint may have no address: a resolver that was asked too early remembers that there was none, for
 * minutes (RFC 2308). How long the names of Azure ML take is not known.
 */
const NAMING = 15 * 60_000;
/** The longest pause between two calls, in milliseconds. */
const PAUSE = 5_000;
/** Milliseconds that are to be left for one more call after a pause: in less it could only end without an answer, and hide why the last one failed. */
const ONCE_MORE = PAUSE + 10_000;

/** The news that nobody has called a deployment: a warning where it gets traffic all the same. */
export function sayUncalled(workspace: Workspace, name: string, plan: RolloutPlan, endpoint: Endpoint): void {
  const { log, azure } = workspace;
  const sentence = `Nobody has called the deployment ${name}, so it is not known whether it works`;
  const [first] = plan.moves;
  const gets = first !== undefined && shareOf(first.traffic, name) > shareOf(endpoint.properties.traffic, name);
  if (gets && !azure.dryRun) {
    log.warn(`${sentence}, and it gets traffic all the same. Give a request with the input requestFile.`);
  } else log.info(`${sentence}: no request file is given.`);
}

const isWaking = ({ kind, status }: TaskError) =>
  status === undefined ? kind === "connection" : [404, 429, 502, 503, 504].includes(status);

/**
 * @param left milliseconds that are left of the step's deadline, which no call outlasts; undefined: no deadline
 * @returns undefined where only a plan is wanted
 * @throws TaskError where it does not answer, or not as expected; with the code NAME_NOT_RESOLVED where its name has no address, which says
 * nothing of the deployment
 */
export async function callBeforeTraffic(
  workspace: Workspace & { readonly clock?: Clock },
  endpoint: Endpoint,
  name: string,
  call: Omit<Call, "deployment">,
  left: () => number | undefined,
): Promise<Reply | undefined> {
  const { log, signal, azure, clock = systemClock } = workspace;
  if (azure.dryRun) {
    log.info(`${name} would be called before it gets traffic.`);
    return undefined;
  }
  const credential = await endpointCredential(workspace, endpoint.name ?? "", endpoint.properties.authMode);
  const begun = clock.now();
  const isTimeLeft = () => (left() ?? Number.POSITIVE_INFINITY) > ONCE_MORE;
  let nameless = false;
  // Once it has an address, the route has its time.
  let givenUp = begun + WAKING;
  const reply = await poll(
    async () => {
      try {
        const asked = { ...call, deployment: name, left: left() };
        return { done: true, value: await invoke(workspace, endpoint, credential, asked) };
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        if (error.code === NAME_NOT_RESOLVED && clock.now() < begun + NAMING && isTimeLeft()) {
          if (!nameless)
            log.info(
              `The name of the endpoint has no address yet. ${name} is called as soon as it has, within 15 minutes and within the step's own time.`,
            );
          nameless = true;
          givenUp = clock.now() + WAKING;
          return { done: false };
        }
        if (error.code !== NAME_NOT_RESOLVED && isWaking(error) && clock.now() < givenUp && isTimeLeft()) {
          log.debug(`Not yet: ${error.message}`);
          return { done: false };
        }
        throw error;
      }
    },
    { what: `${name} to answer`, signal, clock, deadline: NAMING + WAKING * 2, maximum: PAUSE },
  );
  if (reply.deployment !== undefined && !sameName(reply.deployment, name)) {
    throw new TaskError(
      "failed",
      `${reply.deployment} answered in place of ${name}, so the new deployment is not known to work.`,
      { errorCode: "AML1604" },
    );
  }
  const share = shareOf(endpoint.properties.traffic, name);
  log.info(`${name} answered in ${reply.latency} ms at ${share} % of the traffic.`);
  for (const { detail } of reply.expectations) log.remote(`  ${detail}`);
  return reply;
}
