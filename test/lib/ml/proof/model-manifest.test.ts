// The list of a model's files as it is signed: the reference implementation's order, digest and exceptions, and what differs from it.
import assert from "node:assert/strict";
import {
  comparePaths,
  differences,
  manifestIn,
  manifestOf,
  statementOf,
} from "../../../../lib/ml/proof/model-manifest.ts";
import { readBundle, statementIn } from "../../../../lib/ml/proof/signed-envelope.ts";
import { file, reference, referenceFiles } from "./reference-model.ts";

const theirs = () => manifestIn(statementIn(readBundle(reference("key.sig"), "key.sig").dsseEnvelope, "key.sig"));

describe("The manifest of a model", () => {
  it("has the order and the digest of the reference implementation, whatever the names are", () => {
    const ours = manifestOf("model", referenceFiles);
    assert.deepEqual(
      ours.files.map(({ path }) => path),
      ["a/b", "a.txt", "ü😀.bin", "ｆ.bin"].sort(comparePaths),
    );
    assert.equal(ours.digest, theirs().digest);
    assert.deepEqual(
      ours.files.map(({ path, sha256 }) => ({ path, sha256 })),
      theirs().files,
    );
    assert.deepEqual(ours.ignored, [".git", ".gitattributes"]);
  });

  it("reads what it writes", () => {
    const ours = manifestOf("model", [file(".", "alone")]);
    assert.deepEqual({ ...manifestIn(statementOf(ours)), files: ours.files }, ours);
  });

  it("names every file that was changed, added or removed", () => {
    const [first, ...rest] = referenceFiles;
    assert.deepEqual(differences(theirs(), referenceFiles), []);
    assert.deepEqual(differences(theirs(), [...rest, file("ｆ.bin", "v")]), [
      '"ｆ.bin" has other content than was signed',
    ]);
    assert.deepEqual(differences(theirs(), rest), ['"ｆ.bin" was signed and is missing']);
    assert.deepEqual(differences(theirs(), [...rest, first ?? file("", ""), file("a/.git", "")]), [
      '"a/.git" is there and was not signed',
    ]);
  });

  it("refuses a statement of another kind, another hash and a digest that is not that of the files", () => {
    const good = statementOf(manifestOf("model", referenceFiles)) as {
      predicate: { serialization: object; resources: object[] };
    };
    const { predicate } = good;
    const bad: [string, object][] = [
      ["no list of a model's files", { ...good, predicateType: "https://slsa.dev/provenance/v1" }],
      [
        "hashed with",
        { ...good, predicate: { ...predicate, serialization: { method: "shards", hash_type: "sha256" } } },
      ],
      ["digest of the whole", { ...good, predicate: { ...predicate, resources: predicate.resources.slice(1) } }],
      [
        "no SHA-256 of its own",
        { ...good, predicate: { ...predicate, resources: [...predicate.resources, predicate.resources[0]] } },
      ],
      ["lists no file", { ...good, predicate: { ...predicate, resources: [] } }],
      ["no single subject", { ...good, subject: [] }],
    ];
    for (const [said, statement] of bad) assert.throws(() => manifestIn(statement), new RegExp(said));
    assert.throws(() => manifestIn(null), /no list of a model's files/);
  });
});
