// Shared by the scripts of all pages. Text from the corpus becomes text nodes, never markup.
"use strict";

// --- JSON blocks of the page

const parseBlock = id => JSON.parse(document.getElementById(id).textContent);
const parseBlocks = name => {
  const rows = [];
  for (let number = 0; document.getElementById(`${name}-${number}`); number++) {
    for (const row of parseBlock(`${name}-${number}`)) rows.push(row);
  }
  return rows;
};
const lazy = build => { let value; return () => value ??= build(); };
const pageLoaded = new Promise(resolve => document.readyState === "loading" ? addEventListener("DOMContentLoaded", resolve) : resolve());

// --- small tools

/** Create an element. Function attributes become event listeners; null children are skipped. */
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
const byId = id => document.getElementById(id);
const formatNumber = number => number.toLocaleString("en");
/** Format a number with a noun, or with [noun, plural]. */
const formatCount = (number, noun) => {
  const [one, many] = Array.isArray(noun) ? noun : [noun, `${noun}s`];
  return `${formatNumber(number)} ${number === 1 ? one : many}`;
};
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const debounce = (callback, milliseconds) => { let timer; return () => { clearTimeout(timer); timer = setTimeout(callback, milliseconds); }; };
