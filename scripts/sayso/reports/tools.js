// What the script of every page of Sayso uses. Everything from the corpus becomes text nodes, never markup.
"use strict";

// --- what the page holds as JSON

const parsed = id => JSON.parse(document.getElementById(id).textContent);
const all = name => {
  const rows = [];
  for (let number = 0; document.getElementById(`${name}-${number}`); number++) {
    for (const row of parsed(`${name}-${number}`)) rows.push(row);
  }
  return rows;
};
const later = make => { let made; return () => made ??= make(); };
const loaded = new Promise(done => document.readyState === "loading" ? addEventListener("DOMContentLoaded", done) : done());

// --- small tools

/** An element; attributes that are functions listen, null children are left out. */
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}
const $ = id => document.getElementById(id);
const format = number => number.toLocaleString("en");
const plural = (number, word) => `${format(number)} ${word}${number === 1 ? "" : "s"}`;
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const pause = (work, milliseconds) => { let timer; return () => { clearTimeout(timer); timer = setTimeout(work, milliseconds); }; };
