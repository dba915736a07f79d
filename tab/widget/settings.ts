// Settings of the dashboard widget, as the dashboard keeps them: text of others until it is read.

export interface WidgetSettings {
  /** Key of the endpoint that is shown; empty: all. */
  readonly endpoint: string;
}

/** What a dashboard gives to a widget (docs/facts/evidence.md#E.4). */
export interface HostSettings {
  readonly name?: string;
  readonly size?: { readonly rowSpan?: number; readonly columnSpan?: number };
  readonly customSettings?: { readonly data?: string | null };
}

export interface KeptSettings {
  readonly data: string;
  readonly version: { readonly major: number; readonly minor: number; readonly patch: number };
}

/** Settings that cannot be read are those of a new widget. */
export function readSettings(host: HostSettings | undefined): WidgetSettings {
  try {
    const { endpoint } = JSON.parse(host?.customSettings?.data ?? "{}") ?? {};
    return { endpoint: typeof endpoint === "string" ? endpoint.slice(0, 2_000) : "" };
  } catch {
    return { endpoint: "" };
  }
}

export const keptSettings = ({ endpoint }: WidgetSettings): KeptSettings => ({
  data: JSON.stringify({ endpoint }),
  version: { major: 1, minor: 0, patch: 0 },
});
