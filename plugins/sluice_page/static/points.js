// Numbers over time, without a browser's page: what is drawn, read, written to tables and files.
//
// A line is { name, iso: string[], xs: number[], values: (number|null)[] }: iso as the summary has
// it, xs the same moments in seconds since 1970, UTC, ascending; null is a value that is not there.

export const DAY = 86_400; // seconds
const WEEK = 7 * DAY;
// More than this many steps from one point to the next is a gap. A month is 28 to 31 days.
const GAP = 1.5;
// Points come evenly when at least this share of their steps is alike.
const EVEN = 0.5;

/**
 * The lines of a chart's summary for one measure.
 * @returns {Map<string, object>} by the group's value, in the order of the names
 * @throws {RangeError} where the summary is not as its format says
 */
export function linesOf({ points }, measure) {
  const names = Object.keys(points).sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  return new Map(names.map((name) => [name, lineOf(name, points[name], measure)]));
}

function lineOf(name, { date, values }, measure) {
  const xs = date.map((iso) => Date.parse(iso) / 1000);
  const numbers = values[measure];
  const isWhole = Array.isArray(numbers) && numbers.length === xs.length
    && numbers.every((value) => value === null || Number.isFinite(value))
    && xs.every((x, index) => Number.isFinite(x) && (index === 0 || x >= xs[index - 1]));
  if (!isWhole) throw new RangeError(`The points of ${measure} cannot be read.`);
  return { name, iso: date, xs, values: numbers };
}

/** Seconds from one point to the next; null where points come unevenly or there are fewer than two. */
export function stepOf(lines) {
  const steps = lines.flatMap(({ xs }) => xs.slice(1).map((x, index) => x - xs[index])).sort((one, other) => one - other);
  if (!steps.length) return null;
  const middle = steps[Math.floor((steps.length - 1) / 2)];
  const even = steps.filter((step) => step >= middle / GAP && step <= middle * GAP).length;
  return middle > 0 && even >= EVEN * steps.length ? middle : null;
}

/** Whether moments are days: the summary writes them without a time. */
export const areDays = (lines) => lines.every(({ iso }) => iso.every((text) => text.length === 10));

/**
 * What a cumulative measure has grown by each day. A day has no growth where it has no number, or
 * the day before has none or is missing: a gap is not zero.
 */
export function growth({ xs, values }) {
  return values.map((value, index) => {
    const before = index > 0 && xs[index] - xs[index - 1] === DAY ? values[index - 1] : null;
    return value === null || before === null ? null : value - before;
  });
}

/**
 * The mean growth a day of the seven days up to each day: a seventh of the growth since the day a
 * week before. Days missing in between do not matter, since the measure is cumulative; where either
 * end is missing there is no mean.
 */
export function weeklyMean({ xs, values }) {
  const at = new Map(xs.map((x, index) => [x, values[index]]));
  return values.map((value, index) => {
    const before = at.get(xs[index] - WEEK) ?? null;
    return value === null || before === null ? null : (value - before) / 7;
  });
}

/**
 * The first and last moment of a range, in seconds, both within it.
 * @param {string|null} from a day, or a minute such as 2026-11-27T10:45, in UTC; null is open
 * @param {string|null} to
 */
export function bounds(from, to) {
  const length = (text) => (text.length > 10 ? 60 : DAY);
  return [
    from ? moment(from) : -Infinity,
    to ? moment(to) + length(to) - 0.001 : Infinity,
  ];
}

const moment = (text) => Date.parse(text.length > 10 ? `${text.slice(0, 16)}Z` : text) / 1000;

/** Whether a text is a day or minute as bounds() takes it. */
export const isMoment = (text) => /^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(text ?? "") && Number.isFinite(moment(text));

/** The part of a line within a range; further columns of the same length are cut with it. */
export function cut(line, [first, last]) {
  const start = line.xs.findIndex((x) => x >= first);
  const past = line.xs.findLastIndex((x) => x <= last) + 1;
  const part = (list) => (start < 0 ? [] : list.slice(start, Math.max(start, past)));
  return Object.fromEntries(Object.entries(line).map(([key, value]) => [key, Array.isArray(value) ? part(value) : value]));
}

/** A line with a null after each point that the next one follows too late. */
export function withGaps({ xs, values }, step) {
  const found = { xs: [], values: [] };
  xs.forEach((x, index) => {
    if (step && index > 0 && x - xs[index - 1] > GAP * step) {
      found.xs.push(xs[index - 1] + step);
      found.values.push(null);
    }
    found.xs.push(x);
    found.values.push(values[index]);
  });
  return found;
}

/**
 * Lines over one common list of moments, as uPlot takes them: null is a gap, undefined says nothing.
 * @returns {{xs: number[], columns: (number|null|undefined)[][]}}
 */
export function align(lines) {
  const xs = [...new Set(lines.flatMap((line) => line.xs))].sort((one, other) => one - other);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = lines.map((line) => {
    const column = new Array(xs.length).fill(undefined);
    line.xs.forEach((x, index) => { column[place.get(x)] = line.values[index]; });
    return widened(column);
  });
  return { xs, columns };
}

/** A column whose gaps reach from number to number: uPlot opens a line no wider than its nulls are. */
function widened(column) {
  let start = 0;
  for (let end = 0; end <= column.length; end += 1) {
    if (end < column.length && !Number.isFinite(column[end])) continue;
    if (column.slice(start, end).includes(null)) column.fill(null, start, end);
    start = end + 1;
  }
  return column;
}

/** Places in a list of moments where a cursor stops: all, or those at least half a step apart. */
export function stopsOf(xs, step) {
  const stops = [];
  xs.forEach((x, index) => {
    if (!stops.length || x - xs[stops.at(-1)] >= (step ?? 0) / 2) stops.push(index);
  });
  return stops;
}

/** The place of the number nearest to a moment, at most half a step away; null where there is none. */
export function nearest(xs, column, place, step) {
  const reach = (step ?? 0) / 2;
  const looked = (direction) => {
    for (let at = place; at >= 0 && at < xs.length && Math.abs(xs[at] - xs[place]) <= reach; at += direction) {
      if (Number.isFinite(column[at])) return at;
    }
    return null;
  };
  const [before, after] = [looked(-1), looked(1)];
  if (before === null || after === null) return before ?? after;
  return xs[place] - xs[before] <= xs[after] - xs[place] ? before : after;
}

/**
 * What is said of a line in words.
 * @returns {{latest, highest, lowest, week}|null} places in the line; week is { place, change,
 *   share }, the change since seven days before the latest value, or null where there was no value
 */
export function factsOf({ xs, values }, step) {
  const places = values.flatMap((value, index) => (Number.isFinite(value) ? [index] : []));
  if (!places.length) return null;
  const latest = places.at(-1);
  const best = (isBetter) => places.reduce((found, place) => (isBetter(values[place], values[found]) ? place : found));
  return {
    latest,
    highest: best((one, other) => one > other),
    lowest: best((one, other) => one < other),
    week: sinceWeek({ xs, values }, latest, step),
  };
}

function sinceWeek({ xs, values }, latest, step) {
  const wanted = xs[latest] - WEEK;
  const reach = Math.min(step ?? 0, DAY) / 2;
  const near = xs.flatMap((x, index) => (Math.abs(x - wanted) <= reach && values[index] !== null ? [index] : []));
  if (!near.length) return null;
  const place = near.reduce((one, other) => (Math.abs(xs[other] - wanted) < Math.abs(xs[one] - wanted) ? other : one));
  const change = values[latest] - values[place];
  return { place, change, share: values[place] > 0 ? change / values[place] : null };
}

/** Texts of an axis' ticks: as short as they are true. null is a tick without text. */
export function tickTexts(ticks) {
  const shown = ticks.filter((tick) => tick !== null);
  const isLong = shown.some((tick) => Math.abs(tick) >= 10_000);
  const unitOf = (tick) => (isLong ? 1000 ** Math.min(4, Math.max(0, Math.floor(Math.log10(Math.abs(tick) || 1) / 3 + 1e-9))) : 1);
  const isTrue = (digits) => shown.every((tick) => {
    const scaled = tick / unitOf(tick);
    return Math.abs(Number(scaled.toFixed(digits)) - scaled) <= 1e-9 * Math.max(1, Math.abs(scaled));
  });
  const digits = [0, 1, 2, 3, 4, 5, 6].find(isTrue) ?? 9;
  const format = new Intl.NumberFormat("en", { notation: isLong ? "compact" : "standard", maximumFractionDigits: digits });
  return ticks.map((tick) => (tick === null ? "" : format.format(tick)));
}

/** The lowest and highest number of some columns; null where there is none. */
export function extent(columns) {
  let [lowest, highest] = [null, null];
  for (const value of columns.flat()) {
    if (!Number.isFinite(value)) continue;
    if (lowest === null || value < lowest) lowest = value;
    if (highest === null || value > highest) highest = value;
  }
  return [lowest, highest];
}

/** How many values a logarithmic axis cannot show. */
export const unfitForLog = (columns) => columns.flat().filter((value) => Number.isFinite(value) && value <= 0).length;

/**
 * The ends of a linear axis. Counts begin at zero; of other units an axis does so where zero is not
 * far from the values.
 * @returns {[number, number]}
 */
export function axisEnds(lowest, highest, isCount) {
  if (lowest === null || highest === null) return [0, 1];
  const room = (highest - lowest) * 0.05 || Math.abs(highest) * 0.05 || 1;
  const hasZero = isCount || (lowest >= 0 && lowest <= highest / 2) || (lowest <= 0 && highest >= 0);
  const low = hasZero ? Math.min(0, lowest) : lowest;
  const high = hasZero ? Math.max(0, highest) : highest;
  return [low === 0 ? 0 : low - room, high === 0 ? (low === 0 ? 1 : 0) : high + room];
}
