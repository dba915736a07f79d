// The configuration of the dashboard widget: which endpoint it shows.
import { render } from "preact";
import { useState } from "preact/hooks";
import { connectProject, registerPart } from "../host.ts";
import type { Endpoint } from "../hub/endpoints.ts";
import { loadProject } from "../hub/project.ts";
import { sentenceOf } from "../load.ts";
import { type HostSettings, keptSettings, readSettings } from "./settings.ts";

/** The dashboard's side: told of each change, so that the preview follows (docs/facts/evidence.md#E.4). */
interface Context {
  notify(event: string, change: { readonly data: unknown }): Promise<unknown>;
}

const CHANGED = "ms.vss-dashboards-web.configurationChange";
const RECENT = 100;

function Configuration({
  endpoints,
  start,
  changed,
}: {
  endpoints: readonly Endpoint[];
  start: string;
  changed: (endpoint: string) => void;
}) {
  const [chosen, setChosen] = useState(start);
  const isGone = chosen !== "" && !endpoints.some(({ key }) => key === chosen);
  return (
    <>
      <h1 class="title">Endpoint of this widget</h1>
      <label class="field">
        Endpoint
        <select
          value={chosen}
          onChange={(event) => {
            setChosen(event.currentTarget.value);
            changed(event.currentTarget.value);
          }}
        >
          <option value="">All endpoints of this project</option>
          {endpoints.map(({ key, name, workspace }) => (
            <option key={key} value={key}>
              {workspace === undefined ? name : `${name} (${workspace.name})`}
            </option>
          ))}
          {isGone && <option value={chosen}>The endpoint that was chosen; no recent run tells of it</option>}
        </select>
      </label>
    </>
  );
}

const root = document.getElementById("configuration");
if (root !== null) {
  let chosen = "";
  connectProject().then(
    (host) => {
      registerPart("models-widget.configuration", {
        load: async (settings: HostSettings, context: Context) => {
          chosen = readSettings(settings).endpoint;
          const project = await loadProject(host.access, { recent: RECENT }).catch((error) => {
            throw { message: sentenceOf(error), isUserVisible: true, isRichText: false };
          });
          const changed = (endpoint: string) => {
            chosen = endpoint;
            void context.notify(CHANGED, { data: keptSettings({ endpoint }) });
          };
          render(<Configuration endpoints={project.endpoints} start={chosen} changed={changed} />, root);
          return { statusType: 0 };
        },
        onSave: async () => ({ isValid: true, customSettings: keptSettings({ endpoint: chosen }) }),
      });
      host.loaded();
    },
    (error) => render(<p role="alert">{sentenceOf(error)}</p>, root),
  );
}
