// A line chart: uPlot draws it in the colours of the host's theme, and a table says the same to those who do not see it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { ChartLine, ChartProps } from "../model/chart.ts";
import { numberText, timeText, zoneText } from "../model/format.ts";
import { timeLabels } from "../model/time-axis.ts";
import { Fold, Table } from "./basics.tsx";

const HEIGHT = 220;
const FONT = "12px 'Segoe UI', system-ui, 'DejaVu Sans', sans-serif";
/** Points that labels keep from one another, and from their axis. */
const APART = 16;
const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];
const DASHES = [[], [2, 4], [10, 3], [6, 2, 2, 2], [1, 3], [12, 2, 2, 2]];

/** Charts side by side; nothing where there is none. */
export function Charts({ of }: { of: readonly ChartProps[] }) {
  if (of.length === 0) return null;
  return (
    <div class="charts">
      {of.map((one) => (
        <Chart key={one.title} {...one} />
      ))}
    </div>
  );
}

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = place.current;
    if (parent === null) return undefined;
    let chart = draw(parent, props);
    const redraw = () => {
      chart.destroy();
      chart = draw(parent, props);
    };
    const watch = new ResizeObserver(() => chart.setSize({ width: widthOf(parent), height: HEIGHT }));
    watch.observe(parent);
    window.addEventListener("themeApplied", redraw);
    return () => {
      watch.disconnect();
      window.removeEventListener("themeApplied", redraw);
      chart.destroy();
    };
  }, [props]);
  const { title, lines, places, along, isTime, note, unit = "" } = props;
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <ul class="legend" aria-label={`Lines of ${title}`}>
          {lines.map(({ name, isReference }, index) => (
            <li key={index}>
              <svg width="28" height="8" aria-hidden="true">
                <line
                  x1="0"
                  y1="4"
                  x2="28"
                  y2="4"
                  stroke-width="2"
                  stroke-dasharray={dashOf(index, isReference).join(" ")}
                  style={{ stroke: `var(${colourOf(index, isReference)})` }}
                />
              </svg>
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} class="plot" role="img" aria-label={`${title}: ${summaryOf(lines, unit)}`} />
      {note && <p class="note">{note}</p>}
      <Fold title={`Values of ${title} as a table`}>
        {() => (
          <Table
            caption={`Values of ${title}`}
            columns={[
              { title: along, cell: (index) => (isTime ? timeOf(places[index] ?? 0) : numberText(places[index] ?? 0)) },
              ...lines.map(({ name, values }) => ({
                title: name,
                isNumber: true,
                cell: (index: number) => {
                  const value = values[index];
                  return typeof value === "number" ? `${numberText(value)}${unit}` : "";
                },
              })),
            ]}
            rows={places.map((_, index) => index)}
          />
        )}
      </Fold>
    </figure>
  );
}

function draw(parent: HTMLElement, props: ChartProps): uPlot {
  const { places, lines, along, isTime = false, isStepped, unit = "" } = props;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim() || "GrayText";
  const axis = {
    stroke: colour("--chart-text"),
    grid: { stroke: colour("--chart-grid"), width: 1 },
    ticks: { stroke: colour("--chart-grid"), width: 1 },
    font: FONT,
  };
  /** Labels of marks on the lower edge, which are `between` apart. */
  const labelsOf = (marks: readonly number[], between: number) =>
    isTime ? timeLabels(marks, between) : marks.map(numberText);
  /** The widest of those that marks a hundred points apart would have: a guess, before it is known where they are. */
  const widest = (min: number, max: number, points: number) =>
    widthIn(labelsOf([min, max], ((max - min) * 100) / Math.max(1, points)));
  const [first = 0, last = first] = [places[0], places.at(-1)];
  const lower: uPlot.Axis = {
    ...axis,
    label: isTime ? `${along} (${zoneText(last * 1000)})` : along,
    ...{ labelFont: FONT, labelSize: 18, labelGap: 0 },
    space: (_chart, _axis, min, max, points) => widest(min, max, points) + APART,
    values: (_chart, marks, _axis, _space, between) => labelsOf(marks, between),
  };
  const left: uPlot.Axis = {
    ...axis,
    // Beside the labels there are the ends of the lines behind them, and a gap.
    size: (_chart, labels) => widthIn(labels ?? []) + APART + 4,
    values: (_chart, marks) => marks.map((one) => `${numberText(one)}${unit}`),
  };
  const paths = isStepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  return new uPlot(
    {
      width: widthOf(parent),
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: isTime, range: (_chart, min, max) => rangeOf(min, max) },
        ...(isStepped ? { y: { range: [0, 105] } } : {}),
      },
      // A label at the right edge has half of itself behind it.
      padding: [null, Math.ceil(widest(first, last, widthOf(parent)) / 2), null, null],
      axes: [lower, left],
      series: [
        {},
        ...lines.map(({ name, isReference }, index) => ({
          label: name,
          stroke: colour(colourOf(index, isReference)),
          width: 2,
          dash: dashOf(index, isReference),
          spanGaps: true,
          points: { show: places.length < 40, size: 5 },
          ...(paths ? { paths } : {}),
        })),
      ],
    },
    [[...places], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData,
    parent,
  );
}

/** The places as they are; wider where they lie so close that the marks of the axis could not be told apart: uPlot would never end. */
function rangeOf(min: number | null, max: number | null): [number | null, number | null] {
  if (min === null || max === null) return [null, null];
  const least = Math.max(Math.abs(min), Math.abs(max)) * 1e-9;
  return max - min > least ? [min, max] : [min - Math.max(least, 0.5), max + Math.max(least, 0.5)];
}

const colourOf = (index: number, isReference: boolean | undefined): string =>
  isReference ? "--chart-reference" : (COLOURS[index % COLOURS.length] ?? "--chart-1");
const dashOf = (index: number, isReference: boolean | undefined): number[] =>
  isReference ? [6, 4] : [...(DASHES[Math.floor(index / COLOURS.length) % DASHES.length] ?? [])];
const widthOf = (parent: HTMLElement): number => Math.max(200, Math.floor(parent.clientWidth));
const timeOf = (seconds: number): string => timeText(new Date(seconds * 1000).toISOString());

let ruler: CanvasRenderingContext2D | null | undefined;
/** Points that the widest line of the labels takes in a chart's font. */
function widthIn(labels: readonly string[]): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return 0;
  ruler.font = FONT;
  const lines = labels.flatMap((label) => label.split("\n"));
  return Math.ceil(Math.max(0, ...lines.map((line) => ruler?.measureText(line).width ?? 0)));
}

function summaryOf(lines: readonly ChartLine[], unit: string): string {
  return lines
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      const [first, last] = [known[0], known.at(-1)];
      if (first === undefined || last === undefined) return `${name} without values`;
      return `${name} from ${numberText(first)}${unit} to ${numberText(last)}${unit}`;
    })
    .join("; ");
}
