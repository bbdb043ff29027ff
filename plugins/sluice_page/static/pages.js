// A long table, a page at a time.

import { h, table } from "./dom.js";
import { number } from "./format.js";

const PAGE = 100; // rows

/** A table that is made when it is opened, and shows a page of its rows. */
export class PagedTable {
  constructor(title) {
    this.title = title;
    this.place = h("div");
    this.element = h("details.points", { toggle: () => this.#draw() }, h("summary", {}, title), this.place);
  }

  /**
   * @param {{title: string, number: boolean, cell: (row: object) => any}[]} columns
   * @param {object[]} rows
   */
  show(columns, rows) {
    Object.assign(this, { columns, rows, first: 0 });
    this.#draw();
  }

  #draw() {
    if (!this.element.open) return;
    const { rows, first } = this;
    const last = Math.min(first + PAGE, rows.length);
    const words = `Rows ${number(rows.length ? first + 1 : 0)} to ${number(last)} of ${number(rows.length)}`;
    const turn = (label, to, isThere) => h("button", { type: "button", disabled: !isThere, click: () => this.#turn(label, to) }, label);
    const turns = rows.length > PAGE
      ? [turn("Earlier rows", first - PAGE, first > 0), turn("Later rows", first + PAGE, last < rows.length)] : [];
    this.place.replaceChildren(h("div.tools", {}, h("span", { role: "status" }, words), turns), table(this.title, this.columns, rows.slice(first, last)));
  }

  #turn(label, to) {
    this.first = to;
    this.#draw();
    const buttons = [...this.place.querySelectorAll("button")];
    (buttons.find((button) => button.textContent === label && !button.disabled) ?? buttons.find((button) => !button.disabled))?.focus();
  }
}
