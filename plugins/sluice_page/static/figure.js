// One figure: a chart with its caption, legend, tools, and the same in words.

import { DASHES, LineChart } from "./chart.js";
import { foreign, h } from "./dom.js";
import { number } from "./format.js";
import { axisEnds, extent, factsOf, unfitForLog } from "./points.js";
import { savePicture } from "./picture.js";

/** A number with its unit. A mean of a hundred and more has no digits after its point. */
export function withUnit(value, unit, isMean = false) {
  if (value === null || value === undefined) return "no value";
  const shown = isMean && Math.abs(value) >= 100 ? Math.round(value) : value;
  return `${number(shown)}${unit ? `\u00a0${unit}` : ""}`;
}

/** A moment in seconds as people read it: a day, or day and minute in UTC. */
export function momentOf(x, areDays) {
  const iso = new Date(x * 1000).toISOString();
  return areDays ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/**
 * @typedef {object} Shown
 * @property {string} caption
 * @property {string} unit
 * @property {import("./chart.js").Drawing} drawing
 * @property {{name: string, xs: number[], values: (number|null)[]}[]} spoken lines that words are about
 * @property {string[]} notes what a reader should know of the chart
 * @property {boolean} isLog the axis is asked to be logarithmic
 */

let made = 0; // figures so far

export class Figure {
  /**
   * @param {object} listeners
   * @param {(range: [number, number]|null) => void} listeners.choose
   * @param {(isLog: boolean) => void} listeners.scale
   * @param {(text: string) => void} listeners.say to those who hear the page
   * @param {() => {title: string, footer: string, name: string}} listeners.about for pictures
   */
  constructor(listeners) {
    const id = made += 1;
    this.listeners = listeners;
    this.chart = new LineChart({ read: (reading, isAsked) => this.#read(reading, isAsked), choose: listeners.choose });
    this.caption = h("span", {});
    this.log = h("input", { type: "checkbox", change: () => listeners.scale(this.log.checked) });
    this.why = h("span.why", { id: `why-${id}` });
    this.log.setAttribute("aria-describedby", this.why.id);
    this.moment = h("p.reading");
    this.legend = h("ul.legend");
    this.words = h("ul.words", { id: `words-${id}` });
    this.notes = h("div.notes");
    this.chart.element.setAttribute("aria-describedby", `${this.words.id} chart-keys`);
    this.picture = h("button", { type: "button", click: () => this.#save() }, "Picture (PNG)");
    this.element = h("figure", {}, h("figcaption", {}, this.caption),
      h("div.tools", {}, h("label", {}, this.log, " Log scale"), this.why, this.picture),
      this.moment, this.legend, this.chart.element, this.words, this.notes);
  }

  /** @param {Shown} shown */
  show(shown) {
    this.shown = shown;
    const { drawing, caption } = shown;
    const unfit = unfitForLog(drawing.lines.map((line) => line.values));
    drawing.log = shown.isLog && !unfit;
    this.caption.replaceChildren(caption);
    this.picture.setAttribute("aria-label", `Picture (PNG) of ${caption}`);
    this.log.checked = drawing.log;
    this.log.disabled = unfit > 0;
    this.why.replaceChildren(unfit ? `not possible: ${number(unfit)} ${unfit === 1 ? "value is" : "values are"} zero or less` : "");
    this.#drawLegend(drawing);
    this.#read(null, false);
    this.chart.element.setAttribute("aria-label", `${caption}: ${drawing.lines.map((line) => line.name).join(", ")}`);
    this.chart.element.hidden = !drawing.xs.length;
    this.chart.show(drawing);
    this.words.replaceChildren(...shown.spoken.map((line) => h("li", {}, this.#wordsOf(line))));
    this.notes.replaceChildren(...[...shown.notes, ...axisNotes(drawing)].map((note) => h("p", {}, note)));
  }

  #drawLegend({ lines }) {
    this.values = lines.map(() => h("span.value"));
    this.legend.replaceChildren(...lines.map((line, index) => h("li", {}, swatch(line), " ", foreign(line.name, 40), " ", this.values[index])));
  }

  #read(reading, isAsked) {
    const { drawing, unit } = this.shown;
    const at = (places) => drawing.lines.map((line, index) => withUnit(line.values[places[index]] ?? null, unit, line.isMean));
    const newest = drawing.lines.map((line) => line.values.findLastIndex(Number.isFinite));
    const texts = at(reading ? reading.places : newest);
    const last = Math.max(...newest);
    const when = reading ? momentOf(reading.x, drawing.areDays)
      : last < 0 ? "No value lies in this range." : `Newest: ${momentOf(drawing.xs[last], drawing.areDays)}`;
    this.moment.replaceChildren(when);
    this.values.forEach((value, index) => value.replaceChildren(texts[index]));
    if (isAsked) this.listeners.say(`${when}: ${drawing.lines.map((line, index) => `${line.name} ${texts[index]}`).join(", ")}`);
  }

  #wordsOf(line) {
    const { drawing, unit } = this.shown;
    const facts = factsOf(line, drawing.step);
    const when = (place) => momentOf(line.xs[place], drawing.areDays);
    const name = this.shown.spoken.length > 1 ? [foreign(line.name), ": "] : [];
    if (!facts) return [...name, "no value in this range."];
    const { latest, highest, lowest, week } = facts;
    const value = (place) => `${withUnit(line.values[place], unit, line.isMean)} (${when(place)})`;
    return [...name, `latest ${value(latest)}, ${this.#changeOf(week, line)}; highest ${value(highest)}, lowest ${value(lowest)}.`];
  }

  #changeOf(week, { isMean }) {
    if (!week) return "no value 7 days before";
    const { drawing, unit } = this.shown;
    const sign = week.change > 0 ? "+" : "";
    const share = week.share === null || !drawing.isCount ? "" : ` (${sign}${number(Math.round(week.share * 1000) / 10)} %)`;
    return `${sign}${withUnit(week.change, unit, isMean)}${share} in 7 days`;
  }

  #save() {
    savePicture(this.shown, this.listeners.about());
  }
}

function axisNotes({ log, lines, isCount }) {
  if (log) return ["Logarithmic axis: each power of ten is the same way up."];
  const [low, high] = axisEnds(...extent(lines.map((line) => line.values)), isCount);
  return low > 0 || high < 0 ? ["The vertical axis does not begin at zero."] : [];
}

const SVG = "http://www.w3.org/2000/svg";

/** A piece of a line as it is drawn, or of a bar. */
function swatch({ style, bars }) {
  const make = (tag, traits) => Object.entries(traits).reduce((element, [name, value]) => {
    element.setAttribute(name, value);
    return element;
  }, document.createElementNS(SVG, tag));
  const picture = make("svg", { class: "swatch", width: 36, height: 12, "aria-hidden": "true" });
  picture.append(bars ? make("rect", { class: "bar", x: 14, y: 0, width: 8, height: 12 })
    : make("line", { class: `series-${style + 1}`, x1: 0, x2: 36, y1: 6, y2: 6, "stroke-dasharray": DASHES[style].join(" ") }));
  return picture;
}
