// Days and times that no calendar has are refused where they stand, in every field that holds one.
import assert from "node:assert/strict";
import fc from "fast-check";
import { computeKind, readAutoscale, scheduleKind } from "../../../../lib/documents/index.ts";
import { isOnCalendar } from "../../../../lib/documents/language/calendar.ts";
import { faultsOf, type Project, project } from "../project.ts";

const SCHEDULE = (field: string, value: string) => `name: s
create_job: azureml:j
trigger:
  type: cron
  expression: "1 * * * *"
  ${field}: ${value}
`;
const RECURRENCE = (field: string, value: string) => `name: s
create_job: azureml:j
trigger:
  type: recurrence
  frequency: day
  interval: 1
  ${field}: ${value}
`;
const COMPUTE = (field: string, value: string) => `name: c
type: computeinstance
schedules:
  compute_start_stop:
    - action: stop
      trigger:
        type: cron
        expression: "0 18 * * *"
        ${field}: ${value}
`;
const WINDOW = (field: string, value: string) => `name: m
trigger: {type: cron, expression: "1 * * * *"}
create_monitor:
  compute: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
  monitoring_signals:
    a:
      type: data_drift
      production_data: {input_data: {type: mltable, path: "azureml:p:1"}}
      metric_thresholds: {numerical: {jensen_shannon_distance: 0.1}}
      reference_data:
        input_data: {type: mltable, path: "azureml:r:1"}
        data_context: training
        data_window:
          ${field === "window_start" ? 'window_end: "2024-12-31"' : 'window_start: "2024-01-01"'}
          ${field}: ${value}
`;
const AUTOSCALE = (field: string, value: string) => `profiles:
  - name: p
    capacity: {minimum: 1, maximum: 3, default: 1}
    fixedDate:
      ${field === "start" ? 'end: "2024-12-31T00:00:00Z"' : 'start: "2024-01-01T00:00:00Z"'}
      ${field}: ${value}
`;

describe("a day that no calendar has", () => {
  let files: Project;
  beforeEach(() => {
    files = project();
  });
  afterEach(() => files.remove());

  const FIELDS = [
    ...(["start_time", "end_time"] as const).flatMap((field) => [
      { field, read: scheduleKind.parse, write: SCHEDULE, times: true },
      { field, read: scheduleKind.parse, write: RECURRENCE, times: true },
    ]),
    { field: "start_time", read: computeKind.parse, write: COMPUTE, times: true },
    { field: "window_start", read: scheduleKind.parse, write: WINDOW, times: false },
    { field: "window_end", read: scheduleKind.parse, write: WINDOW, times: false },
    { field: "start", read: readAutoscale, write: AUTOSCALE, times: true },
    { field: "end", read: readAutoscale, write: AUTOSCALE, times: true },
  ];
  const DAYS = ["2022-02-30", "2023-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00", "2024-01-32"];
  const TIMES = ["2022-02-30T10:00:00", "2024-01-31T24:00:00", "2024-01-31T10:60:00"];
  const RIGHT = ["2024-02-29", "2024-12-31"];

  for (const { field, read, write, times } of FIELDS) {
    const name = `${field} of ${write.name.toLowerCase()}`;
    it(`is refused with its place as ${name}, in quotes and without`, () => {
      for (const value of [...DAYS, ...(times ? TIMES : [])])
        for (const written of [value, JSON.stringify(value)]) {
          const text = write(field, written);
          const faults = faultsOf(() => read(files.yaml(text)));
          assert.equal(faults.length, 1, `${written}: ${faults.map(({ message }) => message)}`);
          const [fault] = faults;
          const lines = text.split("\n");
          const line = lines.findIndex((one) => one.includes(`${field}: ${written}`));
          assert.deepEqual([fault?.where?.line, fault?.where?.column], [line + 1, lines[line]!.indexOf(written) + 1]);
          assert.match(
            fault?.message ?? "",
            new RegExp(`${field}" is .*${value.slice(0, 10)}.*, which no calendar has`),
          );
        }
    });

    it(`is taken where it is one, as ${name}`, () => {
      for (const value of RIGHT)
        for (const written of times ? [JSON.stringify(value), `"${value}T23:59:59"`] : [value, JSON.stringify(value)])
          read(files.yaml(write(field, written)));
    });
  }

  it("is told from one that there is, whatever the year", () => {
    const two = (part: number) => String(part).padStart(2, "0");
    const parts = fc.tuple(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
    );
    fc.assert(
      fc.property(parts, ([year, month, day]) => {
        const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
        const last = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
        const text = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
        assert.equal(isOnCalendar(text), day >= 1 && day <= last, text);
      }),
    );
  });
});
