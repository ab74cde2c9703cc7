import { niceTop, numberLines } from './axis';

/** One line of a plot: points in its own units. */
export interface Series {
  readonly label: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A dot with its label at each point instead of a line. */
  readonly marks?: boolean;
  /** The area below it is filled. */
  readonly fill?: boolean;
}

export interface PlotOptions {
  readonly title: string;
  readonly xLabel: (x: number) => string;
  readonly yLabel: (y: number) => string;
  /** Values of x that are marked, up to the greatest; round numbers by default. */
  readonly xLines?: (most: number) => readonly number[];
  /** Top of the y axis, before rounding; what exceeds it is cut off. The greatest value by default. */
  readonly yMost?: number;
  /** The y axis is logarithmic, from `yLeast` on; what is below is drawn at the bottom. */
  readonly yLeast?: number;
}

const WIDTH = 900;
const HEIGHT = 220;
const LEFT = 60;
const RIGHT = 10;
const BOTTOM = 24;
const TOP = 26;
const LEGEND_LETTER = 6;

/** Text of HTML and SVG. */
export const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** Series over common axes that start at 0, as inline SVG without script or style sheet. */
export function linePlot(series: readonly Series[], options: PlotOptions): string {
  const all = series.flatMap(({ points }) => points);
  const marked = series.some(({ marks }) => marks === true);
  const xMost = Math.max(1e-9, ...all.map(([x]) => x)) * (marked ? 1.1 : 1);
  const yMost = niceTop(options.yMost ?? Math.max(1e-9, ...all.map(([, y]) => y)));
  const x = (value: number): string => (LEFT + (value / xMost) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const { share, values } = yScale(yMost, options.yLeast);
  const y = (value: number): string =>
    (TOP + (1 - Math.max(0, Math.min(1, share(value)))) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = values.map((value) => {
    const height = y(value);
    return (
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${height}" y2="${height}" stroke="#e4e4e4"/>` +
      `<text x="${LEFT - 6}" y="${height}" dy="4" text-anchor="end" fill="#555">${escapeText(options.yLabel(value))}</text>`
    );
  });
  const ticks = (options.xLines ?? numberLines)(xMost).map(
    (value) =>
      `<text x="${x(value)}" y="${HEIGHT - 6}" fill="#555" text-anchor="${value === 0 ? 'start' : value > 0.97 * xMost ? 'end' : 'middle'}">` +
      `${escapeText(options.xLabel(value))}</text>`,
  );
  const drawn = series.map((one, index) => (one.marks === true ? dots(one, index, x, y) : line(one, x, y)));
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="100%" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${escapeText(options.title)}">` +
    `<text x="${LEFT}" y="15" font-weight="bold">${escapeText(options.title)}</text>` +
    [...grid, ...ticks, ...drawn, ...(marked ? [] : legend(series))].join('') +
    '</svg>'
  );
}

type Scale = (value: number) => string;

function line({ color, points, fill }: Series, x: Scale, y: Scale): string {
  const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ');
  const [first, last] = [points[0], points[points.length - 1]];
  const area =
    fill === true && first !== undefined && last !== undefined
      ? `<polygon fill="${color}" fill-opacity="0.25" points="${x(first[0])},${y(0)} ${path} ${x(last[0])},${y(0)}"/>`
      : '';
  return `${area}<polyline fill="none" stroke="${color}" stroke-width="1.2" points="${path}"/>`;
}

/** Labels above and below by turns, so that neighbours stay legible. */
function dots({ label, color, points }: Series, index: number, x: Scale, y: Scale): string {
  return points
    .map(
      ([px, py]) =>
        `<circle cx="${x(px)}" cy="${y(py)}" r="4" fill="${color}"/>` +
        `<text x="${x(px)}" y="${y(py)}" dx="7" dy="${index % 2 === 0 ? -5 : 13}" fill="${color}">${escapeText(label)}</text>`,
    )
    .join('');
}

/** Labels from the right, each as wide as its text may be, after a patch of its colour. */
function legend(series: readonly Series[]): string[] {
  let right = WIDTH - RIGHT;
  return [...series].reverse().map(({ label, color }) => {
    const start = right - label.length * LEGEND_LETTER;
    right = start - 28;
    return (
      `<rect x="${(start - 14).toFixed(1)}" y="8" width="10" height="6" fill="${color}"/>` +
      `<text x="${start.toFixed(1)}" y="15" fill="#222">${escapeText(label)}</text>`
    );
  });
}

/** Where a value lies between bottom (0) and top (1; the next power of ten where it is logarithmic), and the values with a line. */
function yScale(most: number, least: number | undefined) {
  if (least === undefined || least >= most) {
    return {
      share: (value: number): number => value / most,
      values: [0, 0.25, 0.5, 0.75, 1].map((share) => share * most),
    };
  }
  const decades = Math.ceil(Math.log10(most / least));
  return {
    share: (value: number): number => (value <= least ? 0 : Math.log10(value / least) / decades),
    values: Array.from({ length: decades + 1 }, (_, power) => least * 10 ** power),
  };
}
