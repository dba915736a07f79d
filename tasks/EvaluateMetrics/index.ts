// Evaluate metrics: a job against rules and a champion; each rule is a test on the run.
import {
  evaluateGate,
  openWorkspace,
  parseChampion,
  parseMeasuredOn,
  parseReports,
  parseResults,
  parseRules,
} from "../../lib/ml/index.ts";
import { championChoice } from "../../lib/task/branch-champion.ts";
import { comparisonsOfRun } from "../../lib/task/comparisons-of-run.ts";
import { defineTask, type Story } from "../../lib/task/index.ts";
import { recordsOfRun } from "../../lib/task/records-of-run.ts";
import { leaveVerdict } from "../../lib/task/verdict.ts";
import { viewOf } from "../../lib/task/views.ts";
import { contract, type Inputs, type Outputs } from "./contract.gen.ts";

const story: Story<Inputs, Outputs> = async ({ inputs, open, signal, record, run }) => {
  const others = recordsOfRun(run, signal);
  const workspace = await open(openWorkspace);
  const { jobName, missingChampion, includeChildRuns, metricsFrom, sameData } = inputs;
  const gate = await evaluateGate(workspace, {
    ...{ jobName, missingChampion, includeChildRuns, metricsFrom, sameData },
    measuredOn: parseMeasuredOn(inputs.measuredOn),
    rules: parseRules(inputs.rules),
    sources: { results: parseResults(inputs.results ?? ""), reports: parseReports(inputs.reports ?? "") },
    comparisons: () => comparisonsOfRun(others, workspace),
    champion: await championChoice(run, workspace, parseChampion(inputs.champion)),
    patience: inputs.metricsTimeoutInSeconds * 1000,
  });
  record.gate = { ...gate, champion: gate.champion ?? "" };
  return leaveVerdict({ run, record, others }, workspace, gate, inputs);
};

// The judgement is known without being written to the job.
export default defineTask(contract, story, { view: viewOf("gate"), outputsOfDryRun: true });
