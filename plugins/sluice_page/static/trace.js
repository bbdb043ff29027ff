// Where a row comes from: its key is asked for, a run of trace_row looks for it, its history is shown.

import * as api from "./api.js";
import { note, runPage } from "./address.js";
import { age, foreign, h, link, time, unfolding } from "./dom.js";
import { count, title } from "./format.js";
import { logLink, start } from "./runs.js";
import { sentence } from "./sentence.js";

const DAG = "trace_row";
const EFFECTS = {
  inserted: "The row came in.",
  updated: "The row changed.",
  confirmed: "The row was there, the same.",
  refused: "A line of the row was refused.",
  superseded: "A later state was loaded before: nothing changed.",
  absent: "The files had no such row.",
  deleted: "The row was deleted.",
  unknown: "What it did is not known.",
};

export async function showTrace({ asked }) {
  const [dag, sink, run] = [asked.get("dag"), asked.get("sink"), asked.get("run")];
  const about = await api.summary(dag, sink);
  const heading = h("h1", {}, foreign(about.title));
  if (!about.key?.length) return [heading, h("p", {}, "This dataset has no key, by which a row could be asked after.")];
  const answer = h("div", { id: "answer", "aria-live": "polite" });
  const key = keyOf(asked);
  const form = formOf(about, key, async (wanted) => {
    answer.replaceChildren(h("p", { "aria-busy": "true" }, "A run of trace_row looks for it in the ledger and the archive…"));
    const begun = await start(DAG, { sink, key: wanted }, "A row is traced");
    if (begun) note("trace", { dag, sink, key: JSON.stringify(wanted), run: begun.run_id });
    answer.replaceChildren(...(begun ? await shown(about, begun) : [h("p", {}, "It was not asked: see above.")]));
  });
  if (run) answer.replaceChildren(...await shown(about, { run_id: run, state: "success" }));
  return [heading, h("p", {}, "Each run that wrote, confirmed or refused a row, with the file, the version and the line that it was read from."), form, answer];
}

function keyOf(asked) {
  try {
    const key = JSON.parse(asked.get("key") ?? "{}");
    return key && typeof key === "object" ? key : {};
  } catch {
    return {};
  }
}

function formOf(about, key, ask) {
  const inputs = about.key.map((column, index) => h("input", { id: `key-${index}`, name: column, required: true, autocomplete: "off", value: key[column] ?? "" }));
  const fields = about.key.map((column, index) => h("p", {}, h("label", { for: `key-${index}` }, foreign(title(column))), inputs[index]));
  const asking = h("button.main", { type: "submit", id: "ask" }, "Ask");
  return h("form.row.key", {
    submit: async (event) => {
      event.preventDefault();
      asking.disabled = true;
      await ask(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])));
      asking.disabled = false;
    },
  }, fields, h("p", {}, asking));
}

async function shown(about, { run_id: run, state }) {
  if (state === "failed") return [h("p.notice.bad", { role: "alert" }, "The run that looked for it failed: ", logLink(DAG, run, "its log"), " says why.")];
  if (state !== "success") return [h("p.notice", {}, "The answer is not there yet: ", link(runPage(DAG, run), "the run"), ".")];
  try {
    return answered(await api.trace(about.dag_id, run));
  } catch (error) {
    const gone = error instanceof api.Refused && error.status === 404;
    const words = gone ? "There is no answer of this run: answers are kept for a week. Ask again." : sentence(error, "To see where rows of this DAG come from, which takes the right to start runs of it,");
    return [h("p.notice.bad", { role: "alert" }, words)];
  }
}

function answered(answer) {
  const entries = answer.history.map((entry, index) => ({ entry, before: lastValues(answer.history, index) })).reverse();
  const notes = [answer.cut, ...(answer.notes ?? [])].filter(Boolean);
  return [
    h("h2", {}, "The row ", ...Object.entries(answer.key).flatMap(([column, value], index) => [index ? ", " : "", foreign(title(column)), " ", h("strong", {}, foreign(value))])),
    h("p", {}, answer.now ? "As it is now:" : "It is not there now."),
    answer.now ? valuesOf(answer.now, answer.now) : null,
    notes.length ? h("ul.plain.soft", {}, notes.map((each) => h("li", {}, foreign(each, 1000)))) : null,
    entries.length ? h("ol.history-of-row", { "aria-label": `${count(entries.length, "run")}, the newest first` }, entries.map(item)) : h("p", {}, "No run has had this row. Look whether the key is written as the dataset has it."),
    h("p.soft", {}, "Asked ", age(answer.asked_at), "."),
  ].filter(Boolean);
}

const lastValues = (history, index) => history.slice(0, index).findLast((entry) => entry.values)?.values ?? null;

function item({ entry, before }) {
  return h("li", {},
    h("p", {}, h(`span.effect.${/^[a-z]+$/.test(entry.effect) ? entry.effect : "unknown"}`, {}, foreign(entry.effect)), " ",
      EFFECTS[entry.effect] ?? "", " State of ", time(entry.as_of), ", ", link(runPage(entry.dag_id, entry.run_id), "run that ended ", time(entry.finished_at)), "."),
    entry.reason ? h("p", {}, foreign(entry.reason, 600), entry.code ? [" (", h("code", {}, foreign(entry.code)), ")"] : null) : null,
    entry.values ? valuesOf(entry.values, before) : null,
    entry.sources.length ? h("ul.sources", {}, entry.sources.map(source)) : null);
}

// Values of a row; those that differ from before are marked, with what they were.
function valuesOf(values, before) {
  return h("dl.values", {}, Object.entries(values).map(([column, value]) => {
    const changed = before !== null && before[column] !== value && JSON.stringify(before[column]) !== JSON.stringify(value);
    return h(changed ? "div.changed" : "div", {}, h("dt", {}, foreign(title(column))),
      h("dd", {}, shownValue(value), changed ? [h("span.unseen", {}, ", changed"), " was ", h("del", {}, shownValue(before[column]))] : null));
  }));
}

const shownValue = (value) => (value === null || value === undefined ? h("span.soft", {}, "empty") : unfolding(typeof value === "object" ? JSON.stringify(value) : value, 200));

function source({ file, version, line, raw, archive }) {
  return h("li", {},
    h("bdi", {}, file), ", version ", foreign(version, 80), line === null || line === undefined ? ": no such row" : `, line ${line}`,
    raw === null || raw === undefined ? null : h("pre.raw", { tabindex: 0, role: "region", "aria-label": `Text of line ${line ?? "?"}` }, h("bdi", {}, raw)),
    archive ? h("p.soft.under", {}, "archived at ", unfolding(archive, 160)) : null);
}
