// Evidence: models and promotions, approval, pull request, work items and the documents that prove a model.
import type { Step } from "../load.ts";
import { assetName } from "../model/format.ts";
import { Facts, Fold, Link, Mark, Section, Table } from "./basics.tsx";

export function Evidence({ steps }: { steps: readonly Step[] }) {
  const parts = steps.flatMap((step) => {
    const { model, promotion, pullRequest, workItems = [], evidence, proof } = step.record;
    const isEmpty = !model && !promotion && !pullRequest && workItems.length === 0 && !evidence && !proof;
    return isEmpty ? [] : [step];
  });
  if (parts.length === 0) return null;
  return (
    <Section id="evidence" title="Model and evidence">
      {parts.map((step) => (
        <OneStep key={step.id} step={step} />
      ))}
    </Section>
  );
}

function OneStep({ step }: { step: Step }) {
  const { model, promotion, pullRequest, workItems = [], evidence, proof } = step.record;
  return (
    <article class="part">
      <h3>{step.name}</h3>
      <Facts
        rows={[
          ["Model", model && <Link text={`${model.name}:${model.version}`} url={model.studioUrl} />],
          ["State", model?.created === undefined ? "" : model.created ? "made by this run" : "was there already"],
          ["Job", model?.jobName],
          ["Promoted from", promotion && assetName(promotion.from)],
          ["To", promotion && assetName(promotion.target)],
          ["Content", promotion && <code>{promotion.contentHash}</code>],
          ["Approved by", evidence?.decision?.by ?? promotion?.approvedBy],
          [
            "Decision",
            evidence?.decision && [evidence.decision.outcome, evidence.decision.comment].filter(Boolean).join(": "),
          ],
          [
            "Pull request",
            pullRequest && (
              <Link
                text={`#${pullRequest.id}${pullRequest.title ? ` ${pullRequest.title}` : ""}`}
                url={pullRequest.url}
              />
            ),
          ],
          ["Its status", pullRequest?.status && `${pullRequest.status.name}: ${pullRequest.status.state}`],
          ["Signed by", proof?.signer],
          [
            "Verified",
            proof?.outcome && (
              <Mark
                outcome={proof.outcome === "notAsked" ? "skipped" : proof.outcome}
                word={proof.outcome === "notAsked" ? "not asked" : proof.outcome}
              />
            ),
          ],
          ["Finding", proof?.detail],
        ]}
      />
      {evidence?.summary && <Fold title="Evidence as approvers get it">{() => <pre>{evidence.summary}</pre>}</Fold>}
      {step.evidence && <Fold title="Evidence in full">{() => <pre>{step.evidence}</pre>}</Fold>}
      {workItems.length > 0 && (
        <Table
          caption="Work items"
          rows={workItems}
          columns={[
            {
              title: "Work item",
              cell: ({ id, type, title, url }) => (
                <Link text={`${type ?? "Work item"} ${id}${title ? `: ${title}` : ""}`} url={url} />
              ),
            },
            { title: "State", cell: ({ state }) => state },
            { title: "This run", cell: ({ change }) => change },
          ]}
        />
      )}
      {(proof?.documents.length ?? 0) > 0 && (
        <Table
          caption="Documents of the model"
          rows={proof?.documents ?? []}
          columns={[
            { title: "Kind", cell: ({ kind }) => kind },
            { title: "Name", cell: ({ name, uri }) => <Link text={name} url={uri} /> },
            { title: "SHA-256", cell: ({ sha256 }) => sha256 && <code>{sha256}</code> },
          ]}
        />
      )}
    </article>
  );
}
