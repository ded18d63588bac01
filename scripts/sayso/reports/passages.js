// Passages: sentences with every annotator's spans drawn under them. Loaded after tools.js.
// The arrays are documented in passages.py.

const pageData = parseBlock("page-data");
const passages = parseBlocks("passages");
const KIND_SIGNS = { missed: "∅", boundary: "⇔", label: "≠", attribute: "?", nesting: "⊂", relation: "→", answer: "¿" };
const PAGE_SIZE = 25, PRINT_LIMIT = 300, LANE_HEIGHT = 20, TEXT_HEIGHT = 27;

// --- one passage

let cardCount = 0;

/** Build the card of a passage: the disagreements whose indexes are in `selected`, the rows of the annotators in `only`. */
function buildCard(index, selected, only = null) {
  const [docId, title, campaign, pass, start, text, annotators, disagreements, notes] = passages[index];
  const id = `card-${++cardCount}`;
  const spans = h("div", { class: "passage" }, h("p", { class: "passage-text" }, text));
  spans.passage = {
    text,
    annotators: annotators.map(annotator => !only || only.includes(annotator[0]) ? annotator : null),
    disagreements: disagreements.map((disagreement, at) => selected.includes(at) ? disagreement : null),
  };
  const list = h("ul", { class: "disagreements" }, selected.map(at => buildDisagreement(disagreements[at], at, spans)));
  const others = disagreements.length - selected.length;
  const linked = annotators.filter(annotator => pageData.server_url && annotator[2] !== null);
  const tasks = new Map(linked.map(([, project, task]) => [`${pageData.server_url}/projects/${project}/data?task=${task}`, task]));
  return h("article", { class: "card", tabindex: "-1", "aria-labelledby": id, "data-at": index },
    h("header", {}, h("h2", { id }, title ?? docId), title ? h("span", {}, docId) : null, h("span", {}, `from ${formatNumber(start)}`),
      pageData.campaigns.length > 1 ? h("span", {}, pageData.campaigns[campaign]) : null,
      pageData.passes.length > 1 ? h("span", {}, pageData.passes[pass]) : null,
      tasks.size ? h("span", { class: "links" }, [...tasks].map(([url, task], n) => [n ? ", " : "", h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, `Task ${task} in Label Studio`)])) : null),
    spans, list, buildNotes(notes),
    others ? h("p", { class: "others" }, h("button", { type: "button", class: "link", click: event => showAllDisagreements(event, index) }, `${formatCount(others, "other")} in this sentence`)) : null);
}

/** Replace a card by one with every disagreement of its passage, regardless of the filters. */
function showAllDisagreements(event, index) {
  const card = buildCard(index, passages[index][7].map((_, at) => at));
  event.target.closest(".card").replaceWith(card);
  drawSpans(card.querySelector(".passage"));
  card.focus({ preventScroll: true });
}

function buildLabel(name) {
  const label = pageData.labels.indexOf(pageData.names[name]);
  return h("span", { class: `label ${label >= 0 ? `label-${label}` : ""}` }, pageData.names[name]);
}

function buildDisagreement([kind, names, detail, pairs, sides], index, spans) {
  const { name, definition } = pageData.kinds[kind];
  const isExtra = name === "missed" && pageData.extra_name && sides.at(-1)[1].startsWith("nothing");
  const highlight = on => () => {
    spans.classList.toggle("highlighting", on);
    for (const element of spans.querySelectorAll("[data-disagreements]")) {
      element.classList.toggle("highlighted", on && element.dataset.disagreements.split(" ").includes(String(index)));
    }
  };
  const annotatorNames = annotators => annotators.map(annotator => pageData.annotators[annotator]).join(", ");
  return h("li", { pointerenter: highlight(true), pointerleave: highlight(false) },
    h("p", { class: "disagreement-head" },
      h("span", { class: "kind", title: definition }, h("span", { class: "sign", "aria-hidden": "true" }, KIND_SIGNS[name]), isExtra ? pageData.extra_name : name),
      h("span", {}, names.map(buildLabel)), detail ? h("span", { class: "detail" }, detail) : null,
      pairs.length > 1 ? h("span", { class: "pairs" }, formatCount(pairs.length, "pair")) : null),
    h("dl", { class: "sides" }, sides.map(([annotators, text]) => [h("dt", {}, annotatorNames(annotators)), h("dd", { class: text.startsWith("nothing") ? "nothing" : null }, text)])));
}

function buildNotes(notes) {
  if (!notes.length) return null;
  return h("ul", { class: "notes" }, notes.map(([annotator, quote, flag, note]) => h("li", {},
    h("span", { class: "note-author" }, pageData.annotators[annotator]), quote ? ` on ${quote}: ` : " on the document: ",
    flag ? [h("span", { class: "flag" }, flag), " "] : null, note)));
}

// --- spans under their words

/** Map code point offsets to UTF-16 offsets; the last entry is the length of the text. */
function utf16Offsets(text) {
  const offsets = [0];
  for (const point of text) offsets.push(offsets[offsets.length - 1] + point.length);
  return offsets;
}

/** Lay out each annotator's spans and gaps in lanes, outer spans above the spans inside them. */
function layOutRows({ annotators, disagreements }) {
  return annotators.map((annotator, row) => {
    if (!annotator) return null;
    const mentioning = mention => disagreements.flatMap((disagreement, at) =>
      disagreement?.[4].some(side => side[2].some(([r, m]) => r === row && m === mention)) ? [at] : []);
    const values = indexes => indexes.flatMap(at => disagreements[at][4].filter(side => side[0].includes(annotator[0]) && side[3]).map(side => side[3]));
    const items = annotator[3].map(([start, end, label, attributes], mention) => {
      const indexes = mentioning(mention);
      return { start, end, label, attributes, disagreements: indexes, values: values(indexes) };
    });
    disagreements.forEach((disagreement, at) => {
      for (const [r, start, end] of disagreement?.[5] ?? []) if (r === row) items.push({ start, end, gap: true, disagreements: [at] });
    });
    items.sort((a, b) => a.start - b.start || b.end - a.end || Number(a.gap ?? 0) - Number(b.gap ?? 0));
    const laneEnds = [];
    for (const item of items) {
      let lane = laneEnds.findIndex(end => end <= item.start);
      if (lane < 0) lane = laneEnds.push(0) - 1;
      laneEnds[lane] = item.end;
      item.lane = lane;
    }
    return { name: pageData.annotators[annotator[0]], items, lanes: Math.max(laneEnds.length, 1) };
  });
}

/** Draw the rows of a passage under each line of its text, as the browser has broken the lines now. */
function drawSpans(element) {
  const paragraph = element.firstElementChild, node = paragraph.firstChild;
  const rows = layOutRows(element.passage).filter(Boolean);
  const height = rows.reduce((sum, row) => sum + row.lanes, 0) * LANE_HEIGHT + rows.length * 3 + 6;
  paragraph.style.lineHeight = `${TEXT_HEIGHT + height}px`;
  paragraph.style.top = `${-height / 2}px`;
  for (const old of [...element.children].slice(1)) old.remove();
  const origin = element.getBoundingClientRect(), edges = paragraph.getBoundingClientRect(), offsets = utf16Offsets(element.passage.text);
  const boxes = (start, end) => {
    const range = document.createRange();
    range.setStart(node, offsets[start]);
    range.setEnd(node, offsets[end]);
    return [...range.getClientRects()].filter(box => box.width > 0.5);
  };
  const lines = [...new Set(boxes(0, offsets.length - 1).map(box => Math.round(box.bottom - origin.top)))].sort((a, b) => a - b)
    .filter((top, at, list) => !at || top - list[at - 1] > TEXT_HEIGHT / 2);
  const lineOf = box => lines.reduce((best, top) => Math.abs(top - box.bottom + origin.top) < Math.abs(best - box.bottom + origin.top) ? top : best, lines[0]);
  /** One box per line that a span runs through; white space that hangs over the right edge is dropped. */
  const boxesByLine = (start, end) => {
    const byLine = new Map();
    for (const box of boxes(start, end)) {
      const line = lineOf(box), known = byLine.get(line);
      byLine.set(line, { left: Math.min(box.left, known?.left ?? box.left), right: Math.max(Math.min(box.right, edges.right), known?.right ?? 0) });
    }
    return [...byLine].filter(([, box]) => box.right - box.left > 0.5);
  };
  const pieces = [];
  const place = (piece, x, y, width) => {
    piece.style.top = `${y}px`;
    if (x !== null) piece.style.left = `${x}px`;
    if (width) piece.style.width = `${width}px`;
    pieces.push(piece);
  };
  let top = 2;
  for (const row of rows) {
    for (const line of lines) {
      place(h("span", { class: "row-line" }), edges.left - origin.left, line + top - 2);
      place(h("span", { class: "row-name", title: row.name }, row.name), null, line + top + 1);
    }
    for (const item of row.items) {
      const parts = boxesByLine(item.start, item.end);
      parts.forEach(([line, box], at) => {
        const piece = item.gap ? h("span", { class: "gap" }) : buildSpan(item, at, parts.length);
        piece.dataset.disagreements = item.disagreements.join(" ");
        place(piece, box.left - origin.left, line + top + item.lane * LANE_HEIGHT, box.right - box.left);
      });
    }
    top += row.lanes * LANE_HEIGHT + 3;
  }
  element.append(h("div", { "aria-hidden": "true" }, pieces));
}

const buildSpan = ({ label, attributes, values, disagreements }, part, parts) => h("span", {
  class: `span label-${label} ${disagreements.length ? "differs" : ""} ${part < parts - 1 ? "continues" : ""} ${part ? "continued" : ""}`,
  title: `${pageData.labels[label]}${attributes ? `: ${attributes}` : ""}`,
}, part ? "…" : [pageData.labels[label], values.length ? h("span", { class: "value" }, ` ${values.join(" · ")}`) : null]);

const drawAllSpans = () => { for (const element of document.querySelectorAll(".passage")) if (element.offsetParent) drawSpans(element); };
let drawnWidth = innerWidth;
addEventListener("resize", debounce(() => { if (innerWidth !== drawnWidth) { drawnWidth = innerWidth; drawAllSpans(); } }, 60));
const setPrinting = on => document.documentElement.classList.toggle("printing", on);

// --- keys

/** Make one of the cards the current one. */
function focusCard(cards, card) {
  for (const each of cards) each.classList.toggle("current", each === card);
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "start", behavior: reducedMotion.matches ? "auto" : "smooth" });
}
const hasModifier = event => event.ctrlKey || event.metaKey || event.altKey;
const markReady = () => document.fonts.ready.then(() => { document.documentElement.dataset.ready = "yes"; });
