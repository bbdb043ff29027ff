// A chart of lines over time. uPlot draws it; the table beside it says the same to who cannot see it.

/* global uPlot */

import { h } from "./dom.js";

const HEIGHT = 300;

/**
 * Draws lines.
 * @param {Element} place it is drawn into
 * @param {{dates: string[], lines: {name: string, values: (number|null)[]}[], log: boolean}} data
 */
export function draw(place, { dates, lines, log = false }) {
  const seconds = dates.map((date) => Date.parse(date) / 1000);
  const colours = getComputedStyle(document.documentElement);
  const of = (name) => colours.getPropertyValue(name).trim();
  const axis = { stroke: of("--text"), grid: { stroke: of("--line"), width: 1 }, ticks: { stroke: of("--line") } };
  const plot = new uPlot({
    width: Math.max(280, place.clientWidth || 800),
    height: HEIGHT,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    scales: { x: { time: true }, y: { distr: log ? 3 : 1 } },
    axes: [axis, { ...axis, size: 70 }],
    series: [{}, ...lines.map((line, index) => ({ label: line.name, stroke: of(`--series-${index + 1}`), width: 2, points: { show: dates.length < 60 } }))],
  }, [seconds, ...lines.map((line) => line.values)], place);
  new ResizeObserver(() => plot.setSize({ width: Math.max(280, place.clientWidth), height: HEIGHT })).observe(place);
  return plot;
}

export const placeOf = (label) => h("div.chart", { role: "img", "aria-label": label });
