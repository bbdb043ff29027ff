// What was refused, warned of and broken, and how it is put right.

import * as api from "./api.js";
import { runPage, traceAddress } from "./address.js";
import { age, button, foreign, h, link, table, time, unfolding } from "./dom.js";
import { count, number } from "./format.js";
import { stacked } from "./reject_bars.js";
import { askRepair } from "./repair.js";
import { logLink } from "./runs.js";
import { runBadge } from "./state.js";
import { sentence } from "./sentence.js";

// Values that the viewer has asked for, by sink: they stay shown when the view is refreshed.
const asked_values = new Map();

export async function showQuality({ asked, again }) {
  const [dag, sink] = [asked.get("dag"), asked.get("sink")];
  const about = await api.summary(dag, sink);
  const open = about.open_rejects ?? { total: 0, by_code: [] };
  return [
    h("h1", {}, foreign(about.title)),
    reasons(about, open, again),
    await rejects(about, again),
    warnings(about),
    rules(about.rules ?? []),
    failures(about),
  ];
}

const section = (id, title, ...content) => h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...content);

function reasons(about, open, again) {
  const seen = new Map();
  for (const run of about.runs) {
    for (const [code, rows] of Object.entries(run.rejects_by_code ?? {})) seen.set(code, (seen.get(code) ?? 0) + rows);
  }
  const codes = [...new Set([...open.by_code.map((each) => each.code), ...seen.keys()])];
  if (!codes.length) return section("reasons", "Rejected rows", h("p", {}, `None in the last ${count(about.runs.length, "run")}, and none waits.`));
  const waits = new Map(open.by_code.map((each) => [each.code, each]));
  const rows = codes.map((code) => ({ code, rows: waits.get(code)?.rows ?? 0, since: waits.get(code)?.since, seen: seen.get(code) ?? 0 }));
  rows.sort((one, other) => other.rows - one.rows || other.seen - one.seen);
  const columns = [
    { title: "Reason", cell: (row) => h("code", {}, foreign(row.code)) },
    { title: "Waiting", number: true, cell: (row) => number(row.rows) },
    { title: "Since", cell: (row) => age(row.since) ?? "–" },
    { title: "Seen lately", number: true, cell: (row) => number(row.seen) },
    { title: "Repair", cell: (row) => (row.rows ? repairs(about, { code: row.code }, row.rows, `code-${row.code}`, again) : null) },
  ];
  return section("reasons", "Rejected rows",
    h("p", {}, open.total ? `${count(open.total, "row waits", "rows wait")} in quarantine.` : "No row waits in quarantine.", ` Seen lately: in the last ${count(about.runs.length, "run")}.`),
    stacked(about.runs, rows.map((row) => row.code)),
    table("Rejected rows by reason", columns, rows, { cards: true }));
}

function repairs(about, of, rows, id, again) {
  const ask = (action) => () => askRepair({ sink: about.sink, action, of, rows, again });
  return h("span.links", {}, button("Replay", ask("replay"), { id: `replay-${id}` }), button("Set aside", ask("set_aside"), { id: `aside-${id}` }));
}

async function rejects(about, again) {
  const rows = about.rejects.map((reject, index) => ({ ...reject, index }));
  if (!rows.length) return section("rejects", "Latest rejected rows", h("p", {}, "None."));
  const values = asked_values.has(about.sink) ? await valuesOf(about) : null;
  const columns = [
    { title: "File", cell: (row) => [unfolding(row.file, 60), h("span.soft.under", {}, "version ", foreign(row.version, 24))] },
    { title: "Line", number: true, cell: (row) => number(row.line) },
    { title: "Column", cell: (row) => foreign(row.column_name ?? "") },
    { title: "Reason", cell: (row) => [unfolding(row.reason, 160), h("code.under", {}, foreign(row.code))] },
    ...(values?.raw ? [{ title: "Raw text of the line", cell: (row) => h("code.raw", {}, unfolding(values.raw[row.index] ?? "", 200)) }] : []),
    { title: "Rejected", cell: (row) => link(runPage(row.dag_id, row.run_id), age(row.rejected_at)) },
    { title: "Repair", cell: (row) => settled(row) ?? rowRepairs(about, row, again) },
  ];
  return section("rejects", "Latest rejected rows",
    h("div.row", {}, valuesButton(about, values, again), values?.trouble ? h("p", { role: "alert" }, values.trouble) : null),
    table(`The newest ${count(rows.length, "rejected row")}`, columns, rows, { cards: true }));
}

function settled({ settled_at: at, settled_how: how, settled_why: why, settled_by_dag: dag, settled_by_run: run }) {
  if (!at) return null;
  const when = dag && run ? link(runPage(dag, run), age(at)) : age(at);
  return h("span", {}, foreign(how), " ", when, why ? [": ", unfolding(why, 160)] : null);
}

function rowRepairs(about, row, again) {
  const version = `${row.index}`;
  return [
    repairs(about, { file: row.file, version: row.version }, null, version, again),
    h("span.under", {}, link(traceAddress(about.dag_id, about.sink, row.key ?? {}), "where does it come from?", h("span.unseen", {}, ` Line ${row.line}`))),
  ];
}

async function valuesOf(about) {
  try {
    const found = await api.values(about.dag_id, about.sink);
    return found.revision === about.revision ? found : { trouble: "A run has just written anew what is shown here: reload." };
  } catch (error) {
    return { trouble: sentence(error, "To see values of rows, which takes the right to start runs of this DAG,") };
  }
}

function valuesButton(about, values, again) {
  const shown = Boolean(values?.raw);
  const turn = () => {
    if (shown) asked_values.delete(about.sink);
    else asked_values.set(about.sink, true);
    again();
  };
  return button(shown ? "Hide values" : "Show values", turn, { id: "values", "aria-pressed": String(shown) });
}

function warnings(about) {
  const warned = about.runs.filter((run) => run.warnings?.length);
  if (!warned.length) return section("warnings", "Warnings", h("p", {}, `None in the last ${count(about.runs.length, "run")}.`));
  return section("warnings", "Warnings", h("ul.plain", {}, warned.slice(0, 10).map((run) => h("li", {},
    link(runPage(run.dag_id, run.run_id), time(run.finished_at)), h("ul", {}, run.warnings.map((each) => h("li", {}, unfolding(each, 300))))))));
}

function rules(all) {
  if (!all.length) return section("rules", "Rules", h("p", {}, "This dataset has no rules of its own."));
  return section("rules", "Rules", table("Rules, and when each last broke", [
    { title: "Rule", cell: (rule) => foreign(rule.words) },
    { title: "If broken", cell: (rule) => (rule.severity === "error" ? "the run fails" : "a warning") },
    { title: "Last broken", cell: (rule) => (rule.last_broken ? [age(rule.last_broken.as_of), h("span.under.soft", {}, unfolding(rule.last_broken.words, 160))] : "never in the last runs") },
  ], all, { cards: true }));
}

function failures(about) {
  const failed = about.runs.filter((run) => run.status === "failed");
  if (!failed.length) return null;
  return section("failures", "Runs that failed", table(`${count(failed.length, "run")} of the last ${about.runs.length}`, [
    { title: "Ended", cell: (run) => link(runPage(run.dag_id, run.run_id), time(run.finished_at)) },
    { title: "State", cell: (run) => runBadge(run.status) },
    { title: "Task", cell: (run) => logLink(run.dag_id, run.run_id, ["log of ", foreign(run.failed_task ?? "the run")]) },
    { title: "Cause", cell: (run) => unfolding(run.cause ?? "", 240) },
  ], failed, { cards: true }));
}
