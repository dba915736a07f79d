// Monitors in the hub: the newest result of each monitor and each endpoint's health, and what they found over time.
import { useMemo } from "preact/hooks";
import { counted } from "../../lib/record/index.ts";
import { brokenIn } from "../model/monitor-history.ts";
import { Fold, Link, Section, Table, Time } from "../view/basics.tsx";
import { Charts } from "../view/chart.tsx";
import { State } from "../view/state.tsx";
import type { RunName } from "./endpoints.ts";
import { type MonitorHistory, monitorCharts } from "./history.ts";

type PageOf = (run: RunName) => string;

export function Monitors({ histories, pageOf }: { histories: readonly MonitorHistory[]; pageOf: PageOf }) {
  if (histories.length === 0) return null;
  return (
    <Section id="monitors" title="Monitors and endpoint health">
      <p class="note">As the steps of AzureMLCheckMonitor read them; how old a result is stands beside it.</p>
      {histories.map((history) => (
        <OneMonitor key={history.key} history={history} pageOf={pageOf} />
      ))}
    </Section>
  );
}

function OneMonitor({ history, pageOf }: { history: MonitorHistory; pageOf: PageOf }) {
  const { title, workspace, results } = history;
  const [newest] = results;
  if (newest === undefined) return null;
  const { monitor, at, run } = newest;
  return (
    <article class="part">
      <h3>
        {title}
        {workspace && ` (${workspace.name})`}
      </h3>
      <p>
        <State of={monitor.outcome} />, <Time iso={at} />, read by{" "}
        <Link text={`${run.pipeline} ${run.number}`.trim()} url={pageOf(run)} />
      </p>
      {monitor.outcome !== "healthy" && (monitor.reasons?.length ?? 0) > 0 && <p>{monitor.reasons?.join(" ")}</p>}
      <Fold title={`Over time (${counted(results.length, "result")})`}>
        {() => <OverTime history={history} pageOf={pageOf} />}
      </Fold>
    </article>
  );
}

function OverTime({ history, pageOf }: { history: MonitorHistory; pageOf: PageOf }) {
  const { title, results } = history;
  const charts = useMemo(() => monitorCharts(history), [history]);
  return (
    <>
      <Charts of={charts} />
      <Table
        caption={`Results of ${title}, the newest first`}
        rows={results}
        columns={[
          { title: "When", cell: ({ at }) => <Time iso={at} /> },
          { title: "State", cell: ({ monitor }) => <State of={monitor.outcome} /> },
          {
            title: "What broke",
            cell: ({ monitor }) => brokenIn(monitor),
          },
          {
            title: "Run",
            cell: ({ run }) => <Link text={`${run.pipeline} ${run.number}`.trim()} url={pageOf(run)} />,
          },
        ]}
      />
    </>
  );
}
