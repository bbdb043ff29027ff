// The last runs of a sink as bars: as high as rows were read, with a shape for how each ended.

import { svg } from "./dom.js";
import { count, moment, number } from "./format.js";

const [WIDTH, GAP, HEIGHT] = [3, 1, 24];
const LEAST = 2;
const STEP = WIDTH + GAP;

/** Bars of the last runs, the newest at the right, with the same in words. Runs: lists by column. */
export function history(runs, most = 30) {
  const size = Math.min(runs.status.length, most);
  if (!size) return null;
  const highest = Math.max(1, ...runs.read.slice(0, size));
  // One path for all runs that ended alike: a hundred datasets have three thousand runs.
  const paths = new Map();
  for (let index = 0; index < size; index += 1) {
    const status = runs.status[index];
    const high = Math.max(LEAST, Math.round((runs.read[index] / highest) * (HEIGHT - 1)));
    paths.set(status, (paths.get(status) ?? "") + shape(status, (most - 1 - index) * STEP, high));
  }
  const told = svg("title", {});
  const tell = ({ offsetX }) => { told.textContent = wordsOf(runs, most - 1 - Math.floor(offsetX / STEP)); };
  const traits = { viewBox: `0 0 ${most * STEP} ${HEIGHT}`, width: most * STEP, height: HEIGHT, role: "img", "aria-label": words(runs, size) };
  return svg("svg.history", { ...traits, pointermove: tell }, told,
    svg("rect.ground", { width: most * STEP, height: HEIGHT }), [...paths].map(([status, d]) => svg(`path.${status}`, { d })));
}

// A run that failed is a cross, one that did nothing a dash: no colour is needed.
function shape(status, left, high) {
  if (status === "failed") return `M${left} ${HEIGHT - 8}l${WIDTH} 6M${left + WIDTH} ${HEIGHT - 8}l${-WIDTH} 6`;
  if (status === "skipped") return `M${left} ${HEIGHT - 2}h${WIDTH}v2h${-WIDTH}z`;
  return `M${left} ${HEIGHT - high}h${WIDTH}v${high}h${-WIDTH}z`;
}

function wordsOf(runs, index) {
  const status = runs.status[index];
  return status ? `${moment(runs.finished_at[index])}: ${status}, ${count(runs.read[index] ?? 0, "row")} read` : "";
}

function words(runs, size) {
  const of = (status) => runs.status.slice(0, size).filter((each) => each === status).length;
  const ended = ["success", "failed", "skipped"].filter(of).map((status) => `${of(status)} ${status}`);
  const read = runs.read.slice(0, size);
  return `${count(size, "last run")}: ${ended.join(", ")}; ${number(Math.min(...read))} to ${number(Math.max(...read))} rows read`;
}
