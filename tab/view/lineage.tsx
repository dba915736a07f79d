// Lineage: commit, data, job, model and deployment in their order, with lines between them and links in both directions.
import { Fragment } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { KINDS, type Kind, type LineageNode } from "../model/lineage.ts";
import { Link, Section } from "./basics.tsx";

const TITLES: Readonly<Record<Kind, string>> = {
  commit: "Commit",
  pullRequest: "Pull request",
  workItem: "Work item",
  run: "Run",
  data: "Data",
  environment: "Environment",
  job: "Job",
  model: "Model",
  deployment: "Deployment",
};
/** Nodes of one kind that are shown; the lines of more could not be told apart. */
const MOST = 60;

export function Lineage({ nodes }: { nodes: readonly LineageNode[] }) {
  const graph = useRef<HTMLDivElement>(null);
  const lines = useLines(graph, nodes);
  if (nodes.length < 2) return null;
  const ids = new Map(nodes.map(({ key }, index) => [key, `node-${index}`]));
  const names = new Map(nodes.map(({ key, name }) => [key, name]));
  const shown = KINDS.map((kind) => [kind, nodes.filter((node) => node.kind === kind)] as const).filter(
    ([, ofKind]) => ofKind.length > 0,
  );
  return (
    <Section id="lineage" title="Lineage">
      <div class="lineage" ref={graph}>
        <svg class="lines" aria-hidden="true">
          {lines.map((path) => (
            <path key={path} d={path} />
          ))}
        </svg>
        {shown.map(([kind, ofKind]) => (
          <div class="column" key={kind}>
            <h3>{TITLES[kind]}</h3>
            <ul class="plain">
              {ofKind.slice(0, MOST).map((node) => (
                <li key={node.key} id={ids.get(node.key)} data-key={node.key} tabIndex={-1} class="node">
                  <Link text={node.name} url={node.url} />
                  <Ends word="from" keys={node.from} ids={ids} names={names} />
                  <Ends word="to" keys={node.to} ids={ids} names={names} />
                </li>
              ))}
              {ofKind.length > MOST && <li class="note">and {ofKind.length - MOST} more</li>}
            </ul>
          </div>
        ))}
      </div>
    </Section>
  );
}

function Ends({
  word,
  keys,
  ids,
  names,
}: {
  word: "from" | "to";
  keys: readonly string[];
  ids: ReadonlyMap<string, string>;
  names: ReadonlyMap<string, string>;
}) {
  if (keys.length === 0) return null;
  return (
    <span class="ends">
      {word}{" "}
      {keys.slice(0, 5).map((key, index) => (
        <Fragment key={key}>
          {index > 0 && ", "}
          <a
            href={`#${ids.get(key)}`}
            onClick={(event) => {
              event.preventDefault();
              document.getElementById(ids.get(key) ?? "")?.focus();
            }}
          >
            {names.get(key)}
          </a>
        </Fragment>
      ))}
      {keys.length > 5 && ` and ${keys.length - 5} more`}
    </span>
  );
}

/** Curves between the nodes as they lie; none where the columns stand below each other. */
function useLines(graph: { current: HTMLDivElement | null }, nodes: readonly LineageNode[]): readonly string[] {
  const [lines, setLines] = useState<readonly string[]>([]);
  useLayoutEffect(() => {
    const parent = graph.current;
    if (parent === null) return undefined;
    const measure = () => {
      const origin = parent.getBoundingClientRect();
      const boxes = new Map(
        [...parent.querySelectorAll<HTMLElement>(".node")].map((node) => [
          node.dataset["key"] ?? "",
          node.getBoundingClientRect(),
        ]),
      );
      const found = nodes.flatMap(({ key, to }) =>
        to.flatMap((other) => {
          const [begin, end] = [boxes.get(key), boxes.get(other)];
          if (!begin || !end || begin.right >= end.left) return [];
          const [x1, y1] = [begin.right - origin.left, begin.top + begin.height / 2 - origin.top];
          const [x2, y2] = [end.left - origin.left, end.top + end.height / 2 - origin.top];
          const middle = (x1 + x2) / 2;
          return [`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`];
        }),
      );
      setLines((before) => (before.join() === found.join() ? before : found));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(parent);
    return () => watch.disconnect();
  }, [nodes]);
  return lines;
}
