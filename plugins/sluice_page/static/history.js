// The last runs of a sink as bars: as high as rows were read, with a shape for how each ended.

import { svg } from "./dom.js";
import { count, moment, number } from "./format.js";

const WIDTH = 3;
const GAP = 1;
const HEIGHT = 24;
const LEAST = 2;

/** Bars of the last runs, the newest at the right, with the same in words. Runs: lists by column. */
export function history(runs, most = 30) {
  const size = Math.min(runs.status.length, most);
  const highest = Math.max(1, ...runs.read.slice(0, size));
  const bars = [];
  for (let index = 0; index < size; index += 1) {
    const left = (most - 1 - index) * (WIDTH + GAP);
    bars.push(bar(runs, index, left, runs.read[index] / highest));
  }
  const width = most * (WIDTH + GAP);
  return svg("svg.history", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": words(runs, size) }, bars);
}

function bar(runs, index, left, share) {
  const status = runs.status[index];
  const high = Math.max(LEAST, Math.round(share * (HEIGHT - 1)));
  const told = svg("title", {}, `${moment(runs.finished_at[index])}: ${status}, ${count(runs.read[index] ?? 0, "row")} read`);
  return svg(`path.${status}`, { d: shape(status, left, high) }, told);
}

// A run that failed is a cross, one that did nothing a dash: no colour is needed.
function shape(status, left, high) {
  const top = HEIGHT - high;
  if (status === "failed") {
    return `M${left} ${HEIGHT - 8}l${WIDTH} 6M${left + WIDTH} ${HEIGHT - 8}l${-WIDTH} 6`;
  }
  if (status === "skipped") return `M${left} ${HEIGHT - 2}h${WIDTH}v2h${-WIDTH}z`;
  return `M${left} ${top}h${WIDTH}v${high}h${-WIDTH}z`;
}

function words(runs, size) {
  if (size === 0) return "No runs";
  const of = (status) => runs.status.slice(0, size).filter((each) => each === status).length;
  const ended = ["success", "failed", "skipped"].filter(of).map((status) => `${of(status)} ${status}`);
  const read = runs.read.slice(0, size);
  return `${count(size, "last run")}: ${ended.join(", ")}; ${number(Math.min(...read))} to ${number(Math.max(...read))} rows read`;
}
