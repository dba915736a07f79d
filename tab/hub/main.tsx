// The hub Models under Pipelines: connects to the host, reads the runs of the project, and shows what is live.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { connectProject, type ProjectHost } from "../host.ts";
import { inLanes } from "../lanes.ts";
import { sentenceOf } from "../load.ts";
import { Opening } from "../view/basics.tsx";
import { askEndpoint, type Connection, listConnections } from "./azure.ts";
import { type Answers, HubPage } from "./page.tsx";
import { type LoadedProject, loadProject } from "./project.ts";

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "loaded"; readonly project: LoadedProject };

const RECENT = 100;
/** Endpoints that Azure is asked about at once. */
const MOST_ASKED = 50;

function Hub({ host }: { host: ProjectHost }) {
  const [state, setState] = useState<State>({ kind: "loading" });
  useEffect(() => {
    loadProject(host.access, { recent: RECENT })
      .then(
        (project) => setState({ kind: "loaded", project }),
        (error) => setState({ kind: "failed", message: sentenceOf(error) }),
      )
      .finally(() => host.loaded());
  }, [host]);
  const askAzure = async (connection: Connection, { endpoints }: LoadedProject): Promise<Answers> => {
    const answers = await inLanes(endpoints.slice(0, MOST_ASKED), async (endpoint) => {
      const answer = await askEndpoint(host.access, connection, endpoint).then(
        (found) => (found === undefined ? {} : { found }),
        (error) => ({ failure: sentenceOf(error) }),
      );
      return [[endpoint.key, answer] as const];
    });
    return new Map(answers);
  };
  return (
    <Opening.Provider value={host.open}>
      <div aria-live="polite" aria-busy={state.kind === "loading"}>
        {state.kind === "loading" && <p>The runs of this project are being read.</p>}
        {state.kind === "failed" && (
          <div class="alert" role="alert">
            <h1>The models of this project cannot be shown.</h1>
            <p>{state.message}</p>
          </div>
        )}
      </div>
      {state.kind === "loaded" && (
        <HubPage
          project={state.project}
          pageOf={host.pageOf}
          connections={() => listConnections(host.access)}
          askAzure={(connection) => askAzure(connection, state.project)}
        />
      )}
    </Opening.Provider>
  );
}

const root = document.getElementById("models");
if (root !== null) {
  connectProject().then(
    (host) => render(<Hub host={host} />, root),
    (error) =>
      render(
        <div class="alert" role="alert">
          <h1>This page shows models inside Azure DevOps only.</h1>
          <p>{sentenceOf(error)}</p>
        </div>,
        root,
      ),
  );
}
