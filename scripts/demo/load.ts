// A steady load on an online endpoint: so many requests a second, whatever becomes of them, and what became of them.
import https from "node:https";

interface LoadTarget {
  readonly scoringUri: string;
  readonly key: string;
}

export interface LoadOptions {
  /** Asked before each request, since an endpoint may get another key. */
  readonly target: () => LoadTarget;
  /** Requests a second. */
  readonly rate: number;
  /** Requests under way at a time; 50 where absent, far below the 200 of an instance from which on it refuses them. */
  readonly most?: number;
  readonly body: string;
  /** Trusts the endpoint's certificate; the load does not close it. */
  readonly agent?: https.Agent;
}

/** Answers of one deployment, which names itself in a header. */
interface DeploymentLoad {
  readonly answered: number;
  /** Those of them that were no 200. */
  readonly failed: number;
}

export interface LoadReport {
  readonly sent: number;
  /** Those that were due while as many as may be were under way: they were never sent. */
  readonly heldBack: number;
  /** By the deployment that answered; `none` where no deployment did. */
  readonly deployments: Readonly<Record<string, DeploymentLoad>>;
  /** The first failures, with the deployment and the status; at most fifty. */
  readonly failures: readonly string[];
}

export interface Load {
  /** The outcomes of the requests so far; of those that are under way nothing is known. */
  report(): LoadReport;
  /** Sends no more, and waits for what is under way. */
  stop(): Promise<LoadReport>;
}

const MOST_FAILURES = 50;
const MOST_UNDER_WAY = 50;

/**
 * A slow answer delays no other request, until too many are under way: a machine that answers slower than the rate gets fewer requests, and
 * never so many that an endpoint refuses them or answers too late for no fault of its own.
 */
export function startLoad({ target, rate, most = MOST_UNDER_WAY, body, agent }: LoadOptions): Load {
  const deployments: Record<string, { answered: number; failed: number }> = {};
  const failures: string[] = [];
  const flying = new Set<Promise<void>>();
  let sent = 0;
  let heldBack = 0;
  const count = (deployment: string, failure: string | undefined) => {
    deployments[deployment] ??= { answered: 0, failed: 0 };
    const one = deployments[deployment];
    one.answered += 1;
    if (failure === undefined) return;
    one.failed += 1;
    if (failures.length < MOST_FAILURES) failures.push(`${deployment}: ${failure}`);
  };
  const call = () =>
    new Promise<void>((resolve) => {
      const { scoringUri, key } = target();
      const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
      const options = { method: "POST", headers, ...(agent === undefined ? {} : { agent }) };
      const fail = (error: Error) => {
        count("none", error.message);
        resolve();
      };
      const request = https.request(scoringUri, options, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          if (text.length < 200) text += piece;
        });
        answer.once("error", fail);
        answer.once("end", () => {
          const deployment = String(answer.headers["azureml-model-deployment"] ?? "none");
          count(deployment, answer.statusCode === 200 ? undefined : `${answer.statusCode} ${text.slice(0, 200)}`);
          resolve();
        });
      });
      request.once("error", fail);
      request.end(body);
    });
  const began = performance.now();
  // As many as are due: a timer that comes late sends those that it missed.
  const timer = setInterval(
    () => {
      for (const due = ((performance.now() - began) * rate) / 1_000; sent + heldBack < due; ) {
        if (flying.size >= most) {
          heldBack += 1;
          continue;
        }
        sent += 1;
        const one = call().finally(() => flying.delete(one));
        flying.add(one);
      }
    },
    Math.max(5, 1_000 / rate),
  );
  const report = (): LoadReport => ({
    sent,
    heldBack,
    deployments: Object.fromEntries(Object.entries(deployments).map(([name, one]) => [name, { ...one }])),
    failures: [...failures],
  });
  return {
    report,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(flying);
      return report();
    },
  };
}
