// An in-toto statement of a model's provenance, in the terms of SLSA 1 (docs/facts/evidence.md#G.3): who made it, of what, and its bill of materials.
// Tests: test/lib/ml/proof/bill-of-materials.test.ts
import { STATEMENT_TYPE } from "./model-manifest.ts";
import { type ProofFacts, sourceOf } from "./proof-facts.ts";

const PREDICATE = "https://slsa.dev/provenance/v1";

/** Says what the fields of `externalParameters` mean; a later meaning gets another one. */
const BUILD_TYPE =
  "https://marketplace.visualstudio.com/items?itemName=train-judge-release.ml-pipelines#register-model/v1";

/** The name and the SHA-256 of a file of the proof. */
interface ProofFile {
  readonly name: string;
  readonly sha256: string;
  readonly mediaType: string;
}

/** @param bill the bill of materials, which the statement vouches for by its digest */
export function provenanceStatement(facts: ProofFacts, bill: ProofFile): object {
  const { model, manifest, job, provenance, tool, time } = facts;
  const { organization, project, definitionId, runUri, attempt } = provenance;
  const builder =
    organization === "" || definitionId === undefined
      ? BUILD_TYPE.replace(/#.*/, "")
      : `${organization}${encodeURIComponent(project)}/_build/definition?definitionId=${definitionId}`;
  const internal = known({ job: job?.id ?? job?.name, compute: job?.compute, environment: job?.environment?.id });
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: `${model.name}:${model.version}`, digest: { sha256: manifest.digest } }],
    predicateType: PREDICATE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: { model: model.name, version: model.version, type: model.type, id: model.id },
        ...(Object.keys(internal).length === 0 ? {} : { internalParameters: internal }),
        resolvedDependencies: dependenciesOf(facts),
      },
      runDetails: {
        builder: { id: builder, version: { [tool.name]: tool.version } },
        metadata: known({
          invocationId: runUri === "" ? undefined : `${runUri}#attempt-${attempt}`,
          startedOn: job?.started,
          finishedOn: job?.finished ?? time,
        }),
        byproducts: [{ name: bill.name, digest: { sha256: bill.sha256 }, mediaType: bill.mediaType }],
      },
    },
  };
}

function dependenciesOf(facts: ProofFacts): object[] {
  const { repository, commit, branch } = sourceOf(facts);
  const { data = [], environment } = facts.job ?? {};
  const isReference = branch === "" || branch.startsWith("refs/");
  const at = branch === "" ? "" : `@${isReference ? branch : `refs/heads/${branch}`}`;
  return [
    ...(repository === ""
      ? []
      : [{ uri: `git+${repository}${at}`, ...(commit === "" ? {} : { digest: { gitCommit: commit } }) }]),
    ...data.map(({ input, uri }) => ({ name: input, uri })),
    ...(environment?.image === undefined
      ? []
      : [
          {
            name: "image",
            uri: `docker://${environment.image}`,
            ...(environment.imageDigest === undefined ? {} : { digest: { sha256: environment.imageDigest } }),
          },
        ]),
  ];
}

const known = (values: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));

interface Provenance {
  readonly _type?: unknown;
  readonly predicateType?: unknown;
  readonly subject?: readonly { readonly name?: string; readonly digest?: { readonly sha256?: string } }[];
  readonly predicate?: {
    readonly runDetails?: {
      readonly builder?: { readonly id?: string };
      readonly metadata?: { readonly invocationId?: string };
      readonly byproducts?: readonly { readonly name?: string; readonly digest?: { readonly sha256?: string } }[];
    };
  };
}

/** A provenance statement as far as it is held against the model and its bill of materials; undefined where it is none. */
export function readProvenance(statement: unknown) {
  const { _type, predicateType, subject, predicate } = (statement ?? {}) as Provenance;
  if (_type !== STATEMENT_TYPE || predicateType !== PREDICATE || !Array.isArray(subject)) return undefined;
  const { builder, metadata, byproducts } = predicate?.runDetails ?? {};
  return {
    name: subject[0]?.name ?? "",
    digest: subject.length === 1 ? subject[0]?.digest?.sha256 : undefined,
    builder: builder?.id ?? "",
    invocation: metadata?.invocationId ?? "",
    bills: Array.isArray(byproducts) ? byproducts : [],
  };
}
