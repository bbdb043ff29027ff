// One measure of a dataset: its chart, of a cumulative one its growth a day too, table and file.

import { traceAddress } from "./address.js";
import { fileName, toCsv } from "./csv.js";
import { foreign, h, link } from "./dom.js";
import { Figure, momentOf } from "./figure.js";
import { moment, number, title } from "./format.js";
import { save } from "./host.js";
import { PagedTable } from "./pages.js";
import { DAY, align, areDays, cut, growth, stepOf, weeklyMean, withGaps } from "./points.js";

const NEW = ".new"; // what the id of the chart of the growth ends with

export class MeasureSection {
  /**
   * @param {object} within about: the sink's summary, chart: its points, measure: name and unit,
   *   lines: of the measure, by the group's value; styles: of the groups
   * @param {{change: (part: object) => void, say: (text: string) => void}} listeners
   */
  constructor(within, { change, say }) {
    Object.assign(this, within);
    this.change = change;
    this.name = title(this.measure.name);
    this.label = `${this.name.charAt(0).toUpperCase()}${this.name.slice(1)}`;
    const figure = (id) => new Figure({
      say,
      choose: (range) => this.#choose(range),
      scale: (isLog) => this.#scale(id, isLog),
      about: () => this.#about(),
    });
    this.total = figure(this.measure.name);
    this.fresh = this.measure.cumulative ? figure(`${this.measure.name}${NEW}`) : null;
    this.table = new PagedTable(`All points of ${this.name} as a table`);
    this.figures = h("div.figures", {}, this.total.element, this.fresh?.element);
    const file = h("button", { type: "button", click: () => this.#save() }, "Table of ", foreign(this.name), " (CSV)");
    this.element = h("section.measure", {}, h("h2", {}, foreign(this.label)), this.figures, h("div.tools", {}, file), this.table.element);
  }

  /**
   * @param {import("./choice.js").Choice} choice
   * @param {[number, number]} range in seconds
   */
  show(choice, range) {
    this.choice = choice;
    const whole = choice.groups.map((name) => this.lines.get(name)).filter(Boolean);
    this.step = stepOf(whole);
    this.areDays = areDays(whole);
    const isDaily = Boolean(this.fresh) && this.areDays && this.step === DAY;
    const extended = whole.map((line) => ({ ...line, ...(isDaily ? { growth: growth(line), mean: weeklyMean(line) } : {}) }));
    this.shown = extended.map((line) => ({ ...cut(line, range), shownAs: this.#nameOf(line), style: this.styles.of.get(line.name) }));
    this.#showTotal();
    if (this.fresh) {
      this.fresh.element.hidden = !isDaily;
      if (isDaily) this.#showGrowth();
    }
    this.columns = this.#columns(isDaily);
    this.table.show([...this.columns, this.#source()].filter(Boolean), this.#rows());
  }

  #nameOf({ name }) {
    return this.chart.group ? name || "(empty)" : this.label;
  }

  #drawing(lines, axis) {
    const unit = this.measure.unit;
    const { xs, columns } = align(lines.map((line) => withGaps(line, this.step)));
    return {
      xs, step: this.step, areDays: this.areDays, isCount: !unit, axis: unit ? `${axis}, ${unit}` : axis,
      lines: lines.map((line, index) => ({ name: line.name, style: line.style, bars: Boolean(line.bars), isMean: Boolean(line.isMean), values: columns[index] })),
    };
  }

  #showTotal() {
    const { unit, cumulative } = this.measure;
    const lines = this.shown.map((line) => ({ xs: line.xs, values: line.values, name: line.shownAs, style: line.style }));
    const drawing = this.#drawing(lines, this.label);
    const missing = drawing.xs.filter((_, index) => drawing.lines.some((line) => line.values[index] === null)).length;
    this.total.show({
      caption: `${this.label}${unit ? ` in ${unit}` : ""}${cumulative ? ", all so far" : ""}`,
      unit, drawing, spoken: lines,
      isLog: this.choice.log.includes(this.measure.name),
      notes: [
        missing ? "Where values are missing, the line is open." : null,
        this.step === null && drawing.xs.length > 2 ? "Points come at uneven times: a line joins each with the next." : null,
      ].filter(Boolean),
    });
  }

  #showGrowth() {
    const isOne = this.shown.length === 1;
    const means = this.shown.map((line) => ({ xs: line.xs, values: line.mean, name: isOne ? "mean of 7 days" : line.shownAs, style: line.style, isMean: true }));
    const days = this.shown.map((line) => ({ xs: line.xs, values: line.growth, name: "new a day", bars: true }));
    const unit = this.measure.unit;
    this.fresh.show({
      caption: `${this.label}${unit ? ` in ${unit}` : ""}, new a day${isOne ? "" : ": mean of 7 days"}`,
      unit, drawing: this.#drawing(isOne ? [days[0], means[0]] : means, `New ${this.name} a day`),
      spoken: isOne ? [days[0], means[0]] : means,
      isLog: this.choice.log.includes(`${this.measure.name}${NEW}`),
      notes: isOne ? [] : ["With several lines their means are drawn; the days are in the table."],
    });
  }

  #columns(isDaily) {
    const { date, group } = this.chart;
    const column = (name, read) => ({ title: title(name), name, read, number: true, cell: (row) => number(read(row)) });
    return [
      { title: title(date), name: date, read: (row) => row.iso, cell: (row) => momentOf(Date.parse(row.iso) / 1000, row.iso.length === 10) },
      group ? { title: title(group), name: group, read: (row) => row.group, cell: (row) => foreign(row.group) } : null,
      column(this.measure.name, (row) => row.value),
      isDaily ? column(`${this.measure.name}_new_a_day`, (row) => row.growth) : null,
      isDaily ? column(`${this.measure.name}_mean_of_7_days`, (row) => row.mean) : null,
    ].filter(Boolean);
  }

  /** The way from a point to where its row comes from, with what the point tells of the key; null where it tells nothing. */
  #source() {
    const { about: { dag_id: dag, sink, key }, chart: { date, keys } } = this;
    const told = [date, ...Object.keys(Object.values(keys ?? {})[0] ?? {})].filter((column) => key?.includes(column));
    if (!told.length) return null;
    const keyOf = (row) => {
      const values = { [date]: row.iso, ...keys?.[row.group] };
      return Object.fromEntries(told.map((column) => [column, values[column]]));
    };
    const unseen = (row) => h("span.unseen", {}, ` ${row.iso} `, foreign(row.group));
    return { title: "Source", cell: (row) => link(traceAddress(dag, sink, keyOf(row)), "where from?", unseen(row)) };
  }

  #rows() {
    return this.shown.flatMap((line) => line.iso.map((iso, index) => ({
      iso, group: line.name, value: line.values[index], growth: line.growth?.[index], mean: line.mean?.[index],
    })));
  }

  #choose(range) {
    const text = (x) => new Date(x * 1000).toISOString().slice(0, this.areDays ? 10 : 16);
    this.change(range ? { from: text(range[0]), to: text(range[1]) } : { from: null, to: null });
  }

  #scale(id, isLog) {
    const others = this.choice.log.filter((each) => each !== id);
    this.change({ log: isLog ? [...others, id] : others });
  }

  #about() {
    const { title: name, sink, written_at: written } = this.about;
    const ends = this.shown.flatMap((line) => [line.xs[0], line.xs.at(-1)]).filter(Number.isFinite);
    const range = ends.length ? `${momentOf(Math.min(...ends), this.areDays)} to ${momentOf(Math.max(...ends), this.areDays)}` : "";
    return { title: name, name: [sink], footer: `${sink}, ${range}, times in UTC. Written ${moment(this.chart.written_at ?? written)} by Sluice.` };
  }

  #save() {
    const rows = this.#rows().map((row) => this.columns.map((column) => column.read(row)));
    const text = toCsv(this.columns.map((column) => column.name), rows);
    save(new Blob([text], { type: "text/csv;charset=utf-8" }), fileName([this.about.sink, this.measure.name], "csv"));
  }
}
