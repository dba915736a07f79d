// Schedules of jobs and data imports, and their triggers.
import assert from "node:assert/strict";
import { dataImportKind, scheduleKind } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const CRON = 'name: nightly\ntrigger: {type: cron, expression: "15 3 * * *"}\n';
const PIPELINE = `
type: pipeline
display_name: hello
compute: azureml:cpu
inputs: {word: world, n: 1}
jobs:
  one: {command: "echo \${{inputs.w}}", environment: "azureml:e:1", inputs: {w: "\${{parent.inputs.word}}"}}
`;

describe("spec schedule", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "job.yml": PIPELINE, "command.yml": "command: echo\nenvironment: azureml:e:1\ncompute: c\n" });
  });
  afterEach(() => files.remove());

  const properties = async (yaml: string) => {
    const write = await scheduleKind.translate(scheduleKind.parse(files.yaml(yaml)), offline());
    return write.body["properties"] as Record<string, Record<string, unknown>>;
  };
  const definition = async (yaml: string) =>
    (await properties(CRON + yaml))["action"]?.["jobDefinition"] as Record<string, unknown>;

  it("writes a cron trigger and a job from a file, without a name for its experiment", async () => {
    const { trigger, action } = await properties(`${CRON}create_job: ./job.yml\n`);
    assert.deepEqual(trigger, { triggerType: "Cron", expression: "15 3 * * *", timeZone: "UTC" });
    const job = action?.["jobDefinition"] as Record<string, unknown>;
    assert.equal(action?.["actionType"], "CreateJob");
    assert.equal(job["jobType"], "Pipeline");
    assert.equal(job["displayName"], "hello");
    assert.equal("experimentName" in job, false);
  });

  it("writes a recurrence; single values are lists of one", async () => {
    const { trigger } = await properties(`name: s
trigger:
  type: recurrence
  frequency: Week
  interval: "2"
  start_time: 2022-07-10T10:00:00
  end_time: "2023-07-10T10:00"
  time_zone: Pacific Standard Time
  schedule: {hours: 3, minutes: [0, 30], week_days: Monday}
create_job: azureml:old
`);
    assert.deepEqual(trigger, {
      triggerType: "Recurrence",
      frequency: "week",
      interval: 2,
      schedule: { hours: [3], minutes: [0, 30], weekDays: ["monday"] },
      startTime: "2022-07-10 10:00:00",
      endTime: "2023-07-10 10:00:00",
      timeZone: "Pacific Standard Time",
    });
  });

  it("names a job that Azure ML has", async () => {
    const expected = { jobType: "Pipeline", sourceJobId: "old", experimentName: "", isArchived: false };
    assert.deepEqual(await definition("create_job: azureml:old\n"), expected);
    const changed = await definition("create_job: {type: pipeline, job: azureml:old, inputs: {n: 2}}\n");
    assert.equal(changed["sourceJobId"], "old");
    assert.deepEqual(changed["inputs"], { n: { jobInputType: "literal", value: "2" } });
  });

  it("lays changes over a job from a file", async () => {
    const job = await definition(
      "create_job: {type: pipeline, job: job.yml, inputs: {word: '${{name}}'}, settings: {force_rerun: true}, tags: {a: b}}\n",
    );
    assert.deepEqual(job["inputs"], {
      word: { jobInputType: "literal", value: "${{name}}" },
      n: { jobInputType: "literal", value: "1" },
    });
    assert.equal((job["settings"] as Record<string, unknown>)["force_rerun"], true);
    assert.deepEqual(job["tags"], { a: "b" });
  });

  it("takes command jobs, from a file and written out", async () => {
    const fromFile = await definition("create_job: command.yml\n");
    const inline = await definition(
      "create_job: {type: command, command: echo, environment: 'azureml:e:1', compute: c}\n",
    );
    assert.equal(fromFile["jobType"], "Command");
    assert.deepEqual(inline, fromFile);
  });

  it("writes a data import, and the job that does one at once", async () => {
    const source =
      "type: mltable\nname: snow\npath: azureml://datastores/d/paths/x\nsource: {type: database, query: q, connection: azureml:c}\n";
    files.write("import.yml", source);
    const { action } = await properties(`${CRON}import_data: import.yml\n`);
    assert.deepEqual(action, {
      actionType: "ImportData",
      dataImportDefinition: {
        tags: {},
        properties: {},
        isAnonymous: false,
        isArchived: false,
        assetName: "snow",
        dataType: "uri_folder",
        dataUri: "azureml://datastores/d/paths/x",
        source: { sourceType: "database", query: "q", connection: "azureml:c" },
      },
    });
    const write = await dataImportKind.translate(dataImportKind.parse(files.yaml(source)), offline(), { name: "j1" });
    const job = write.body["properties"] as { jobs: Record<string, Record<string, unknown>>; displayName: string };
    assert.equal(write.path, "jobs/j1");
    assert.equal(job.displayName, "data_import_snow");
    assert.deepEqual(job.jobs["data_import_snow"]?.["outputs"], {
      sink: { job_output_type: "mltable", uri: "azureml://datastores/d/paths/x/${{name}}", name: "snow" },
    });
    assert.equal(job.jobs["data_import_snow"]?.["computeId"], `${WORKSPACE}/computes/serverless`);
  });

  const REFUSED: readonly [string, RegExp][] = [
    [CRON, /sets off one thing; this one has none/],
    [
      `${CRON}create_job: azureml:j\nimport_data: {name: n, path: azureml://datastores/d/paths/x, source: {connection: c}}\n`,
      /create_job and import_data/,
    ],
    [`${CRON}create_job: {job: azureml:j, inputs: {a: 1}}\n`, /only a pipeline's can be changed/],
    [`${CRON}create_job: missing.yml\n`, /missing\.yml/],
    [`${CRON}create_job: {type: sweep, trial: {}}\n`, /no job that can stand here, but: sweep job/],
    ['name: s\ntrigger: {type: cron, expression: "1 2 3"}\ncreate_job: azureml:j\n', /five fields/],
    ["name: s\ntrigger: {type: hourly}\ncreate_job: azureml:j\n", /Allowed here: cron, recurrence/],
    [
      "name: s\ntrigger: {type: recurrence, frequency: day, interval: 1, schedule: {hours: 24, minutes: 0}}\ncreate_job: azureml:j\n",
      /between 0 and 23/,
    ],
    [
      'name: s\ntrigger: {type: cron, expression: "1 * * * *", start_time: "2022-07-10T10:00:00+02:00"}\ncreate_job: azureml:j\n',
      /has the offset \+02:00/,
    ],
    [
      'name: s\ntrigger: {type: cron, expression: "1 * * * *", start_time: tomorrow}\ncreate_job: azureml:j\n',
      /a time such as/,
    ],
    [`${CRON}import_data: {name: n, path: ./here, source: {connection: c}}\n`, /a place in a datastore/],
  ];
  for (const [yaml, pattern] of REFUSED)
    it(`refuses ${JSON.stringify(yaml.replace(CRON, ""))}`, () => {
      const text = faultsOf(() => scheduleKind.parse(files.yaml(yaml)))
        .map(({ message }) => message)
        .join("\n");
      assert.match(text, pattern);
    });

  it("reports faults of the job's own file with their place in it", () => {
    files.write("job.yml", `${PIPELINE}sttings: {}\n`);
    const [fault] = faultsOf(() => scheduleKind.parse(files.yaml(`${CRON}create_job: job.yml\n`)));
    assert.match(fault?.where?.file ?? "", /job\.yml$/);
    assert.match(fault?.message ?? "", /Did you mean settings/);
  });
});
