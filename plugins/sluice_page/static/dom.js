// Elements from data: what comes from a file or a person is text, never markup.

import { ago, moment, utc } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const SAFE = new Set(["http:", "https:", "blob:"]);

/**
 * Makes an element.
 * @param {string} tag name of the element, with classes after dots: "p.note"
 * @param {object} traits attributes; a function is a listener: { click: () => … }
 * @param {...(Node|string|number|null|Array)} children null is left out
 */
export function h(tag, traits = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return fill(document.createElement(name), classes, traits, children);
}

/** The same for a picture's elements. */
export function svg(tag, traits = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return fill(document.createElementNS(SVG, name), classes, traits, children);
}

function fill(element, classes, traits, children) {
  if (classes.length) element.classList.add(...classes);
  for (const [trait, value] of Object.entries(traits)) {
    if (typeof value === "function") element.addEventListener(trait, value);
    else if (value === true) element.setAttribute(trait, "");
    else if (value !== null && value !== undefined && value !== false) set(element, trait, value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined).map(node));
  return element;
}

function set(element, trait, value) {
  // An address that would run as a script is no address.
  if ((trait === "href" || trait === "src") && !SAFE.has(new URL(value, document.baseURI).protocol)) return;
  element.setAttribute(trait, value);
}

const node = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

/** Text of unknown origin: its direction stays its own, and it is cut to a length. */
export function foreign(text, most = 300) {
  const whole = String(text ?? "");
  const shown = whole.length > most ? `${whole.slice(0, most)}…` : whole;
  return h("bdi", { title: whole.length > most ? whole.slice(0, 2000) : null }, shown);
}

/** Text of unknown origin of which all can be read: what is too long for its place is unfolded. */
export function unfolding(text, most = 120) {
  const whole = String(text ?? "");
  if (whole.length <= most) return foreign(whole, most);
  return h("details.whole", {}, h("summary", {}, h("bdi", {}, `${whole.slice(0, most)}…`)), h("bdi", {}, whole));
}

/** A moment in the viewer's time zone, in UTC on pointing at it. */
export const time = (iso) => (iso ? h("time", { datetime: iso, title: utc(iso) }, moment(iso)) : null);

/** How long ago a moment was; main.js keeps it true. */
export const age = (iso) => (iso ? h("time", { datetime: iso, title: `${moment(iso)}, ${utc(iso)}`, "data-age": true }, ago(iso)) : null);

/** A link. Those to Airflow's pages open in the whole window: main.js. */
export const link = (href, ...children) => h("a", { href }, ...children);

/** A button. */
export const button = (words, click, traits = {}) => h("button", { type: "button", click, ...traits }, words);

/**
 * A table with a caption. Columns: { title, cell(row), number, name }, the row's name first or where
 * name says. In a narrow window a table of cards shows each row as a card.
 */
export function table(caption, columns, rows, { cards = false } = {}) {
  const named = Math.max(0, columns.findIndex((column) => column.name));
  const head = (column) => h("th", { scope: "col", role: "columnheader", class: column.number ? "number" : null }, column.head ?? column.title);
  const cell = (column, index, row) => h(index === named ? "th" : "td", {
    scope: index === named ? "row" : null,
    role: index === named ? "rowheader" : "cell",
    class: column.number ? "number" : null,
    "data-label": column.title,
  }, column.cell(row));
  const line = (row) => h("tr", { role: "row" }, columns.map((column, index) => cell(column, index, row)));
  // Roles are said since a table whose rows are laid out as cards would lose them.
  return h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption },
    h(cards ? "table.cards" : "table", { role: "table" }, h("caption", {}, caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(head))),
      h("tbody", { role: "rowgroup" }, rows.map(line))));
}
