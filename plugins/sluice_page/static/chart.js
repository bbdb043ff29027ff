// A chart of lines over time. uPlot draws it; what is here makes it readable by mouse, touch and
// keyboard. https://github.com/leeoniya/uPlot/tree/1.6.32/docs

/* global uPlot */

import { h } from "./dom.js";
import { DAY, axisEnds, nearest, stopsOf, tickTexts } from "./points.js";

const HEIGHT = 300; // CSS pixels
const LEAST_DRAG = 8; // CSS pixels; less is a click
const PAGE = 10; // Page up and down go a tenth of the way
const DOTS = 60; // with at most so many moments each value is a dot
export const DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [16, 6], [6, 2, 2, 2, 2, 2]]; // CSS pixels
const FONT = "system-ui, sans-serif";

// Ticks of the time axis, coarse to fine: seconds, text, and what a first tick of a new year, month
// or day adds: https://github.com/leeoniya/uPlot/tree/1.6.32/docs#axis--grid-opts
const TICKS = [
  [3600 * 24 * 365, "{YYYY}", null, null, null, null, null, null, 1],
  [3600 * 24 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [3600 * 24, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
];
// Days from one tick to the next, where there is nothing within a day.
const DAYS = [1, 2, 3, 7, 14, 28, 30, 61, 91, 182, 365, 730, 1825, 3650, 9125, 18250].map((days) => days * DAY);

/**
 * @typedef {object} Drawing
 * @property {number[]} xs moments, seconds
 * @property {{name: string, style: number, values: (number|null|undefined)[], bars: boolean, isMean: boolean}[]} lines
 *   style: which colour and dash it has, from 0; bars have their own
 * @property {number|null} step seconds between moments
 * @property {boolean} areDays moments are days
 * @property {string} axis what the vertical axis shows, with its unit
 * @property {boolean} isCount its values are counts
 * @property {boolean} log
 */

/** The colours of the page as it is now. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ground: of("--ground"), text: of("--text"), soft: of("--soft"), line: of("--line"), bar: of("--bar"), series: DASHES.map((_, index) => of(`--series-${index + 1}`)) };
}

/**
 * What uPlot draws of a drawing.
 * @param {Drawing} drawing
 * @param {{width: number, height: number, scale: number}} size in CSS pixels; scale enlarges text and strokes
 */
export function optionsOf(drawing, { width, height, scale = 1 }) {
  const { lines, step, log } = drawing;
  const ink = colours();
  const font = `${12 * scale}px ${FONT}`;
  const axis = {
    stroke: ink.text, font, labelFont: `${12 * scale}px ${FONT}`, gap: 5 * scale, labelSize: 20 * scale, labelGap: 2 * scale,
    grid: { stroke: ink.line, width: scale }, ticks: { stroke: ink.line, width: scale, size: 5 * scale },
  };
  const room = lines.some((line) => line.bars) ? (step ?? 0) / 2 : 0;
  const series = lines.map((line, index) => (line.bars ? barOf(ink) : strokeOf(drawing, index, ink, scale)));
  return {
    width, height, series: [{}, ...series], legend: { show: false },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    padding: [10 * scale, 24 * scale, 0, 0],
    scales: {
      x: { time: true, range: (_, first, last) => [first - (room || (first === last ? 1800 : 0)), last + (room || (first === last ? 1800 : 0))] },
      y: log ? { distr: 3 } : { range: (_, lowest, highest) => axisEnds(lowest, highest, drawing.isCount) },
    },
    axes: [
      { ...axis, label: drawing.areDays ? "Day" : "Time (UTC)", values: TICKS, space: 60 * scale, size: 40 * scale, ...(drawing.areDays ? { incrs: DAYS } : {}) },
      { ...axis, label: drawing.axis, size: 56 * scale, space: 32 * scale, values: (_, splits) => tickTexts(splits) },
    ],
  };
}

const barOf = (ink) => ({ paths: uPlot.paths.bars({ size: [0.7, 40] }), fill: ink.bar, stroke: ink.bar, width: 0, points: { show: false } });

function strokeOf({ lines, xs }, index, ink, scale) {
  const { style, values } = lines[index];
  const stroke = ink.series[style];
  const dash = DASHES[style].map((length) => length * scale);
  const isAlone = (place) => Number.isFinite(values[place]) && !isDrawnTo(values, place, -1) && !isDrawnTo(values, place, 1);
  const shown = xs.length <= DOTS ? null : xs.flatMap((_, place) => (isAlone(place) ? [place] : []));
  return {
    stroke, width: 2 * scale, dash, spanGaps: false,
    points: { show: xs.length <= DOTS, size: 6 * scale, stroke, fill: stroke, width: 0, filter: () => shown },
  };
}

/** Whether a line goes on from a place: to a number before any gap. */
function isDrawnTo(values, place, direction) {
  let at = place + direction;
  while (at >= 0 && at < values.length && values[at] === undefined) at += direction;
  return Number.isFinite(values[at]);
}

// What is redrawn when the page's colours change.
const shown = new Set();
new MutationObserver(() => {
  for (const chart of shown) {
    if (chart.element.isConnected) chart.draw();
    else chart.end();
  }
}).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

/** A chart on the page. */
export class LineChart {
  /**
   * @param {object} listeners
   * @param {(reading: {x: number, places: (number|null)[]}|null, isAsked: boolean) => void} listeners.read
   *   the cursor is at a moment, with a place in each line, or nowhere; isAsked: by a key
   * @param {(range: [number, number]|null) => void} listeners.choose a range is chosen, in seconds; null: all
   */
  constructor({ read, choose }) {
    this.listeners = { read, choose };
    this.element = h("div.chart", { role: "application", tabindex: 0, "aria-roledescription": "chart", keydown: (event) => this.#key(event), blur: () => this.#leave(), dblclick: () => this.listeners.choose(null) });
    this.touch();
    this.size = new ResizeObserver(() => this.#fit());
    this.size.observe(this.element);
    shown.add(this);
  }

  /** @param {Drawing} drawing */
  show(drawing) {
    this.drawing = drawing;
    this.stops = stopsOf(drawing.xs, drawing.step);
    this.anchor = null;
    this.element.dataset.points = drawing.lines.map((line) => line.values.filter(Number.isFinite).length).join(",");
    this.draw();
  }

  draw() {
    const width = this.element.clientWidth;
    if (!this.drawing || (!width && this.drawing.xs.length)) return;
    this.plot?.destroy();
    this.plot = null;
    if (!this.drawing.xs.length) return;
    const { xs, lines, step } = this.drawing;
    const options = optionsOf(this.drawing, { width, height: HEIGHT });
    this.plot = new uPlot({
      ...options,
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 9 },
        dataIdx: (_, series, place) => (series === 0 ? place : nearest(xs, lines[series - 1].values, place, step)),
      },
      hooks: { setCursor: [() => this.#read()], setSelect: [(plot) => this.#dragged(plot)] },
    }, [xs, ...lines.map((line) => line.values)], this.element);
    this.element.plot = this.plot;
  }

  end() {
    this.size.disconnect();
    shown.delete(this);
    this.plot?.destroy();
  }

  #fit() {
    const width = this.element.clientWidth;
    if (!this.plot) this.draw();
    else if (width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  #read(isAsked = false) {
    const at = this.plot?.cursor.idx;
    const { xs, lines, step } = this.drawing;
    const reading = at === null || at === undefined ? null
      : { x: xs[at], places: lines.map((line) => nearest(xs, line.values, at, step)) };
    this.listeners.read(reading, isAsked);
  }

  #dragged(plot) {
    const { left, width } = plot.select;
    if (width < LEAST_DRAG) return;
    const ends = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    // uPlot ends its drag after this, and it must still be there.
    setTimeout(() => this.#choose(...ends));
  }

  #choose(first, last) {
    const inside = this.drawing.xs.filter((x) => x >= first && x <= last);
    if (inside.length > 1) this.listeners.choose([inside[0], inside.at(-1)]);
    else this.#mark(null);
  }

  /** Read by a finger that moves sideways; up and down it scrolls the page, as CSS says. */
  touch() {
    const follow = (event) => {
      if (event.pointerType !== "touch" || !this.plot) return;
      const { left, top } = this.plot.over.getBoundingClientRect();
      this.plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
    };
    this.element.addEventListener("pointerdown", follow);
    this.element.addEventListener("pointermove", follow);
  }

  #key(event) {
    const to = this.#target(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey || !this.plot) return;
    if (to !== null) this.#go(to, event.shiftKey);
    else if (event.key === "Enter" && this.anchor !== null) this.#choose(...this.#marked());
    else if (event.key === "Escape" && this.anchor !== null) this.#mark(null);
    else if (event.key === "Escape") this.listeners.choose(null);
    else return;
    event.preventDefault();
  }

  /** The stop that a key goes to; null of other keys. */
  #target(key) {
    const last = this.stops.length - 1;
    const page = Math.max(1, Math.round(last / PAGE));
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: page, PageDown: -page }[key];
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (move === undefined) return null;
    const now = this.#stop();
    // The first key of all reads the newest point.
    return now === null ? last : Math.min(last, Math.max(0, now + move));
  }

  /** The stop that the cursor is nearest to. */
  #stop() {
    const at = this.plot.cursor.idx;
    if (at === null || at === undefined) return null;
    const later = this.stops.findIndex((stop) => stop >= at);
    return later < 0 ? this.stops.length - 1 : later;
  }

  #go(to, isRange) {
    const from = this.#stop() ?? to;
    if (isRange) this.anchor ??= from;
    else this.#mark(null);
    const left = this.plot.valToPos(this.drawing.xs[this.stops[to]], "x");
    this.plot.setCursor({ left, top: this.plot.over.clientHeight / 2 }, false);
    if (isRange) this.#mark(this.anchor);
    this.#read(true);
  }

  /** Shows what Shift has marked, from a stop to the cursor; null: nothing. */
  #mark(anchor) {
    this.anchor = anchor;
    const [first, last] = anchor === null ? [0, 0] : this.#marked().map((x) => this.plot.valToPos(x, "x"));
    this.plot.setSelect({ left: first, width: last - first, top: 0, height: anchor === null ? 0 : this.plot.over.clientHeight }, false);
  }

  #marked() {
    const ends = [this.anchor, this.#stop()].map((stop) => this.drawing.xs[this.stops[stop]]);
    return ends.sort((one, other) => one - other);
  }

  #leave() {
    if (!this.plot || this.anchor !== null) return;
    this.plot.setCursor({ left: -10, top: -10 });
  }
}
