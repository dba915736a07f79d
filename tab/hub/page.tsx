// The hub Models: each endpoint with its live versions, since when, by which run, with which evidence; and beside it what Azure says now.
import { useMemo, useState } from "preact/hooks";
import { counted } from "../../lib/record/index.ts";
import { clockText, strategyText } from "../model/format.ts";
import { Fold, Link, Mark, type Outcome, Section, Table, Time } from "../view/basics.tsx";
import { Chart } from "../view/chart.tsx";
import { State } from "../view/state.tsx";
import type { AzureEndpoint, Connection } from "./azure.ts";
import { type Beside, compare } from "./compare.ts";
import type { Endpoint, LiveDeployment, ModelEvidence, RunName } from "./endpoints.ts";
import { healthOf, type MonitorResultOf } from "./history.ts";
import { Monitors } from "./monitors.tsx";
import type { LoadedProject } from "./project.ts";
import { trafficChart } from "./traffic.ts";

/** What Azure answered about each endpoint, by its key: what it has, that it has none, or why it is not known. */
export type Answers = ReadonlyMap<string, { readonly found?: AzureEndpoint; readonly failure?: string }>;

export interface PageProps {
  readonly project: LoadedProject;
  readonly pageOf: (run: RunName) => string;
  readonly connections: () => Promise<readonly Connection[]>;
  readonly askAzure: (connection: Connection) => Promise<Answers>;
}

/** Endpoints from which on a field to filter them is there. */
const FILTERED_FROM = 6;

export function HubPage({ project, pageOf, connections, askAzure }: PageProps) {
  const [answers, setAnswers] = useState<Answers>(new Map());
  const [filter, setFilter] = useState("");
  const { endpoints, monitors, looked, withRecords, unread } = project;
  const wanted = filter.trim().toLowerCase();
  const shown = endpoints.filter((one) => wanted === "" || textOf(one).includes(wanted));
  return (
    <>
      <h1>Models</h1>
      <p>
        What is live, as the runs of this project's pipelines have left it: {counted(endpoints.length, "endpoint")} from{" "}
        {counted(withRecords, "run")} with records, of {counted(looked, "run")} that were looked at.
      </p>
      {unread.length > 0 && (
        <div class="alert">
          <strong>Not everything could be read.</strong>
          <ul>
            {unread.slice(0, 10).map((sentence, index) => (
              <li key={index}>{sentence}</li>
            ))}
            {unread.length > 10 && <li>{unread.length - 10} more.</li>}
          </ul>
        </div>
      )}
      {endpoints.length === 0 ? (
        <p>
          No run of this project has left a record about an endpoint. The tasks AzureMLDeployEndpoint and
          AzureMLRollback leave one; with their input <code>traceability: link</code> a run is found however old it is.
        </p>
      ) : (
        <Azure connections={connections} ask={(connection) => askAzure(connection).then(setAnswers)} />
      )}
      {endpoints.length >= FILTERED_FROM && (
        <p>
          <label class="choice">
            Show only{" "}
            <input
              type="search"
              placeholder="endpoint, model, workspace"
              value={filter}
              onInput={(event) => setFilter(event.currentTarget.value)}
            />
          </label>{" "}
          <span role="status">{wanted === "" ? "" : `${shown.length} of ${endpoints.length}`}</span>
        </p>
      )}
      {shown.map((endpoint, index) => (
        <OneEndpoint
          key={endpoint.key}
          id={`endpoint-${index}`}
          endpoint={endpoint}
          answer={answers.get(endpoint.key)}
          health={healthOf(monitors, endpoint)}
          pageOf={pageOf}
        />
      ))}
      <Monitors histories={monitors} pageOf={pageOf} />
    </>
  );
}

/** Asks Azure only when somebody wants it: what it answers is seen with the rights of the connection, and not of the viewer. */
function Azure({
  connections,
  ask,
}: {
  connections: PageProps["connections"];
  ask: (connection: Connection) => Promise<void>;
}) {
  const [list, setList] = useState<readonly Connection[]>();
  const [chosen, setChosen] = useState("");
  const [state, setState] = useState("");
  const doing = async (what: string, work: () => Promise<string>) => {
    setState(what);
    setState(await work().catch((error) => (error instanceof Error ? error.message : String(error))));
  };
  const choose = () =>
    doing("The service connections are being read.", async () => {
      const found = await connections();
      setList(found);
      setChosen(found[0]?.id ?? "");
      return found.length === 0
        ? "There is no service connection to Azure Resource Manager in this project that you may use (its role User)."
        : "";
    });
  const connection = list?.find(({ id }) => id === chosen);
  return (
    <section class="azure" aria-label="Azure now">
      {list === undefined || list.length === 0 ? (
        <button type="button" class="more" onClick={choose}>
          Compare with Azure now…
        </button>
      ) : (
        <>
          <p>
            <strong>You see through the connection.</strong> Azure is asked as the identity of the service connection
            and not as you: the answer may hold what Azure would not show to you. It is asked for the traffic and the
            models of the endpoints below, and changes nothing.
          </p>
          <label class="choice">
            Service connection{" "}
            <select value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
              {list.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>{" "}
          <button
            type="button"
            class="more"
            onClick={() =>
              connection &&
              doing("Azure is being asked.", async () => {
                await ask(connection);
                return `Azure was asked through ${connection.name} at ${clockText(Date.now())}.`;
              })
            }
          >
            Ask Azure through it
          </button>
        </>
      )}{" "}
      <span role="status">{state}</span>
    </section>
  );
}

function OneEndpoint({
  id,
  endpoint,
  answer,
  health,
  pageOf,
}: {
  id: string;
  endpoint: Endpoint;
  answer: { readonly found?: AzureEndpoint; readonly failure?: string } | undefined;
  health: MonitorResultOf | undefined;
  pageOf: PageProps["pageOf"];
}) {
  const { name, workspace, changes } = endpoint;
  const rows = compare(endpoint, answer?.found);
  const isAsked = answer !== undefined && answer.failure === undefined;
  return (
    <Section id={id} title={name}>
      <p class="note">
        {workspace === undefined ? "Workspace not recorded" : `Workspace ${workspace.name}`}
        {workspace?.resourceGroup === undefined ? "" : `, resource group ${workspace.resourceGroup}`}
      </p>
      {health && (
        <p>
          Health: <State of={health.monitor.outcome} />, <Time iso={health.at} />
        </p>
      )}
      {answer?.failure !== undefined && <p role="alert">{answer.failure}</p>}
      {isAsked && answer.found === undefined && <p role="alert">Azure has no such endpoint (any more).</p>}
      {rows.length === 0 ? (
        <p>No deployment has traffic, as the last step left it.</p>
      ) : (
        <Table
          caption={`Live deployments of ${name}`}
          rows={rows}
          columns={[
            { title: "Model", cell: ({ model }) => <strong class="name">{model ?? "not recorded"}</strong> },
            { title: "Deployment", cell: (row) => row.name },
            { title: "Traffic", isNumber: true, cell: ({ live }) => (live ? `${live.share} %` : "–") },
            ...(isAsked ? [{ title: "Azure now", cell: (row: Beside) => <InAzure row={row} /> }] : []),
            { title: "Live since", cell: ({ live }) => live && <Since live={live} /> },
            { title: "Run", cell: ({ live }) => live && <Run run={live.run} pageOf={pageOf} /> },
            { title: "Evidence", cell: ({ live }) => live && <Evidence evidence={live.evidence} pageOf={pageOf} /> },
          ]}
        />
      )}
      <Fold title={`Changes (${changes.length})`}>{() => <Changes endpoint={endpoint} pageOf={pageOf} />}</Fold>
    </Section>
  );
}

const Since = ({ live: { since, isOlder } }: { live: LiveDeployment }) => (
  <>
    {isOlder && "before "}
    <Time iso={since} />
  </>
);

const Run = ({ run, pageOf }: { run: RunName; pageOf: PageProps["pageOf"] }) => (
  <Link text={`${run.pipeline} ${run.number}`.trim()} url={pageOf(run)} />
);

function InAzure({ row: { azure, isOther } }: { row: Beside }) {
  if (azure === undefined) return <Mark outcome="failed" word="not there" />;
  const text = `${azure.share} %${azure.model === undefined ? "" : `, ${azure.model}`}`;
  return <Mark outcome={isOther ? "warned" : "passed"} word={isOther ? `${text}: differs` : `${azure.share} %`} />;
}

function Evidence({ evidence, pageOf }: { evidence: ModelEvidence | undefined; pageOf: PageProps["pageOf"] }) {
  if (evidence === undefined) return <Mark outcome="skipped" word="none found" />;
  const { gate, approvedBy, signedBy, promotedFrom, run } = evidence;
  return (
    <ul class="plain">
      <li>
        {gate === undefined ? (
          <Mark outcome="skipped" word="not judged" />
        ) : (
          <Mark
            outcome={gate.passed ? "passed" : "failed"}
            word={`${gate.passed ? "passed" : "failed"} ${counted(gate.rules, "rule")}${gate.champion === undefined ? "" : ` against ${gate.champion}`}`}
          />
        )}
      </li>
      {approvedBy !== undefined && <li>approved by {approvedBy}</li>}
      {signedBy !== undefined && <li>signed by {signedBy}</li>}
      {promotedFrom !== undefined && <li>promoted from {promotedFrom}</li>}
      <li>
        <Run run={run} pageOf={pageOf} />
      </li>
    </ul>
  );
}

const RESULTS: Readonly<Record<string, { readonly outcome: Outcome; readonly word: string }>> = {
  succeeded: { outcome: "passed", word: "succeeded" },
  succeededWithIssues: { outcome: "warned", word: "succeeded with issues" },
  failed: { outcome: "failed", word: "failed" },
  canceled: { outcome: "warned", word: "canceled" },
};

function Changes({ endpoint, pageOf }: { endpoint: Endpoint; pageOf: PageProps["pageOf"] }) {
  const { name: of, changes } = endpoint;
  const chart = useMemo(() => trafficChart(endpoint, Date.now()), [endpoint]);
  return (
    <>
      {chart && <Chart {...chart} />}
      <Table
        caption={`Changes of ${of}, the newest first`}
        rows={changes}
        columns={[
          { title: "When", cell: ({ at }) => <Time iso={at} /> },
          {
            title: "What",
            cell: ({ what, deployment, model, strategy }) =>
              what === "rolledBack"
                ? `rolled back to ${deployment}`
                : `deployed ${deployment}${model === undefined ? "" : `, ${model}`}${strategy === undefined ? "" : ` (${strategyText(strategy)})`}`,
          },
          {
            title: "Result",
            cell: ({ result }) => <Mark {...(RESULTS[result] ?? { outcome: "skipped", word: result })} />,
          },
          {
            title: "Traffic afterwards",
            cell: ({ traffic }) =>
              Object.entries(traffic)
                .filter(([, share]) => share > 0)
                .map(([name, share]) => `${name} ${share} %`)
                .join(", ") || "none",
          },
          { title: "Run", cell: ({ run }) => <Run run={run} pageOf={pageOf} /> },
        ]}
      />
    </>
  );
}

const textOf = ({ name, workspace, deployments }: Endpoint): string =>
  [name, workspace?.name, ...deployments.flatMap((one) => [one.name, one.model])].join(" ").toLowerCase();
