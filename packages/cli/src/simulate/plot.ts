/** One line of a plot: points in its own units. */
export interface Series {
  readonly label: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotOptions {
  readonly title: string;
  readonly xLabel: (x: number) => string;
  readonly yLabel: (y: number) => string;
}

const WIDTH = 900;
const HEIGHT = 220;
const LEFT = 60;
const BOTTOM = 24;
const TOP = 26;

/** Text of HTML and SVG. */
export const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** Lines over a common x axis that starts at 0, as inline SVG without script or style sheet. */
export function linePlot(series: readonly Series[], options: PlotOptions): string {
  const all = series.flatMap(({ points }) => points);
  const xMost = Math.max(1e-9, ...all.map(([x]) => x));
  const yMost = niceTop(Math.max(1e-9, ...all.map(([, y]) => y)));
  const x = (value: number): string => (LEFT + (value / xMost) * (WIDTH - LEFT - 10)).toFixed(1);
  const y = (value: number): string => (TOP + (1 - value / yMost) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const height = y(share * yMost);
    return (
      `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${height}" y2="${height}" stroke="#ddd"/>` +
      `<text x="${LEFT - 6}" y="${height}" dy="4" text-anchor="end">${escapeText(options.yLabel(share * yMost))}</text>`
    );
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text x="${x(share * xMost)}" y="${HEIGHT - 6}" text-anchor="${share === 0 ? 'start' : share === 1 ? 'end' : 'middle'}">` +
      `${escapeText(options.xLabel(share * xMost))}</text>`,
  );
  const lines = series.map(
    ({ color, points }) =>
      `<polyline fill="none" stroke="${color}" stroke-width="1.2" points="${points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ')}"/>`,
  );
  const legend = series.map(
    ({ label, color }, index) =>
      `<text x="${WIDTH - 10 - (series.length - 1 - index) * 110}" y="15" text-anchor="end" fill="${color}">${escapeText(label)}</text>`,
  );
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="100%" font-family="sans-serif" font-size="11" role="img">` +
    `<text x="${LEFT}" y="15" font-weight="bold">${escapeText(options.title)}</text>` +
    [...grid, ...ticks, ...lines, ...legend].join('') +
    '</svg>'
  );
}

/** The next of 1, 2, 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}
