// A line chart's data, before anybody draws it.

export interface ChartLine {
  readonly name: string;
  /** The one that others are compared with: drawn dashed, in a quiet colour. */
  readonly isReference?: boolean;
  /** null: no point there. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Name of what runs along the lower edge. */
  readonly along: string;
  readonly places: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Places are seconds since 1970. */
  readonly isTime?: boolean;
  /** Values hold until the next one. */
  readonly isStepped?: boolean;
  readonly unit?: string;
  /** A sentence below the chart. */
  readonly note?: string;
}
