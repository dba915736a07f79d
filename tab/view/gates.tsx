// Gates: the verdict, each rule with its reason, and the metrics beside those of the champion.
import { useState } from "preact/hooks";
import { counted, type GateSection, type RuleSection } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import { differenceText, numberText } from "../model/format.ts";
import { FIRST, Mark, Omitted, Section, Table } from "./basics.tsx";

const outcomeOf = ({ outcome, passed }: RuleSection) => outcome ?? (passed ? "passed" : "failed");

export function Gates({ steps }: { steps: readonly Step[] }) {
  const judged = steps.filter(({ record }) => record.gate);
  if (judged.length === 0) return null;
  return (
    <Section id="gate" title={judged.length === 1 ? "Gate" : "Gates"}>
      {judged.map((step) => (
        <Gate key={step.id} step={step} />
      ))}
    </Section>
  );
}

function Gate({ step }: { step: Step }) {
  const gate = step.record.gate as GateSection;
  const failed = gate.rules.filter((rule) => outcomeOf(rule) === "failed").length;
  return (
    <article class="part">
      <h3>{step.name}</h3>
      <p>
        <Mark
          outcome={gate.passed ? "passed" : "failed"}
          word={gate.passed ? "The gate is open" : "The gate is closed"}
        />
        {gate.jobName && ` for the job ${gate.jobName}`}
        {gate.champion ? `, against ${gate.champion}` : ", without a champion"}
        {gate.isPlan && ". A dry run: it judged nothing that counts."}
      </p>
      <Measured gate={gate} />
      <Rules rules={gate.rules} failed={failed} name={step.name} />
      <Omitted omitted={step.record.omitted} list="gate.rules" />
      <Metrics metrics={gate.metrics} champion={gate.championMetrics} name={step.name} />
    </article>
  );
}

/** Why the champion is the champion, and on what both were measured. */
function Measured({ gate: { champion, championWhy, championJob, metricRuns = {}, sameData } }: { gate: GateSection }) {
  const runs = Object.entries(metricRuns);
  const sentences = [
    ...(champion && championWhy ? [`${champion} is the champion: ${championWhy}.`] : []),
    ...(championJob && championJob !== champion ? [`Its job is ${championJob}.`] : []),
    ...(runs.length > 0 ? [`Metrics: ${runs.map(([metric, run]) => `${metric} of ${run}`).join(", ")}.`] : []),
    ...(sameData ? [sameData.why] : []),
  ];
  return sentences.length === 0 ? null : <p>{sentences.join(" ")}</p>;
}

function Rules({ rules, failed, name }: { rules: readonly RuleSection[]; failed: number; name: string }) {
  const [isFailedOnly, setFailedOnly] = useState(false);
  if (rules.length === 0) return null;
  const isFailed = (rule: RuleSection) => outcomeOf(rule) === "failed";
  // What failed stands first where not all of them are seen at once.
  const ordered = rules.length > FIRST ? [...rules.filter(isFailed), ...rules.filter((one) => !isFailed(one))] : rules;
  const shown = isFailedOnly ? rules.filter(isFailed) : ordered;
  return (
    <>
      {failed > 0 && failed < rules.length && (
        <label class="choice">
          <input
            type="checkbox"
            checked={isFailedOnly}
            onChange={(event) => setFailedOnly(event.currentTarget.checked)}
          />
          Only what failed: {counted(failed, "rule")}
        </label>
      )}
      <Table
        caption={`${counted(rules.length, "rule")} of "${name}", ${failed === 0 ? "none" : failed.toLocaleString("en-US")} failed`}
        rows={shown}
        columns={[
          { title: "Result", cell: (rule) => <Mark outcome={outcomeOf(rule)} word={wordOf(rule)} /> },
          { title: "Rule", cell: (rule) => <code>{rule.rule}</code> },
          { title: "Reason", cell: (rule) => rule.detail },
        ]}
      />
    </>
  );
}

const wordOf = (rule: RuleSection) => (rule.undecided ? "not enough data" : outcomeOf(rule));

type Numbers = Readonly<Record<string, number>> | undefined;

function Metrics({ metrics = {}, champion = {}, name }: { metrics: Numbers; champion: Numbers; name: string }) {
  const names = [...new Set([...Object.keys(metrics), ...Object.keys(champion)])];
  if (names.length === 0) return null;
  const value = (of: Readonly<Record<string, number>>, metric: string) => {
    const found = Object.hasOwn(of, metric) ? of[metric] : undefined;
    return found === undefined ? "–" : numberText(found);
  };
  return (
    <Table
      caption={`Metrics of "${name}"${Object.keys(champion).length > 0 ? " beside the champion's" : ""}`}
      rows={names}
      columns={[
        { title: "Metric", cell: (metric) => metric },
        { title: "This job", isNumber: true, cell: (metric) => value(metrics, metric) },
        { title: "Champion", isNumber: true, cell: (metric) => value(champion, metric) },
        {
          title: "Difference",
          isNumber: true,
          cell: (metric) => {
            const [own, other] = [metrics, champion].map((of) => (Object.hasOwn(of, metric) ? of[metric] : undefined));
            return own === undefined || other === undefined ? "–" : differenceText(own - other);
          },
        },
      ]}
    />
  );
}
