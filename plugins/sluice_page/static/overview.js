// A row a sink: is its data fresh and complete? What needs a person stands on top.

import * as api from "./api.js";
import { addressOf, airflowPage, here, note, runPage } from "./address.js";
import { approvals, attention } from "./attention.js";
import { age, button, foreign, h, link, table, time } from "./dom.js";
import { count, number, span } from "./format.js";
import { history } from "./history.js";
import { logLink } from "./runs.js";
import { STATES, badge, stateOf } from "./state.js";
import { isOld, summarise } from "./trouble.js";

const COUNTS = ["read", "inserted", "updated", "unchanged", "superseded", "delivered", "deleted", "rejected"];
const LAST_TASKS = new Set(["announce", "apply"]);

export async function showOverview({ asked, dag, again, meanwhile, isLeft }) {
  const told = await api.overview();
  const rest = Promise.all([approvals(), assetsOf()]);
  const broken = () => (told.broken ? h("p.notice.bad.row", { role: "alert" }, `${count(told.broken, "summary", "summaries")} cannot be read. `, summarise(again)) : null);
  const items = (told.attention ?? []).filter((item) => !dag || item.dag_id === dag);
  // What runs have left is shown while Airflow is asked for the rest.
  const early = dag || !told.sinks.length ? null
    : meanwhile(() => [h("h1", {}, "Overview"), attention(items, null, broken()), ...listOf(rowsOf(told.sinks, []), asked)]);
  const [waiting, assets] = await rest;
  if (isLeft()) return null; // the address is another view's by now
  const sinks = [...told.sinks, ...withoutSummary(told, assets)].filter((sink) => !dag || sink.dag_id === dag);
  if (dag) waiting.waiting = waiting.waiting.filter((detail) => isOf(detail, dag, sinks));
  if (dag && sinks.length === 1 && !asked.has("all") && sinks[0].written_at) {
    location.replace(addressOf("dataset", { dag, sink: sinks[0].sink }));
    return null;
  }
  const rows = rowsOf(sinks, assets);
  const heading = h("h1", {}, dag ? ["Data of ", foreign(dag)] : "Overview");
  if (dag && !rows.length) return [heading, h("p", {}, "This DAG writes to no dataset of Sluice.")];
  const isSame = early && rows.length === told.sinks.length && !rows.some((row) => row.old);
  const [same, , ...list] = isSame ? early : [heading, null, ...listOf(rows, here().asked)];
  return [same, attention(items, waiting, broken()), ...list];
}

const rowsOf = (sinks, assets) => sinks.map((sink) => ({ ...sink, state: stateOf(sink), old: isOld(sink.written_at, lastEvent(sink, assets)) }));

// A question about a sink is asked by a run of a DAG for questions, and names the sink.
const isOf = (detail, dag, sinks) => detail.task_instance.dag_id === dag || sinks.some(({ sink }) => detail.subject.includes(sink));

async function assetsOf() {
  try {
    return await api.airflowList("assets", "assets");
  } catch {
    return []; // who may not read assets sees what has run
  }
}

// What a pipeline writes to, and no run has left a summary of: it never ran, or its summary is lost.
function withoutSummary({ sinks, dags = [] }, assets) {
  const known = new Set([...sinks.map((sink) => sink.sink), ...sinks.map((sink) => sink.dag_id)]);
  return assets.flatMap((asset) => {
    const task = asset.producing_tasks.find((each) => LAST_TASKS.has(each.task_id));
    if (!task || known.has(asset.name) || known.has(task.dag_id) || !dags.includes(task.dag_id)) return [];
    const runs = Object.fromEntries(["run_id", "status", "finished_at", ...COUNTS].map((name) => [name, []]));
    const lost = Boolean(asset.last_asset_event?.timestamp);
    return [{ sink: asset.name, dag_id: task.dag_id, pipeline: null, title: task.dag_id, schedule: null, due: null, lost, runs }];
  });
}

const lastEvent = (sink, assets) => assets.find((asset) => asset.name === sink.sink)?.last_asset_event?.timestamp;

const dateOf = (sink) => Date.parse(sink.runs.finished_at[0] ?? 0) || 0;
// What is pressed first sorts upwards, or downwards where a column falls.
const COLUMNS = [
  { id: "state", title: "State", cell: (sink) => badge(sink.state), of: (sink) => STATES.indexOf(sink.state) },
  { id: "dataset", title: "Dataset", name: true, cell: named, of: (sink) => sink.title.toLowerCase() },
  { id: "last", title: "Last run", cell: lastRun, of: dateOf, falls: true },
  { id: "fresh", title: "Freshness", cell: freshness, of: (sink) => (sink.due ? Date.parse(sink.due) : Infinity) },
  ...COUNTS.map((name) => ({ id: name, title: name, number: true, cell: (sink) => figure(sink.runs[name][0]), of: (sink) => sink.runs[name][0] ?? -1, falls: true })),
  { id: "history", title: "Last 30 runs", cell: (sink) => history(sink.runs) },
  { id: "links", title: "Airflow", cell: links },
];

const figure = (value) => (value ? number(value) : h("span.soft", {}, number(value ?? null) || "–"));

function named(sink) {
  const address = addressOf("dataset", { dag: sink.dag_id, sink: sink.sink });
  return [
    sink.written_at ? link(address, foreign(sink.title, 80)) : foreign(sink.title, 80),
    h("span.soft.under", {}, [sink.pipeline, sink.sink].filter(Boolean).map((name, index) => [index ? " · " : "", foreign(name, 60)])),
  ];
}

function lastRun(sink) {
  if (!sink.runs.status.length) return h("span.soft.nowrap", {}, sink.lost ? "not known" : "none yet");
  const [status] = sink.runs.status;
  return [h("span.nowrap", {}, age(sink.runs.finished_at[0])), h("span.soft.under", {}, time(sink.runs.finished_at[0]), status === "success" ? null : `, ${status}`)];
}

function freshness(sink, now = Date.now()) {
  const old = sink.old ? h("span.under", {}, "a newer run has left no summary") : null;
  if (sink.lost) return "its runs have left no summary";
  if (!sink.runs.status.length) return h("span.soft", {}, "–");
  if (!sink.due) return [h("span.soft", {}, sink.schedule ? "–" : "no schedule"), old];
  const left = Date.parse(sink.due) - now;
  const words = left < 0 ? `late by ${span(left)}` : `due in ${span(left)}`;
  return [h("span.nowrap", {}, words), h("span.soft.under", { title: `schedule ${sink.schedule}` }, time(sink.due)), old];
}

function links(sink) {
  const run = sink.runs.run_id[0];
  // A text that is heard alone: three elements more a row would have to be laid out.
  const of = (words) => ({ "aria-label": `${words} of ${sink.title.slice(0, 300)}` });
  const dag = sink.runs.dag_id?.[0] ?? sink.dag_id;
  return h("span.links", {},
    run ? h("a", { href: runPage(dag, run), ...of("run") }, "run") : null,
    run ? logLink(dag, run, "log", of("log")) : null,
    h("a", { href: airflowPage("dags", sink.dag_id), title: "Airflow's page of the DAG: its form is behind the button Trigger", ...of("start") }, "start"));
}

function listOf(rows, asked) {
  if (!rows.length) return [h("p", {}, "No dataset has run yet, and Airflow knows of none. Start one of the DAGs, or look whether you may read any.")];
  const set = { state: asked.get("state") ?? "", q: asked.get("q") ?? "", sort: asked.get("sort") ?? "state" };
  const listed = table("Datasets and their last runs", COLUMNS.map((column) => ({ ...column, head: sorter(column, set, () => fill()) })), rows, { cards: true });
  const [body, heads] = [listed.querySelector("tbody"), listed.querySelectorAll("thead th")];
  const lines = new Map(rows.map((row, index) => [row, body.rows[index]]));
  const found = h("p.soft", { role: "status" });
  const states = h("div.choices", { role: "group", "aria-label": "State" });
  const fill = () => {
    const texted = rows.filter((row) => matches(row, set.q.toLowerCase()));
    const shown = texted.filter((row) => !set.state || row.state === set.state);
    body.replaceChildren(...sorted(shown, set.sort).map((row) => lines.get(row)));
    found.textContent = shown.length === rows.length ? count(rows.length, "dataset") : `${number(shown.length)} of ${count(rows.length, "dataset")}`;
    COLUMNS.forEach((column, index) => mark(heads[index], column, set.sort));
    choices(states, texted, set, fill);
    note("overview", { ...set, sort: set.sort === "state" ? "" : set.sort, all: asked.get("all") });
  };
  const search = h("input", { id: "search", type: "search", placeholder: "Search datasets", "aria-label": "Search datasets", value: set.q, input: (event) => { set.q = event.target.value; fill(); } });
  fill();
  return [h("div.row.filters", {}, search, states, found), listed];
}

const matches = (row, text) => [row.title, row.sink, row.dag_id, row.pipeline].some((each) => (each ?? "").toLowerCase().includes(text));

function sorter(column, set, changed) {
  if (!column.of) return column.title;
  const [first, then] = column.falls ? [`-${column.id}`, column.id] : [column.id, `-${column.id}`];
  const turn = () => { set.sort = set.sort === first ? then : first; changed(); };
  return button([column.title, h("span.arrow", { "aria-hidden": "true" })], turn, { id: `sort-${column.id}` });
}

function mark(element, column, sort) {
  if (sort === column.id || sort === `-${column.id}`) element.setAttribute("aria-sort", sort === column.id ? "ascending" : "descending");
  else element.removeAttribute("aria-sort");
}

function sorted(rows, sort) {
  const down = sort.startsWith("-");
  const column = COLUMNS.find((each) => each.id === (down ? sort.slice(1) : sort) && each.of) ?? COLUMNS[0];
  const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  const ordered = [...rows].sort((one, other) => compare(column.of(one), column.of(other)) || compare(one.title, other.title));
  return down ? ordered.reverse() : ordered;
}

function choices(place, rows, set, changed) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : null;
  const of = (state) => rows.filter((row) => row.state === state).length;
  const choice = (state, words) => button(words, () => { set.state = state; changed(); }, { id: `only-${state || "all"}`, "aria-pressed": String(set.state === state) });
  const offered = STATES.filter((state) => of(state) || set.state === state);
  place.replaceChildren(choice("", `all ${rows.length}`), ...offered.map((state) => choice(state, [badge(state), ` ${of(state)}`])));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
