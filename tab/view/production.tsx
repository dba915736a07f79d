// In production: what monitors of models found, metric by metric, and how endpoints do.
import type { Step } from "../load.ts";
import { numberText } from "../model/format.ts";
import { Facts, Link, Mark, Omitted, Section, Table, Time } from "./basics.tsx";
import { OverTime } from "./over-time.tsx";
import { State } from "./state.tsx";

const shown = (value: number | undefined): string => (value === undefined ? "" : numberText(value));

export function Production({ steps }: { steps: readonly Step[] }) {
  const looked = steps.flatMap(({ id, name, record }) =>
    record.monitor ? [{ id, name, record, monitor: record.monitor }] : [],
  );
  if (looked.length === 0) return null;
  return (
    <Section id="production" title="In production">
      {looked.map(({ id, name, record, monitor }) => (
        <article key={id} class="part">
          <h3>{monitor.name ?? monitor.endpoint ?? name}</h3>
          <Facts
            rows={[
              ["State", <State of={monitor.outcome} />],
              ["Run of the monitor", monitor.job && <Link text={monitor.job} url={monitor.studioUrl} />],
              ["Began", monitor.at && <Time iso={monitor.at} />],
              ["Endpoint", monitor.endpoint && <code>{monitor.endpoint}</code>],
              [
                "Window",
                monitor.from && (
                  <>
                    <Time iso={monitor.from} /> to <Time iso={monitor.to} />
                  </>
                ),
              ],
            ]}
          />
          {!monitor.signals?.length && !monitor.deployments?.length && <p>{monitor.reasons?.join(" ")}</p>}
          {(monitor.signals?.length ?? 0) > 0 && (
            <Table
              caption={`Signals of ${monitor.name ?? name}`}
              rows={monitor.signals ?? []}
              columns={[
                { title: "Signal", cell: (signal) => <code>{signal.name}</code> },
                { title: "State", cell: (signal) => <State of={signal.outcome} /> },
                { title: "Type", cell: (signal) => signal.type },
                { title: "Rows", isNumber: true, cell: (signal) => shown(signal.production) },
                { title: "Why", cell: (signal) => signal.sentence },
              ]}
            />
          )}
          {(monitor.signals ?? []).map((signal) =>
            signal.metrics?.length ? (
              <Table
                key={signal.name}
                caption={`Metrics of ${signal.name}`}
                rows={signal.metrics}
                columns={[
                  { title: "Metric", cell: (one) => one.metric },
                  { title: "Of", cell: (one) => one.of && <code>{one.of}</code> },
                  { title: "Value", isNumber: true, cell: (one) => shown(one.value) },
                  { title: "Threshold", isNumber: true, cell: (one) => shown(one.threshold) },
                  { title: "State", cell: (one) => one.broken && <Mark outcome="failed" word="broken" /> },
                ]}
              />
            ) : null,
          )}
          {(monitor.deployments?.length ?? 0) > 0 && (
            <Table
              caption={`Deployments of ${monitor.endpoint ?? name}`}
              rows={monitor.deployments ?? []}
              columns={[
                { title: "Deployment", cell: (one) => <code>{one.name}</code> },
                { title: "State", cell: (one) => <State of={one.outcome} /> },
                { title: "Requests", isNumber: true, cell: (one) => shown(one.numbers?.["requests"]) },
                { title: "Error rate", isNumber: true, cell: (one) => shown(one.numbers?.["errorRate"]) },
                { title: "P95 (ms)", isNumber: true, cell: (one) => shown(one.numbers?.["latencyP95"]) },
                { title: "Why", cell: (one) => one.reasons?.join(" ") },
              ]}
            />
          )}
          <Omitted omitted={record.omitted} list="monitor.signals" />
          <OverTime monitor={monitor} omitted={record.omitted} />
        </article>
      ))}
    </Section>
  );
}
