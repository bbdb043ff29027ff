// The library that draws charts is a plain script, which makes the global name uPlot. Who imports this
// module has it, and its styles.

import { h } from "./dom.js";

const addressOf = (file) => new URL(`./vendor/${file}`, import.meta.url).href;

const load = (tag, traits) => new Promise((done, failed) => {
  document.head.append(h(tag, { ...traits, load: done, error: failed }));
});

await Promise.all([
  load("link", { rel: "stylesheet", href: addressOf("uPlot.min.css") }),
  load("script", { src: addressOf("uPlot.iife.min.js") }),
]);
