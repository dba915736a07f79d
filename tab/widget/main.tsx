// The dashboard widget: endpoints with their live model versions in small, as the runs of the project have left them.
import { render } from "preact";
import { connectProject, type ProjectHost, registerPart } from "../host.ts";
import type { Endpoint } from "../hub/endpoints.ts";
import { type LoadedProject, loadProject } from "../hub/project.ts";
import { sentenceOf } from "../load.ts";
import { Link, Mark, Opening, Time } from "../view/basics.tsx";
import { type HostSettings, readSettings } from "./settings.ts";

/** Newest runs of the project that are looked at: fewer than in the hub, since a dashboard is opened often. */
const RECENT = 30;
/** How a dashboard is told of the end of loading (docs/facts/evidence.md#E.4). */
const SUCCESS = { statusType: 0 };

function Widget({ project, settings, host }: { project: LoadedProject; settings: HostSettings; host: ProjectHost }) {
  const { endpoint } = readSettings(settings);
  const shown = project.endpoints.filter(({ key }) => endpoint === "" || key === endpoint);
  return (
    <Opening.Provider value={host.open}>
      <h1 class="title">
        <Link text={settings.name || "Models"} url={host.hub} />
      </h1>
      <section class="list" aria-label="Live models" tabIndex={0}>
        {shown.length === 0 ? (
          <p class="note">
            {endpoint === ""
              ? "No run has left a record about an endpoint."
              : "No run that was looked at has left a record about the endpoint of this widget."}
          </p>
        ) : (
          <ul class="plain">
            {shown.map((one) => (
              <Line key={one.key} endpoint={one} host={host} />
            ))}
          </ul>
        )}
        {project.unread.length > 0 && <p class="note">{project.unread[0]}</p>}
      </section>
    </Opening.Provider>
  );
}

function Line({ endpoint: { name, deployments, changes }, host }: { endpoint: Endpoint; host: ProjectHost }) {
  const last = changes[0];
  const isBad = last?.result === "failed" || last?.what === "rolledBack";
  return (
    <li class="endpoint">
      <strong class="name">{name}</strong>
      {deployments.length === 0 && <span class="quiet"> no deployment has traffic</span>}
      {deployments.map(({ name: deployment, model, share, since, isOlder, run, evidence }) => (
        <div key={deployment}>
          <Link text={model ?? deployment} url={host.pageOf(run)} />
          {share !== 100 && ` ${share} %`}
          <span class="quiet">
            {" "}
            {isOlder ? "before" : "since"} <Time iso={since} toMinute />
          </span>{" "}
          {evidence?.gate && (
            <Mark
              outcome={evidence.gate.passed ? "passed" : "failed"}
              word={evidence.gate.passed ? "judged" : "gate closed"}
            />
          )}
        </div>
      ))}
      {isBad && last && (
        <div>
          <Mark outcome="warned" word={last.what === "rolledBack" ? "rolled back" : "the last rollout failed"} />
        </div>
      )}
    </li>
  );
}

const root = document.getElementById("widget");
if (root !== null) {
  const load = async (host: ProjectHost, settings: HostSettings) => {
    try {
      const project = await loadProject(host.access, { recent: RECENT });
      render(<Widget project={project} settings={settings} host={host} />, root);
      return SUCCESS;
    } catch (error) {
      // A dashboard shows the message of a refusal in the widget's place.
      throw { message: sentenceOf(error), isUserVisible: true, isRichText: false };
    }
  };
  connectProject().then(
    (host) => {
      registerPart("models-widget", {
        preload: async () => SUCCESS,
        load: (settings: HostSettings) => load(host, settings),
        reload: (settings: HostSettings) => load(host, settings),
      });
      host.loaded();
    },
    (error) => render(<p role="alert">{sentenceOf(error)}</p>, root),
  );
}
