// What of a dataset is shown. The address says it, so that it can be shared.

import { isMoment } from "./points.js";

export const MOST_LINES = 6; // more are hard to tell apart
const FIRST_GROUPS = 3;
const FIRST_MEASURES = 3;

/**
 * @typedef {object} Choice
 * @property {string[]} measures their names, at least one
 * @property {string[]} groups values of the group, at most MOST_LINES; [""] where there is no group
 * @property {string|null} from a day or minute, in UTC
 * @property {string|null} to
 * @property {string[]} log ids of the charts with a logarithmic axis
 */

/**
 * What an address asks for; what it does not say, or what is not there, is as at first.
 * @param {URLSearchParams} asked
 * @param {{measures: {name: string}[], lines: Map<string, object>}} told lines of the first measure
 * @returns {Choice}
 */
export function read(asked, told) {
  const first = initial(told);
  const known = (name, values, most) => {
    const found = [...new Set(asked.getAll(name))].filter((value) => values.includes(value)).slice(0, most);
    return found.length ? found : null;
  };
  const limit = (name) => (isMoment(asked.get(name)) ? asked.get(name) : null);
  return {
    measures: known("measure", told.measures.map((measure) => measure.name)) ?? first.measures,
    groups: known("group", [...told.lines.keys()], MOST_LINES) ?? first.groups,
    from: limit("from"),
    to: limit("to"),
    log: [...new Set(asked.getAll("log"))],
  };
}

/**
 * What is shown before anything is chosen: all that can be compared at a glance; of many groups
 * those with the highest newest values.
 */
export function initial({ measures, lines }) {
  const names = [...lines.keys()];
  const newest = (name) => lines.get(name).values.findLast((value) => value !== null) ?? -Infinity;
  const groups = names.length <= MOST_LINES ? names
    : names.toSorted((one, other) => newest(other) - newest(one)).slice(0, FIRST_GROUPS);
  const isSimple = names.length === 1 && measures.length <= FIRST_MEASURES;
  return { measures: measures.slice(0, isSimple ? FIRST_MEASURES : 1).map((measure) => measure.name), groups, from: null, to: null, log: [] };
}

/** The address of a choice; what is as at first is left out. */
export function write(choice, told, { dag, sink }) {
  const first = initial(told);
  const words = new URLSearchParams({ dag, sink });
  const add = (name, values, usual) => {
    if (values.join("\n") !== usual.join("\n")) values.forEach((value) => words.append(name, value));
  };
  add("measure", choice.measures, first.measures);
  add("group", choice.groups, first.groups);
  if (choice.from) words.set("from", choice.from);
  if (choice.to) words.set("to", choice.to);
  add("log", choice.log, []);
  return `#dataset?${words}`;
}
