// The library that draws charts is a plain script, which makes the global name uPlot. Views without a
// chart do without it.

import { Unreachable } from "./api.js";
import { h } from "./dom.js";

let loading = null;

/** Loads it and its styles, once; after a failure anew. */
export function loadLibrary() {
  loading ??= Promise.all([
    load("link", { rel: "stylesheet", href: "static/vendor/uPlot.min.css" }),
    load("script", { src: "static/vendor/uPlot.iife.min.js" }),
  ]).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

const load = (tag, traits) => new Promise((done, failed) => {
  const error = () => failed(new Unreachable("The library that draws them cannot be reached from this browser"));
  document.head.append(h(tag, { ...traits, load: done, error }));
});
