// A row a sink: is its data fresh and complete?

import * as api from "./api.js";
import { foreign, h, table } from "./dom.js";
import { ago, moment, number } from "./format.js";
import { addressOf } from "./main.js";

const COUNTS = ["read", "inserted", "updated", "unchanged", "superseded", "delivered", "deleted", "rejected"];

export async function showOverview({ dag }) {
  const { sinks, broken } = await api.overview();
  const shown = sinks.filter((sink) => !dag || sink.dag_id === dag);
  const last = (sink) => sink.runs[0] ?? {};
  const columns = [
    { title: "Dataset", cell: (sink) => h("a", { href: addressOf("dataset", { dag: sink.dag_id, sink: sink.sink }) }, foreign(sink.title)) },
    { title: "Last run", cell: (sink) => h("span", { title: moment(last(sink).finished_at) }, last(sink).status, " ", ago(last(sink).finished_at)) },
    ...COUNTS.map((name) => ({ title: name, number: true, cell: (sink) => number(last(sink)[name]) })),
  ];
  return [
    h("h1", {}, "Sluice"),
    broken ? h("p", { role: "alert" }, `${broken} summaries cannot be read: run the DAG summarise.`) : null,
    table("Datasets and their last runs", columns, shown),
  ].filter(Boolean);
}
