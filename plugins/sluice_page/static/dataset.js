// The data of one sink: a chart a measure, each with the same in words, as a table and as files.

import * as api from "./api.js";
import * as choices from "./choice.js";
import { groupBoxes, measureBoxes, rangeFields } from "./choosers.js";
import { foreign, h, table } from "./dom.js";
import { moment, number, title } from "./format.js";
import { MeasureSection } from "./measure.js";
import { areDays, bounds, linesOf } from "./points.js";
import { loadLibrary } from "./uplot.js";

const GROWTH = "New a day is the difference from the day before; where either number is missing there is none, which is not zero, and a negative one is a correction by the source. Its mean of 7 days is a seventh of the growth since the same weekday a week before.";

export async function showDataset({ asked }) {
  const [dag, sink] = [asked.get("dag"), asked.get("sink")];
  const about = await api.summary(dag, sink);
  return [h("h1", {}, foreign(about.title)), about.description ? h("p", {}, foreign(about.description, 1000)) : null,
    ...await drawn(about, asked), runs(about)].filter(Boolean);
}

async function drawn(about, asked) {
  if (!about.chart) return [h("p", {}, "This sink has no date and no measure to draw.")];
  try {
    const [chart] = await Promise.all([api.chart(about.dag_id, about.sink), loadLibrary()]);
    if (!Object.keys(chart.points).length) return [h("p", {}, "There are no rows yet.")];
    return [charts(about, chart, asked)];
  } catch (error) {
    const isDamaged = error instanceof RangeError || error instanceof TypeError;
    const words = isDamaged ? "The summary of its points is damaged: run the DAG summarise." : error.message;
    return [h("p", { role: "alert" }, "The charts cannot be shown. ", foreign(words))];
  }
}

/** The charts, and what is chosen of them. */
function charts(about, chart, asked) {
  const lines = new Map(chart.measures.map((measure) => [measure.name, linesOf(chart, measure.name)]));
  const told = { measures: chart.measures, lines: lines.get(chart.measures[0].name) };
  const choice = choices.read(asked, told);
  const heard = h("p.heard", { "aria-live": "polite" });
  const say = (text) => heard.replaceChildren(text);
  const range = rangeOf(told.lines, (from, to) => change({ from, to }));
  const link = h("a", {}, "Link to what is shown");
  const place = h("div.measures");
  const sections = new Map();
  const styles = new Styles();

  function change(part) {
    Object.assign(choice, part);
    const address = choices.write(choice, told, { dag: about.dag_id, sink: about.sink });
    history.replaceState(null, "", address);
    show();
  }

  function show() {
    link.href = location.href;
    range.show(choice.from, choice.to);
    const wanted = chart.measures.filter((measure) => choice.measures.includes(measure.name)).map(sectionOf);
    styles.keep(choice.groups);
    wanted.forEach((section) => section.show(choice, bounds(choice.from, choice.to)));
    // Elements that stay keep the focus, so they are not moved.
    const elements = wanted.map((section) => section.element);
    const isSame = elements.length === place.children.length && elements.every((element, index) => element === place.children[index]);
    if (!isSame) place.replaceChildren(...elements);
  }

  function sectionOf(measure) {
    if (!sections.has(measure.name)) {
      const within = { about, chart, measure, lines: lines.get(measure.name), styles };
      sections.set(measure.name, new MeasureSection(within, { change, say }));
    }
    return sections.get(measure.name);
  }

  show();
  return h("section.data", { "aria-label": "Charts" },
    h("form.choices", { submit: (event) => event.preventDefault() },
      chart.measures.length > 1 ? measureBoxes(chart.measures, choice.measures, (measures) => change({ measures })) : null,
      chart.group && told.lines.size > 1 ? groupBoxes(chart.group, [...told.lines.keys()], choice.groups, (groups) => change({ groups })) : null,
      range.element),
    h("p.hint", { id: "chart-keys" }, "In a chart, arrow keys read the points, Home and End go to its ends, Shift with them marks a range, Enter shows it, Escape shows all. Or drag over a chart."),
    chart.measures.some((measure) => measure.cumulative) ? h("p.hint", {}, GROWTH) : null,
    chart.cut ? h("p", {}, foreign(chart.cut, 1000)) : null,
    place, h("p", {}, link, ". Written ", moment(chart.written_at ?? about.written_at), "; times of the data are in UTC."), heard);
}

/** Which colour and dash each group has: it keeps them while it is shown. */
class Styles {
  constructor() {
    this.of = new Map();
  }

  keep(groups) {
    for (const name of [...this.of.keys()].filter((each) => !groups.includes(each))) this.of.delete(name);
    for (const name of groups.filter((each) => !this.of.has(each))) {
      const taken = [...this.of.values()];
      this.of.set(name, [...groups.keys()].find((style) => !taken.includes(style)));
    }
  }
}

/** The fields of the range, from the first to the last moment of all lines. */
function rangeOf(lines, choose) {
  const filled = [...lines.values()].filter((line) => line.iso.length);
  const isDays = areDays(filled);
  const text = (seconds) => new Date(seconds * 1000).toISOString().slice(0, isDays ? 10 : 16);
  const ends = filled.map((line) => [line.xs[0], line.xs.at(-1)]);
  const first = text(ends.reduce((found, [start]) => Math.min(found, start), Infinity));
  const last = text(ends.reduce((found, [, end]) => Math.max(found, end), -Infinity));
  return rangeFields({ first, last, areDays: isDays }, choose);
}

function runs(about) {
  const names = ["read", "inserted", "updated", "unchanged", "rejected"];
  return table("Last runs", [
    { title: "Ended", cell: (run) => moment(run.finished_at) },
    { title: "Status", cell: (run) => run.status },
    { title: "As of", cell: (run) => moment(run.as_of) },
    ...names.map((name) => ({ title: name, number: true, cell: (run) => number(run[name]) })),
  ], about.runs);
}
