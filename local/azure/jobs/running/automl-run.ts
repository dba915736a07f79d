// An AutoML job under way: nothing is trained. Where a scenario gives its trials metrics, it has child runs with these, and names the best of
// them as the service does.
import type { CommandBody, JobBody } from "../../records/job.ts";
import { SimulatedRun } from "./simulated.ts";

/** The metrics of one trial, by name. */
export type TrialMetrics = Readonly<Record<string, number>>;

export class AutoMLRun extends SimulatedRun {
  protected override async parts(): Promise<void> {
    const { job, host } = this;
    const trials = host.effect.trials ?? [];
    const names = trials.map((_, index) => `${job.name}_${index}`);
    const ended: { readonly name: string; readonly score: number }[] = [];
    for (const [index, metrics] of trials.entries()) {
      this.stop.signal.throwIfAborted();
      const name = names[index]!;
      const body: CommandBody = {
        jobType: "Command",
        command: "",
        environmentId: "",
        displayName: name,
        experimentName: job.experimentName,
        simulates: "AutoML trial",
      };
      const properties = { runTemplate: "automl_child", "azureml.runsource": "automl", primary_metric: this.metric() };
      const spec = { parent: job, kind: "trial", node: String(index), body, runName: name, name, properties } as const;
      const { job: trial, run } = host.child(spec);
      host.log(name, metrics);
      await run?.done;
      const score = this.scoreOf(metrics);
      if (trial.status === "Completed" && score !== undefined) ended.push({ name, score });
    }
    const [best] = ended.toSorted((one, other) => this.sign() * (other.score - one.score));
    // A tag, and no property as that of a sweep (docs/facts/azureml-services.md#5.4).
    if (best !== undefined) host.tag(job, { automl_best_child_run_id: best.name });
  }

  private metric(): string {
    const { taskDetails, primary_metric: ofStep } = this.job.body as {
      taskDetails?: { primaryMetric?: string };
    } & JobBody;
    return String(taskDetails?.primaryMetric ?? ofStep ?? "");
  }

  /** `AUCWeighted` in the job is `AUC_weighted` among the metrics. */
  private scoreOf(metrics: TrialMetrics): number | undefined {
    const plain = (name: string) => name.replaceAll("_", "").toLowerCase();
    return Object.entries(metrics).find(([name]) => plain(name) === plain(this.metric()))?.[1];
  }

  private sign(): 1 | -1 {
    return /error|loss/i.test(this.metric()) ? -1 : 1;
  }
}
