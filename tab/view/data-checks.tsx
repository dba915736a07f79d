// Checked data: the verdict, each check with what was found, and the profile of each column beside its drift.
import { type CheckedColumn, counted, type DataCheckSection, type RuleSection } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import { numberText } from "../model/format.ts";
import { Mark, Omitted, Section, Table } from "./basics.tsx";

const outcomeOf = ({ outcome, passed }: RuleSection) => outcome ?? (passed ? "passed" : "failed");
const ORDER = { failed: 0, skipped: 1, passed: 2 } as const;

export function DataChecks({ steps }: { steps: readonly Step[] }) {
  const checked = steps.filter(({ record }) => record.dataCheck);
  if (checked.length === 0) return null;
  return (
    <Section id="data-checks" title="Data checks">
      {checked.map((step) => (
        <DataCheck key={step.id} step={step} />
      ))}
    </Section>
  );
}

function DataCheck({ step }: { step: Step }) {
  const check = step.record.dataCheck as DataCheckSection;
  const { data, baseline, noBaseline, rows, baselineRows } = check;
  const rules = [...check.rules].sort((one, other) => ORDER[outcomeOf(one)] - ORDER[outcomeOf(other)]);
  const before = baselineRows === undefined ? "" : ` (${counted(baselineRows, "row")})`;
  return (
    <article class="part">
      <h3>{data}</h3>
      <p>
        <Mark
          outcome={check.passed ? "passed" : "failed"}
          word={check.passed ? "The data pass" : "The data do not pass"}
        />
        {`, ${counted(rows, "row")}`}
        {baseline === undefined ? `, without a baseline: ${noBaseline ?? ""}` : `, against ${baseline}${before}`}
      </p>
      <Table
        caption={`Checks of ${data}`}
        rows={rules}
        columns={[
          { title: "Result", cell: (rule) => <Mark outcome={outcomeOf(rule)} word={outcomeOf(rule)} /> },
          { title: "Check", cell: ({ rule }) => <code>{rule}</code> },
          { title: "Found", cell: ({ detail }) => detail },
        ]}
      />
      <Omitted omitted={step.record.omitted} list="dataCheck.rules" />
      <Profile name={data} columns={check.columns} />
      <Omitted omitted={step.record.omitted} list="dataCheck.columns" />
      <p class="note">{check.exactness}</p>
    </article>
  );
}

function Profile({ name, columns }: { name: string; columns: readonly CheckedColumn[] }) {
  const measure = (title: string, of: (column: CheckedColumn) => number | undefined) => ({
    title,
    isNumber: true,
    cell: (column: CheckedColumn) => {
      const value = of(column);
      return value === undefined ? "–" : numberText(value);
    },
  });
  return (
    <Table
      caption={`Columns of ${name}`}
      rows={columns}
      columns={[
        { title: "Column", cell: (column) => <code>{column.name}</code> },
        { title: "Type", cell: ({ type }) => type },
        { title: "Missing", isNumber: true, cell: ({ nulls }) => `${numberText(nulls * 100)} %` },
        measure("Different", ({ distinct }) => distinct),
        measure("Smallest", ({ minimum }) => minimum),
        measure("Mean", ({ mean }) => mean),
        measure("Largest", ({ maximum }) => maximum),
        measure("PSI", ({ psi }) => psi),
        measure("Jensen-Shannon", ({ jensenShannon }) => jensenShannon),
        measure("Kolmogorov-Smirnov", ({ kolmogorovSmirnov }) => kolmogorovSmirnov),
        { title: "Most frequent", cell: ({ values = {} }) => Object.keys(values).join(", ") },
      ]}
    />
  );
}
