// Deployments: traffic over time, the steps of a rollout with their verdicts, rollbacks and failures.
import type { RunRecord } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import { assetName, strategyText } from "../model/format.ts";
import { trafficHistory } from "../model/traffic.ts";
import { Facts, Link, Mark, Omitted, Section, Table, Time } from "./basics.tsx";
import { Chart } from "./chart.tsx";

type Deployment = NonNullable<RunRecord["deployment"]>;
type RolloutStep = NonNullable<Deployment["steps"]>[number];

const VERDICTS = {
  pass: { outcome: "passed", word: "passed" },
  fail: { outcome: "failed", word: "failed" },
  inconclusive: { outcome: "warned", word: "inconclusive" },
} as const;

const sharesText = (traffic: Readonly<Record<string, number>> | undefined): string | undefined =>
  traffic &&
  (Object.entries(traffic)
    .map(([name, share]) => `${name} ${share} %`)
    .join(", ") ||
    "none");

export function Deployments({ steps }: { steps: readonly Step[] }) {
  const deployed = steps.filter(({ record }) => record.deployment ?? record.rollback ?? record.invocation);
  if (deployed.length === 0) return null;
  return (
    <Section id="deployments" title="Deployments and traffic">
      {deployed.map((step) => (
        <article key={step.id} class="part">
          <h3>{step.name}</h3>
          <OneDeployment step={step} />
          <Rollback record={step.record} />
          <Invocation record={step.record} />
        </article>
      ))}
    </Section>
  );
}

function OneDeployment({ step }: { step: Step }) {
  const { deployment, omitted } = step.record;
  if (!deployment) return null;
  const history = trafficHistory(step.record);
  const { failure } = deployment;
  return (
    <>
      <Facts
        rows={[
          ["Endpoint", <Link text={deployment.endpoint} url={deployment.studioUrl} />],
          ["Deployment", deployment.name],
          ["Model", deployment.model && assetName(deployment.model)],
          ["Strategy", deployment.strategy && strategyText(deployment.strategy)],
          ["State", deployment.state],
          ["Traffic before", sharesText(deployment.trafficBefore)],
          ["Traffic now", sharesText(deployment.traffic)],
          ["Autoscale", deployment.autoscale],
          ["Failure", failure?.kind && `${failure.kind}${failure.code ? ` (${failure.code})` : ""}`],
          ["It means", failure?.means],
          ["To do", failure?.remedy],
          ["Guide", failure?.guide && <Link text={failure.guide} url={failure.guide} />],
        ]}
      />
      {failure?.lastLine && <pre class="error">{failure.lastLine}</pre>}
      {history && (
        <Chart
          title={`Traffic of ${deployment.endpoint}`}
          along="Time"
          places={history.times}
          lines={history.curves.map(({ name, shares }) => ({ name, values: shares }))}
          isTime
          isStepped
          unit=" %"
        />
      )}
      <Rollout deployment={deployment} />
      <Omitted omitted={omitted} list="deployment.steps" />
    </>
  );
}

function Rollout({ deployment: { steps = [], strategy, name } }: { deployment: Deployment }) {
  if (steps.length === 0) return null;
  const reasonsOf = ({ reasons = [], rules = [] }: RolloutStep) => [
    ...reasons.filter((one) => !rules.some(({ sentence }) => one.includes(sentence))),
  ];
  return (
    <Table<RolloutStep>
      caption={`Steps of the rollout of ${name}`}
      rows={steps}
      columns={[
        { title: strategy === "shadow" ? "Copies" : "Traffic", isNumber: true, cell: ({ share }) => `${share} %` },
        {
          title: "Verdict",
          cell: ({ outcome }) => (outcome === undefined ? "not judged" : <Mark {...VERDICTS[outcome]} />),
        },
        { title: "Since", cell: ({ since }) => <Time iso={since} /> },
        { title: "Until", cell: ({ until }) => <Time iso={until} /> },
        {
          title: "Reasons",
          cell: (step) => (
            <ul class="plain">
              {reasonsOf(step).map((reason, index) => (
                <li key={index}>{reason}</li>
              ))}
              {step.rules?.map((rule, index) => (
                <li key={`rule ${index}`}>
                  <Mark {...VERDICTS[rule.outcome]} /> <code>{rule.rule}</code> {rule.sentence}
                </li>
              ))}
            </ul>
          ),
        },
      ]}
    />
  );
}

function Rollback({ record: { rollback } }: { record: RunRecord }) {
  if (!rollback) return null;
  return (
    <Facts
      rows={[
        ["Endpoint", rollback.endpoint],
        ["Rolled back to", rollback.to],
        ["Because", rollback.reason],
        ["From", rollback.from?.join(", ")],
        ["Rollout that it ended", rollback.ended],
        ["Changed", rollback.changed === undefined ? undefined : rollback.changed ? "yes" : "no"],
        ["Traffic before", sharesText(rollback.trafficBefore)],
        ["Traffic now", sharesText(rollback.traffic)],
      ]}
    />
  );
}

function Invocation({ record: { invocation } }: { record: RunRecord }) {
  if (!invocation) return null;
  const expectations = invocation.expectations ?? [];
  return (
    <>
      <Facts
        rows={[
          ["Called", `${invocation.endpoint}${invocation.deployment ? `/${invocation.deployment}` : ""}`],
          ["Answer", `status ${invocation.statusCode} after ${Math.round(invocation.latencyInMilliseconds)} ms`],
        ]}
      />
      {invocation.reply && <pre>{invocation.reply}</pre>}
      {expectations.length > 0 && (
        <Table
          caption="Expectations of the call"
          rows={expectations}
          columns={[
            {
              title: "Result",
              cell: ({ passed }) => <Mark outcome={passed ? "passed" : "failed"} word={passed ? "passed" : "failed"} />,
            },
            { title: "Expectation", cell: ({ rule }) => <code>{rule}</code> },
            { title: "Reason", cell: ({ detail }) => detail },
          ]}
        />
      )}
    </>
  );
}
