// Rejected rows are read again, or set aside: asked in a dialog, done by the DAG replay_rejects.

import { button, foreign, h } from "./dom.js";
import { count } from "./format.js";
import { start } from "./runs.js";

const ACTIONS = {
  replay: {
    title: "Replay rejected rows",
    button: "Replay",
    words: "Their files are read again from the archive, by the contract as it is now. Rows that pass are loaded and leave quarantine; the others stay.",
    doing: "Rejected rows are read again",
  },
  set_aside: {
    title: "Set rejected rows aside",
    button: "Set aside",
    words: "They leave quarantine for good, without being loaded. The ledger keeps who did it, when and why.",
    doing: "Rejected rows are set aside",
  },
};

/**
 * Asks whether rows are to be repaired, and starts the run that does it.
 * @param {{sink: string, action: string, of: {code?: string, file?: string, version?: string}, rows: number|null, again: Function}} asked
 */
export function askRepair({ sink, action, of, rows, again }) {
  const { title, words, doing, button: yes } = ACTIONS[action];
  const why = action === "set_aside" ? h("input", { id: "why", name: "why", required: true, maxlength: 300, autocomplete: "off" }) : null;
  const form = h("form", {
    submit: async (event) => {
      event.preventDefault();
      const conf = { sink, action, ...of, ...(why ? { why: why.value.trim() } : {}) };
      dialog.close();
      const run = await start("replay_rejects", conf, doing);
      if (run?.state === "success") again();
    },
  },
  h("h2", { id: "repair" }, title),
  h("p", {}, rows === null ? "Rows" : count(rows, "row"), " of ", foreign(sink), ...named(of), "."),
  h("p", {}, words),
  why ? h("p", {}, h("label", { for: "why" }, "Why, in a few words"), why) : null,
  h("p.row.end", {}, button("Cancel", () => dialog.close()), h("button.main", { type: "submit" }, yes)));
  const dialog = h("dialog", { "aria-labelledby": "repair", close: () => dialog.remove() }, form);
  document.body.append(dialog);
  dialog.showModal();
}

const named = ({ code, file, version }) => [
  ...(code ? [", rejected as ", foreign(code)] : []),
  ...(file ? [", of the file ", foreign(file, 200)] : []),
  ...(version ? [", version ", foreign(version, 80)] : []),
];
