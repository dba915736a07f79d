// The rules of one cloud while it runs: which of them meets what, how often it has, and what then is to happen.
import { meets, operationOf } from "./patterns.ts";
import type {
  DeploymentRule,
  EndpointRule,
  JobEffect,
  JobRule,
  OperationEffect,
  Plane,
  RequestRule,
  Rule,
  ScoringEffect,
  ScoringRule,
} from "./rules.ts";

/** A rule that matched and took effect. */
export interface Meeting {
  readonly rule: Rule;
  /** The request or job that it matched: `PUT arm /subscriptions/…`, `job train-7`. */
  readonly what: string;
  /** The number of matches so far. */
  readonly count: number;
}

export interface MetRequest {
  readonly plane: Plane;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

export interface MetJob {
  readonly name: string;
  readonly displayName: string;
  readonly experiment: string;
  readonly type: string;
  readonly step?: string | undefined;
  readonly parent?: { readonly name: string; readonly displayName: string } | undefined;
}

export class Scenarios {
  readonly #rules: Rule[] = [];
  readonly #seen = new Map<Rule, number>();
  readonly #met: Meeting[] = [];
  /** The part of a request that each rule with a share is still to meet. */
  readonly #due = new Map<Rule, number>();
  /** Told at every meeting. */
  onMeeting: (meeting: Meeting) => void = () => {};

  constructor(rules: readonly Rule[] = []) {
    this.add(rules);
  }

  /** Adds rules behind those there are. */
  add(rules: readonly Rule[]): void {
    this.#rules.push(...rules);
  }

  /** Forgets all rules, and what they met. */
  clear(): void {
    this.#rules.length = 0;
    this.#seen.clear();
    this.#due.clear();
    this.#met.length = 0;
  }

  /** The matches of the rule of this name, or of any, oldest first. */
  met(name?: string): readonly Meeting[] {
    return this.#met.filter(({ rule }) => name === undefined || rule.name === name);
  }

  /** Rules that have not met anything. */
  unmet(): readonly Rule[] {
    const met = new Set(this.#met.map(({ rule }) => rule));
    return this.#rules.filter((rule) => !met.has(rule));
  }

  /** The rule for a request: the first that matches and is not used up; undefined where there is none. */
  request(request: MetRequest): RequestRule | undefined {
    const operation = request.plane === "arm" ? operationOf(request.method, request.path) : undefined;
    for (const rule of this.#of<RequestRule>("request")) {
      if (
        isRequest(rule, request, operation) &&
        this.#touches(rule, `${request.method} ${request.plane} ${request.path}`)
      )
        return rule;
    }
    return undefined;
  }

  /** Effects on a job: all rules that match it, earlier ones first. Evaluated once, at submission. */
  job(job: MetJob): JobEffect {
    return this.#together<JobRule>("job", (rule) => isJob(rule, job), `job ${job.name}`);
  }

  /** The same for an operation on an endpoint, online or batch. */
  endpoint(name: string): OperationEffect {
    return this.#together<EndpointRule>("endpoint", (rule) => meets(rule.match.name, name), `endpoint ${name}`);
  }

  /** The same for an operation that makes or changes a deployment. */
  deployment(endpoint: string, name: string): OperationEffect {
    const isMet = ({ match }: DeploymentRule) => meets(match.endpoint, endpoint) && meets(match.name, name);
    return this.#together<DeploymentRule>("deployment", isMet, `deployment ${endpoint}/${name}`);
  }

  /** Effects on a request that a deployment is to answer. A share is exact over the requests that its rule meets. */
  scoring(endpoint: string, deployment: string): ScoringEffect & { readonly name?: string } {
    const found = this.#of<ScoringRule>("scoring").filter((rule) => {
      const { match, effect } = rule;
      if (!meets(match.endpoint, endpoint) || !meets(match.deployment, deployment)) return false;
      if (!this.#counts(rule)) return false;
      // Thousandths are whole numbers: tenths added up are not.
      const due = (this.#due.get(rule) ?? 0) + Math.round((effect.share ?? 1) * 1_000);
      this.#due.set(rule, due % 1_000);
      if (due < 1_000) return false;
      // Told once: there may be thousands.
      if (!this.#met.some((one) => one.rule === rule)) this.#tell(rule, `scoring ${endpoint}/${deployment}`);
      return true;
    });
    const effects = found.map(({ effect, name }) => ({ ...effect, name }));
    return Object.assign({}, ...effects.toReversed());
  }

  #together<R extends JobRule | EndpointRule | DeploymentRule>(
    kind: R["kind"],
    isMet: (rule: R) => boolean,
    what: string,
  ): R["effect"] {
    const effects = this.#of<R>(kind)
      .filter((rule) => isMet(rule) && this.#touches(rule, what))
      .map((rule) => rule.effect);
    return Object.assign({}, ...effects.toReversed());
  }

  #of<R extends Rule>(kind: R["kind"]): R[] {
    return this.#rules.filter((rule) => rule.kind === kind) as R[];
  }

  /** Counts a meeting. @returns whether it is one that the rule touches */
  #touches(rule: Rule, what: string): boolean {
    if (!this.#counts(rule)) return false;
    this.#tell(rule, what);
    return true;
  }

  #counts(rule: Rule): boolean {
    const seen = (this.#seen.get(rule) ?? 0) + 1;
    this.#seen.set(rule, seen);
    const count = seen - rule.skip;
    return count >= 1 && (rule.times === undefined || count <= rule.times);
  }

  #tell(rule: Rule, what: string): void {
    const meeting = { rule, what, count: (this.#seen.get(rule) ?? 0) - rule.skip };
    this.#met.push(meeting);
    this.onMeeting(meeting);
  }
}

function isRequest({ match }: RequestRule, request: MetRequest, operation: string | undefined): boolean {
  return (
    (match.plane === undefined || match.plane === request.plane) &&
    (match.method === undefined || match.method === request.method) &&
    meets(match.path, request.path) &&
    (meets(match.operation, operation) ||
      // `jobs/write` is what ends so.
      (operation !== undefined && meets(`**/${match.operation}`, operation)))
  );
}

function isJob({ match }: JobRule, job: MetJob): boolean {
  const { parent } = job;
  return (
    meets(match.name, job.name) &&
    meets(match.displayName, job.displayName) &&
    meets(match.experiment, job.experiment) &&
    meets(match.type, job.type) &&
    meets(match.step, job.step) &&
    (match.parent === undefined || meets(match.parent, parent?.name) || meets(match.parent, parent?.displayName))
  );
}
