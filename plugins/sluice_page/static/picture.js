// A chart as a picture that can be passed on: it says itself what it shows, from where and when.

/* global uPlot */

import { DASHES, colours, optionsOf } from "./chart.js";
import { fileName } from "./csv.js";
import { h } from "./dom.js";
import { save } from "./host.js";

const SHARPNESS = 2; // pixels a CSS pixel
const [WIDTH, HEIGHT] = [1000, 560]; // CSS pixels
const [EDGE, LINE] = [20, 22]; // CSS pixels
const FONT = "system-ui, sans-serif";

/**
 * Saves a figure as PNG.
 * @param {import("./figure.js").Shown} shown
 * @param {{title: string, footer: string, name: string[]}} about of the dataset
 */
export async function savePicture(shown, about) {
  const canvas = await paint(shown, about);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  save(blob, fileName([...about.name, shown.caption], "png"));
}

/** The picture, as a canvas. */
export async function paint({ caption, drawing }, { title, footer }) {
  const ink = colours();
  const canvas = h("canvas", { width: WIDTH * SHARPNESS, height: HEIGHT * SHARPNESS });
  const brush = canvas.getContext("2d");
  brush.fillStyle = ink.ground;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.scale(SHARPNESS, SHARPNESS);
  write(brush, title, { y: EDGE + 16, colour: ink.text, font: `600 18px ${FONT}` });
  write(brush, caption, { y: EDGE + 38, colour: ink.text, font: `14px ${FONT}` });
  const top = drawLegend(brush, drawing.lines, ink, EDGE + 50);
  write(brush, footer, { y: HEIGHT - EDGE / 2, colour: ink.soft, font: `12px ${FONT}` });
  const height = HEIGHT - EDGE - LINE - top;
  brush.drawImage(await plotted(drawing, WIDTH - 2 * EDGE, height), EDGE, top, WIDTH - 2 * EDGE, height);
  return canvas;
}

function write(brush, text, { x = EDGE, y, colour, font }) {
  brush.fillStyle = colour;
  brush.font = font;
  brush.fillText(text, x, y, WIDTH - x - EDGE);
}

/** Draws what each line is; how far down the legend reaches. */
function drawLegend(brush, lines, ink, top) {
  const font = `13px ${FONT}`;
  brush.font = font;
  let [x, y] = [EDGE, top];
  lines.forEach((line) => {
    const name = line.name.length > 40 ? `${line.name.slice(0, 40)}…` : line.name;
    const width = 46 + brush.measureText(name).width;
    if (x > EDGE && x + width > WIDTH - EDGE) [x, y] = [EDGE, y + LINE];
    drawSwatch(brush, line, { x, y: y + 10, ink });
    write(brush, name, { x: x + 42, y: y + 15, colour: ink.text, font });
    x += width + 18;
  });
  return y + LINE + 6;
}

function drawSwatch(brush, { bars, style }, { x, y, ink }) {
  if (bars) {
    brush.fillStyle = ink.bar;
    brush.fillRect(x + 14, y - 6, 8, 12);
    return;
  }
  brush.beginPath();
  brush.strokeStyle = ink.series[style];
  brush.lineWidth = 2;
  brush.setLineDash(DASHES[style]);
  brush.moveTo(x, y);
  brush.lineTo(x + 36, y);
  brush.stroke();
  brush.setLineDash([]);
}

/** The plot alone, drawn anew at the picture's sharpness, whatever the screen's is. */
async function plotted(drawing, width, height) {
  const scale = SHARPNESS / uPlot.pxRatio;
  const place = h("div.unseen", { "aria-hidden": "true" });
  document.body.append(place);
  const options = optionsOf(drawing, { width: width * scale, height: height * scale, scale });
  const plot = await new Promise((done) => {
    new uPlot({ ...options, cursor: { show: false }, hooks: { draw: [done] } }, [drawing.xs, ...drawing.lines.map((line) => line.values)], place);
  });
  const copy = h("canvas", { width: plot.ctx.canvas.width, height: plot.ctx.canvas.height });
  copy.getContext("2d").drawImage(plot.ctx.canvas, 0, 0);
  plot.destroy();
  place.remove();
  return copy;
}
