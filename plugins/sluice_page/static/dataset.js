// The data of one sink, drawn.

import * as api from "./api.js";
import { draw, placeOf } from "./chart.js";
import { foreign, h, table } from "./dom.js";
import { moment, number, title } from "./format.js";

export async function showDataset({ asked }) {
  const [dag, sink] = [asked.get("dag"), asked.get("sink")];
  const about = await api.summary(dag, sink);
  const charts = about.chart ? drawn(await api.chart(dag, sink)) : [h("p", {}, "This sink has no date and no measure to draw.")];
  return [h("h1", {}, foreign(about.title)), ...charts, runs(about)];
}

function drawn({ measures, points, date }) {
  const [name] = Object.keys(points);
  if (!name && name !== "") return [h("p", {}, "There are no rows yet.")];
  const shown = points[name];
  return measures.map((measure) => {
    const place = placeOf(`${title(measure.name)} by ${date}: ${shown.date.length} points`);
    const lines = [{ name: title(measure.name), values: shown.values[measure.name] }];
    queueMicrotask(() => requestAnimationFrame(() => draw(place, { dates: shown.date, lines })));
    return h("section", {}, h("h2", {}, title(measure.name)), place);
  });
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
