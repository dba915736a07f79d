// The results tab of a run: connects to the host, reads what the run's steps left, and shows it.
import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { AttachmentPlace, RunAccess } from "./attachments.ts";
import { connectHost, type Host } from "./host.ts";
import { type LoadedRun, loadImages, loadRun, type Step, sentenceOf } from "./load.ts";
import { Opening } from "./view/basics.tsx";
import type { Shown } from "./view/images.tsx";
import { Page, pageModel } from "./view/page.tsx";

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "loaded"; readonly run: LoadedRun; readonly images: readonly Shown[] };

/** Milliseconds between two readings of a run that changes. */
const PAUSE = 10_000;

function Tab({ host }: { host: Host }) {
  const [state, setState] = useState<State>({ kind: "loading" });
  useEffect(() => {
    let isLoading = false;
    let next: RunAccess | undefined;
    let addresses: string[] = [];
    const load = async (access: RunAccess) => {
      const run = await loadRun(access);
      setState({ kind: "loaded", run, images: [] });
      host.loaded();
      const images = await shownImages(access, run.steps);
      if (images.length > 0) setState({ kind: "loaded", run, images });
      for (const address of addresses) URL.revokeObjectURL(address);
      addresses = images.map(({ address }) => address);
    };
    host.onRun(async (access) => {
      next = access;
      // A run under way changes often: what comes while it is read is read once afterwards, after a pause.
      if (isLoading) return;
      isLoading = true;
      while (next !== undefined) {
        const wanted: RunAccess = next;
        next = undefined;
        await load(wanted).catch((error) => {
          setState({ kind: "failed", message: sentenceOf(error) });
          host.loaded();
        });
        if (next !== undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
      isLoading = false;
    });
  }, [host]);
  return (
    <Opening.Provider value={host.open}>
      <div aria-live="polite" aria-busy={state.kind === "loading"}>
        {state.kind === "loading" && <p>The records of the run are being read.</p>}
        {state.kind === "failed" && (
          <div class="alert" role="alert">
            <h1>The records of this run cannot be shown.</h1>
            <p>{state.message}</p>
          </div>
        )}
      </div>
      {state.kind === "loaded" && <Loaded run={state.run} images={state.images} />}
    </Opening.Provider>
  );
}

function Loaded({ run, images }: { run: LoadedRun; images: readonly Shown[] }) {
  const model = useMemo(() => pageModel(run), [run]);
  return <Page model={model} images={images} />;
}

/** Only pictures that a record of the same step names: it says under which path the job logged them. */
async function shownImages(access: RunAccess, steps: readonly Step[]): Promise<Shown[]> {
  const named = new Map<string, { path: string; job: string }>(
    steps
      .filter(({ isOurs }) => isOurs)
      .flatMap(({ id, record: { job, gate } }) =>
        [
          ...(job?.images ?? []).map((one) => [one, job?.name] as const),
          ...(gate?.images ?? []).map((one) => [one, gate?.jobName] as const),
        ].map(([one, name]) => [`${id.toLowerCase()} ${one.name}`, { path: one.path, job: name ?? "" }] as const),
      ),
  );
  if (named.size === 0) return [];
  const keyOf = ({ recordId, name }: AttachmentPlace) => `${recordId.toLowerCase()} ${name}`;
  // Two gates of one job leave the same pictures.
  const first = new Map([...named].reverse().map(([key, { job, path }]) => [JSON.stringify([job, path]), key]));
  const wanted = new Set(first.values());
  const loaded = await loadImages(access, (place) => wanted.has(keyOf(place))).catch(() => []);
  return loaded.flatMap(({ place, address }) => {
    const found = named.get(keyOf(place));
    return found === undefined ? [] : [{ address, ...found }];
  });
}

const root = document.getElementById("run");
if (root !== null) {
  connectHost().then(
    (host) => render(<Tab host={host} />, root),
    (error) =>
      render(
        <div class="alert" role="alert">
          <h1>This page shows results inside Azure DevOps only.</h1>
          <p>{sentenceOf(error)}</p>
        </div>,
        root,
      ),
  );
}
