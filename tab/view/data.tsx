// Data: the version that the run used, and the difference to the version before.
import type { Step } from "../load.ts";
import { numberText } from "../model/format.ts";
import { Facts, Link, Omitted, Section, Table } from "./basics.tsx";

const WORDS = { added: "added", changed: "changed", removed: "removed" } as const;

export function Data({ steps }: { steps: readonly Step[] }) {
  const registered = steps.filter(({ record }) => record.data);
  if (registered.length === 0) return null;
  return (
    <Section id="data" title="Data">
      {registered.map(({ id, record }) => {
        const { name = "", version = "", studioUrl, path, type, created, change } = record.data ?? {};
        const counts = [
          ...(["added", "changed", "removed", "unchanged"] as const).flatMap((word) =>
            change?.[word] === undefined ? [] : [`${numberText(change[word])} ${word}`],
          ),
        ].join(", ");
        return (
          <article key={id} class="part">
            <h3>
              <Link text={`${name}:${version}`} url={studioUrl} />
            </h3>
            <Facts
              rows={[
                [
                  "State",
                  created === undefined ? "" : created ? "made by this run" : "the same content was there already",
                ],
                ["Type", type],
                ["Path", path && <code>{path}</code>],
                ["Compared with", change?.since && `version ${change.since}`],
                ["Files", counts],
                ["Difference", change?.unknown],
              ]}
            />
            {(change?.files?.length ?? 0) > 0 && (
              <Table
                caption={`Files of ${name}:${version} that changed`}
                rows={change?.files ?? []}
                columns={[
                  { title: "Change", cell: (file) => WORDS[file.change] },
                  { title: "File", cell: (file) => <code>{file.path}</code> },
                  {
                    title: "Bytes",
                    isNumber: true,
                    cell: (file) => (file.bytes === undefined ? "" : numberText(file.bytes)),
                  },
                ]}
              />
            )}
            <Omitted omitted={record.omitted} list="data.change.files" />
          </article>
        );
      })}
    </Section>
  );
}
