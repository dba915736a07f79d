// Comparisons of two models on the same rows: the verdict, both values, and the difference with its interval.
import type { ComparisonSection } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import { differenceText, numberText } from "../model/format.ts";
import { Facts, Mark, Section, Table } from "./basics.tsx";

export function Comparisons({ steps }: { steps: readonly Step[] }) {
  const compared = steps.filter(({ record }) => record.comparison);
  if (compared.length === 0) return null;
  return (
    <Section id="comparison" title={compared.length === 1 ? "Comparison" : "Comparisons"}>
      {compared.map((step) => (
        <Comparison key={step.id} step={step} />
      ))}
    </Section>
  );
}

function Comparison({ step }: { step: Step }) {
  const comparison = step.record.comparison as ComparisonSection;
  const { passed, challenger, champion, data, rows, metric, method, jobName, detail, low, high } = comparison;
  const { confidence = 0.95, championValue, challengerValue, difference, pValue } = comparison;
  const outcome = passed ? (comparison.outcome === "noChampion" ? "skipped" : "passed") : "failed";
  return (
    <article class="part">
      <h3>
        {step.name}: {challenger}
        {champion ? ` against ${champion}` : ""}
      </h3>
      <p>
        <Mark outcome={outcome} word={passed ? "The challenger passes" : "The challenger does not pass"} />. {detail}
      </p>
      {challengerValue !== undefined && championValue !== undefined && difference !== undefined && (
        <Table
          caption={`Scores of "${step.name}" on the same rows`}
          rows={[metric]}
          columns={[
            { title: "Metric", cell: (name) => name },
            { title: "Challenger", isNumber: true, cell: () => numberText(challengerValue) },
            { title: "Champion", isNumber: true, cell: () => numberText(championValue) },
            { title: "Difference", isNumber: true, cell: () => differenceText(difference) },
            {
              title: `${numberText(confidence * 100)} % interval`,
              isNumber: true,
              cell: () =>
                low === undefined || high === undefined ? "–" : `${differenceText(low)} to ${differenceText(high)}`,
            },
            { title: "p", isNumber: true, cell: () => (pValue === undefined ? "–" : numberText(pValue)) },
          ]}
        />
      )}
      <Facts
        rows={[
          ["Data of both", data],
          ["Rows", rows?.toLocaleString("en-US")],
          ["Test", method],
          ["Scoring job", jobName && `${jobName}${comparison.isReused ? ", which was there already" : ""}`],
        ]}
      />
    </article>
  );
}
