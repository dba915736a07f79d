// Transcripts compared: what makes a difference between two clouds, and what does not.
import assert from "node:assert/strict";
import { compare, readTranscript, type TranscriptLine } from "../../scripts/acceptance/compare.ts";

const line = (more: Partial<TranscriptLine> = {}): TranscriptLine => ({
  task: "AzureMLSubmitJob",
  step: "train",
  order: 1,
  time: 1,
  method: "GET",
  service: "arm",
  path: "/jobs/{}",
  query: ["api-version=2025-12-01"],
  status: 200,
  answered: { id: "string", properties: { status: "string", tags: { "*": "string" } } },
  ...more,
});
const put = line({ method: "PUT", order: 2, time: 2, status: 201, sent: { properties: { jobType: "string" } } });

describe("the comparison of two transcripts", () => {
  const differs = (given: TranscriptLine[], reference: TranscriptLine[], ...sentences: RegExp[]) => {
    const found = compare(given, reference);
    assert.equal(found.length, sentences.length, found.join("\n"));
    for (const [index, sentence] of sentences.entries()) assert.match(found[index] ?? "", sentence);
  };

  it("finds none in how often something was asked", () => {
    differs([line(), line({ time: 3 }), line({ time: 4 }), put], [line(), put]);
  });

  it("finds another status", () => {
    differs(
      [line({ status: 202 })],
      [line()],
      /GET arm \/jobs\/\{\} was answered 202 by the transcript, and 200 by local Azure/,
    );
  });

  it("finds what one side alone was asked, and a step that one side alone has", () => {
    differs([line(), put], [line()], /PUT arm \/jobs\/\{\} was asked of the transcript alone, which answered 201/);
    differs([line()], [line(), put], /PUT arm \/jobs\/\{\} was asked of local Azure alone/);
    differs(
      [line({ step: "later" })],
      [line()],
      /\(later\): only the transcript has/,
      /\(train\): only local Azure has/,
    );
  });

  it("finds fields that one side alone has, and other types, in answers and in what was sent", () => {
    const fewer = { id: "string", properties: { tags: {} } };
    differs(
      [line()],
      [line({ answered: fewer })],
      /the transcript alone has properties\.status/,
      /the transcript alone has properties\.tags\.\*/,
    );
    differs(
      [line({ answered: { id: "number" } })],
      [line({ answered: { id: "string" } })],
      /id is number with the transcript, and string with local Azure/,
    );
    differs([put], [{ ...put, sent: {} }], /as it was sent: the transcript alone has properties/);
  });

  it("takes nothing for nothing: null may be of any type", () => {
    differs([line({ answered: { id: "null" } })], [line({ answered: { id: "string" } })]);
    differs([line({ answered: { value: [] } })], [line({ answered: { value: [{ id: "string" }] } })]);
  });

  it("finds a state that the other side never said", () => {
    const words = { "properties.status": "Starting" };
    differs(
      [line({ words })],
      [line({ words: { "properties.status": "Queued" } })],
      /properties\.status was Starting with the transcript alone/,
    );
  });

  it("finds another order of what changes something, and none of what only reads", () => {
    const remove = line({ method: "DELETE", path: "/codes/{}", status: 204, time: 3 });
    const earlier = { ...remove, time: 0 };
    differs(
      [put, remove],
      [put, earlier],
      /in another order: of the transcript PUT .*, DELETE .*; of local Azure DELETE .*, PUT/,
    );
    differs([line({ time: 9 }), put], [line(), put]);
  });

  it("refuses what is no transcript, by its line", () => {
    assert.throws(
      () => readTranscript(`${JSON.stringify(put)}\n{"task":1}\n`, "a.jsonl"),
      /^Error: a\.jsonl:2 is no line/,
    );
    assert.throws(() => readTranscript("\n", "a.jsonl"), /holds no exchange.*AzureML\.Transcript/);
  });
});
