// What a viewer chooses from: measures, groups, a range.

import { MOST_LINES } from "./choice.js";
import { foreign, h } from "./dom.js";
import { number, title } from "./format.js";

const MOST_BOXES = 200; // of groups; more are found by typing
const FEW_BOXES = 12; // without a field to find them

/**
 * Boxes to tick, at least one and at most so many.
 * @param {string} legend
 * @param {{names: string[], chosen: string[], most: number, textOf: (name: string) => any}} offer
 * @param {(names: string[]) => void} choose
 */
export function boxes(legend, { names, chosen, most, textOf }, choose) {
  const ticked = new Set(chosen);
  const list = h("div.boxes", { role: "group", "aria-label": legend, tabindex: names.length > FEW_BOXES ? 0 : null });
  const words = h("p.hint", { "aria-live": "polite" });
  const inputs = new Map();
  const limit = () => {
    const isFull = ticked.size >= most && names.length > most;
    inputs.forEach((input, name) => { input.disabled = ticked.has(name) ? ticked.size === 1 : isFull; });
    words.replaceChildren(isFull ? `${most} are chosen, as many as can be told apart: untick one to choose another.`
      : ticked.size === 1 && names.length > 1 ? "The last one stays chosen." : "");
  };
  const box = (name) => {
    const input = h("input", { type: "checkbox", change: () => {
      if (input.checked) ticked.add(name);
      else ticked.delete(name);
      limit();
      choose(names.filter((each) => ticked.has(each)));
    } });
    input.checked = ticked.has(name);
    inputs.set(name, input);
    return h("label", {}, input, " ", textOf(name));
  };
  const fill = (wanted) => {
    inputs.clear();
    const found = names.filter((name) => name.toLocaleLowerCase("en").includes(wanted.toLocaleLowerCase("en")));
    const first = [...found.filter((name) => ticked.has(name)), ...found.filter((name) => !ticked.has(name))];
    list.replaceChildren(...first.slice(0, MOST_BOXES).map(box));
    if (found.length > MOST_BOXES) list.append(h("p.hint", {}, `${number(found.length - MOST_BOXES)} more: type a part of the name.`));
    if (!found.length) list.append(h("p.hint", {}, "None has this in its name."));
    limit();
  };
  fill("");
  const find = names.length > FEW_BOXES
    ? h("label", {}, "Find ", h("input", { type: "search", autocomplete: "off", input: (event) => fill(event.target.value) })) : null;
  return h("fieldset", {}, h("legend", {}, legend), find, list, words);
}

export const measureBoxes = (measures, chosen, choose) => boxes("Measures", {
  names: measures.map((measure) => measure.name), chosen, most: measures.length, textOf: (name) => foreign(title(name)),
}, choose);

export const groupBoxes = (column, names, chosen, choose) => boxes(`${title(column)} (at most ${MOST_LINES})`, {
  names, chosen, most: MOST_LINES, textOf: (name) => foreign(name || "(empty)", 60),
}, choose);

/**
 * Two fields for the first and last moment, and all again.
 * @returns {{element: Element, show: (from: string|null, to: string|null) => void}}
 */
export function rangeFields({ first, last, areDays }, choose) {
  const field = (name) => h("input", { type: areDays ? "date" : "datetime-local", min: first, max: last, name, change: () => read() });
  const [from, to] = [field("from"), field("to")];
  const all = h("button", { type: "button", click: () => choose(null, null) }, "Show all");
  const words = h("p.hint", { role: "alert" });
  const read = () => {
    const isBackwards = from.value && to.value && from.value > to.value;
    words.replaceChildren(isBackwards ? "The first is after the last." : "");
    if (!isBackwards) choose(from.value && from.value !== first ? from.value : null, to.value && to.value !== last ? to.value : null);
  };
  const show = (start, end) => {
    from.value = start ?? first;
    to.value = end ?? last;
    words.replaceChildren();
  };
  const element = h("fieldset", {}, h("legend", {}, areDays ? "Range of days" : "Range, UTC"),
    h("label", {}, "From ", from), h("label", {}, "to ", to), all, words);
  return { element, show };
}
