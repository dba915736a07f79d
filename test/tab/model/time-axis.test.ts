// Labels of time axes: as exact as the marks are close, and the day where it is another one.
import assert from "node:assert/strict";
import { timeLabels } from "../../../tab/model/time-axis.ts";

const at = (iso: string) => Date.parse(iso) / 1_000;
const UTC = { locale: "en-US", timeZone: "UTC" };
// Between time and AM some versions have a narrow space.
const plain = (labels: readonly string[]) => labels.map((label) => label.replaceAll("\u202f", " "));

describe("labels of a time axis", () => {
  for (const { title, marks, between, labels, ...rest } of [
    {
      title: "have minutes where minutes lie between them, and the day once",
      marks: ["2026-11-27T23:42:00Z", "2026-11-27T23:43:00Z"],
      ...{ between: 60, labels: ["11:42 PM\nNov 27, 2026", "11:43 PM"] },
    },
    {
      title: "have seconds where seconds do",
      marks: ["2026-11-27T23:42:30Z", "2026-11-27T23:42:45Z"],
      ...{ between: 15, labels: ["11:42:30 PM\nNov 27, 2026", "11:42:45 PM"] },
    },
    {
      title: "have parts of seconds where those do",
      marks: ["2026-11-27T23:42:30.000Z", "2026-11-27T23:42:30.250Z"],
      ...{ between: 0.25, labels: ["11:42:30.000 PM\nNov 27, 2026", "11:42:30.250 PM"] },
    },
    {
      title: "name the next day at its first mark",
      marks: ["2026-11-27T22:00:00Z", "2026-11-28T00:00:00Z", "2026-11-28T02:00:00Z"],
      ...{ between: 7_200, labels: ["10:00 PM\nNov 27, 2026", "12:00 AM\nNov 28, 2026", "2:00 AM"] },
    },
    {
      title: "have days, and the year once, where days lie between them",
      marks: ["2026-12-30T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"],
      ...{ between: 86_400, labels: ["Dec 30\n2026", "Dec 31", "Jan 1\n2027"] },
    },
    {
      title: "are those of the reader's language and zone",
      marks: ["2026-11-27T23:42:00Z"],
      ...{ between: 60, reader: { locale: "de-DE", timeZone: "Europe/Berlin" }, labels: ["0:42\n28. Nov. 2026"] },
    },
  ])
    it(title, () =>
      assert.deepEqual(plain(timeLabels(marks.map(at), between, "reader" in rest ? rest.reader : UTC)), labels),
    );

  it("are none without marks", () => assert.deepEqual(timeLabels([], 60, UTC), []));
});
