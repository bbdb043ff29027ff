// Rejected rows of the last runs, a bar a run, piled up by reason.

import { foreign, h, svg } from "./dom.js";
import { count, moment } from "./format.js";

const MOST_CODES = 5;
const [WIDTH, GAP, HEIGHT] = [16, 4, 96];
const OTHERS = "others";

/** Bars of rejects by reason, with a legend. The table beside it has the numbers. */
export function stacked(runs, codes) {
  const drawn = codes.length > MOST_CODES + 1 ? [...codes.slice(0, MOST_CODES), OTHERS] : codes;
  const piles = runs.map((run) => pileOf(run.rejects_by_code ?? {}, drawn)).reverse();
  const highest = Math.max(...piles.map((pile) => pile.reduce((sum, rows) => sum + rows, 0)));
  if (!highest) return null;
  const width = runs.length * (WIDTH + GAP);
  const bars = piles.map((pile, index) => barOf(pile, { run: runs.at(-1 - index), left: index * (WIDTH + GAP), highest, drawn }));
  const most = `at most ${count(highest, "row")} in one`;
  return h("figure.bars", {},
    svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `Rejected rows of the last ${count(runs.length, "run")}, the newest at the right: ${most}` }, bars),
    h("figcaption", {}, drawn.map((code, index) => h("span.legend", {}, swatch(index), foreign(code))), h("span.soft", {}, `last ${count(runs.length, "run")}, ${most}`)));
}

function pileOf(byCode, drawn) {
  const known = new Set(drawn);
  const rest = Object.entries(byCode).reduce((sum, [code, rows]) => sum + (known.has(code) ? 0 : rows), 0);
  return drawn.map((code) => (code === OTHERS ? rest : byCode[code] ?? 0));
}

function barOf(pile, { run, left, highest, drawn }) {
  let below = 0;
  const told = drawn.map((code, index) => `${code} ${pile[index]}`).filter((_, index) => pile[index]).join(", ");
  const parts = pile.map((rows, index) => {
    const high = (rows / highest) * (HEIGHT - 2);
    below += high;
    return rows ? svg(`rect.series-${index + 1}`, { x: left, y: HEIGHT - 2 - below, width: WIDTH, height: Math.max(1, high) }) : null;
  });
  return svg("g", {}, svg("title", {}, `${moment(run.finished_at)}: ${told || "none"}`),
    svg("rect.ground", { x: left, y: HEIGHT - 1, width: WIDTH, height: 1 }), parts);
}

const swatch = (index) => svg("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, svg(`rect.series-${index + 1}`, { width: 12, height: 12 }));
