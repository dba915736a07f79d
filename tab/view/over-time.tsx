// History over time: how the runs of a monitor and the windows of an endpoint went, from the record alone.
import { useMemo } from "preact/hooks";
import type { Step } from "../load.ts";
import { brokenIn, chartsOver, type PastResult, pastOf } from "../model/monitor-history.ts";
import { Omitted, Table, Time } from "./basics.tsx";
import { Charts } from "./chart.tsx";
import { State } from "./state.tsx";

type Record = Step["record"];

/** Nothing where the record has no earlier result: one result is no history. */
export function OverTime({
  monitor,
  omitted,
}: {
  monitor: NonNullable<Record["monitor"]>;
  omitted: Record["omitted"];
}) {
  const { runs, windows } = useMemo(() => pastOf(monitor), [monitor]);
  if (!monitor.earlier?.length) return null;
  return (
    <>
      <History of={runs} title={`Runs of ${monitor.name ?? "the monitor"} over time`} />
      <History of={windows} title={`Health of ${monitor.endpoint ?? "the endpoint"} over time`} />
      <Omitted omitted={omitted} list="monitor.earlier" />
    </>
  );
}

function History({ of, title }: { of: readonly PastResult[]; title: string }) {
  const charts = useMemo(() => chartsOver(of), [of]);
  if (of.length < 2) return null;
  const isOfRuns = of.some(({ job }) => job !== undefined);
  return (
    <>
      <h4>
        {title} ({of.length} results)
      </h4>
      <Charts of={charts} />
      <Table
        caption={`${title}, the newest first`}
        rows={of}
        columns={[
          { title: isOfRuns ? "Began" : "Window ended", cell: ({ at }) => <Time iso={at} /> },
          { title: "State", cell: ({ monitor }) => <State of={monitor.outcome} /> },
          { title: "What broke", cell: ({ monitor }) => brokenIn(monitor) },
          ...(isOfRuns
            ? [
                { title: "Run", cell: ({ job }: PastResult) => job && <code>{job}</code> },
                { title: "Why", cell: ({ reason }: PastResult) => reason },
              ]
            : []),
        ]}
      />
    </>
  );
}
