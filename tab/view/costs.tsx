// Costs of the run's jobs, at the prices that their records name.
import { amountOf, counted, type RunRecord } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import { Section, Table } from "./basics.tsx";

type Cost = NonNullable<NonNullable<RunRecord["job"]>["cost"]>;

const money = (amount: number | undefined, currency: string | undefined): string =>
  amount === undefined ? "–" : `${amountOf(amount)} ${currency ?? ""}`.trim();

export function Costs({ steps }: { steps: readonly Step[] }) {
  const paid = steps.flatMap(({ record: { job } }) =>
    job?.cost ? [{ name: job.displayName ?? job.name, cost: job.cost }] : [],
  );
  if (paid.length === 0) return null;
  const labels = [...new Set(paid.map(({ cost }) => cost.label))];
  const unpriced = [...new Set(paid.flatMap(({ cost }) => cost.unpriced ?? []))];
  // The step that ended last knows of the most jobs; which one that is no record says.
  const [sum] = paid.flatMap(({ cost }) => cost.run ?? []).sort((one, other) => other.jobs - one.jobs);
  return (
    <Section id="costs" title="Cost">
      <Table<{ name: string; cost: Cost }>
        caption="Cost of each job"
        rows={paid}
        columns={[
          { title: "Job", cell: ({ name }) => name },
          { title: "At most", isNumber: true, cell: ({ cost }) => money(cost.estimatedMost, cost.currency) },
          {
            title: "Node-hours",
            isNumber: true,
            cell: ({ cost }) => (cost.nodeHours === undefined ? "–" : amountOf(cost.nodeHours)),
          },
          { title: "Cost", isNumber: true, cell: ({ cost }) => money(cost.amount, cost.currency) },
        ]}
      />
      {sum && (
        <p>
          {sum.jobs === 1 ? "The only job" : `All ${counted(sum.jobs, "job")}`} of the run: {amountOf(sum.nodeHours)}{" "}
          node-hours
          {sum.amount !== undefined && `, ${money(sum.amount, sum.currency)}`}.
        </p>
      )}
      {unpriced.length > 0 && <p class="note">Without a price: {unpriced.join(", ")}.</p>}
      <p class="note">{labels.join(" ")}</p>
    </Section>
  );
}
