// The disagreements explorer. Loaded after passages.js.

// --- filters

const disagreements = passages.flatMap((passage, index) => passage[7].map(([kind, names, , pairs], at) => ({ index, at, kind, names, pairs })));
const searchTexts = lazy(() => passages.map(passage => [
  passage[0], passage[1] ?? "", passage[5],
  ...passage[7].flatMap(disagreement => [disagreement[2], ...disagreement[4].map(side => side[1])]), ...passage[8].flatMap(note => note.slice(1)),
].join(" ").toLowerCase()));

const state = { kinds: new Set(), name: "", one: "", other: "", search: "", page: 0, current: -1 };
let found = []; // [passage, its disagreements that match]

const matchingPairs = disagreement => disagreement.pairs.filter(pair => (state.one === "" || pair.includes(state.one)) && (state.other === "" || pair.includes(state.other)));
const filters = {
  kinds: disagreement => !state.kinds.size || state.kinds.has(disagreement.kind),
  name: disagreement => state.name === "" || disagreement.names.includes(state.name),
  pairs: disagreement => matchingPairs(disagreement).length > 0,
  search: disagreement => !state.search || state.search.split(/\s+/).every(word => searchTexts()[disagreement.index].includes(word)),
};
const matches = (disagreement, except) => Object.entries(filters).every(([name, test]) => name === except || test(disagreement));

/** Count the disagreements that each choice of one filter would leave, with all other filters as they are. */
function countChoices(filter, choices) {
  const counts = new Map();
  for (const disagreement of disagreements) {
    if (!matches(disagreement, filter)) continue;
    for (const choice of choices(disagreement)) counts.set(choice, (counts.get(choice) ?? 0) + matchingPairs(disagreement).length);
  }
  return counts;
}

// --- elements

const status = h("p", { class: "status", role: "status" });
const cards = h("div", { class: "cards" });
const empty = h("p", { class: "empty", hidden: true }, "Nothing matches. Clear the search or a filter.");
const previous = h("button", { type: "button", click: () => turnPage(-1) }, "Previous");
const next = h("button", { type: "button", click: () => turnPage(1) }, "Next");
const position = h("span");
const pages = h("div", { class: "pages" }, previous, position, next);
const chips = pageData.kinds.map((kind, at) => h("button", {
  type: "button", class: "chip", "aria-pressed": "false", title: kind.definition,
  click: () => { if (!state.kinds.delete(at)) state.kinds.add(at); applyFilters(); },
}, h("span", { class: "sign", "aria-hidden": "true" }, KIND_SIGNS[kind.name]), h("b", {}, kind.name), " ", h("span", { class: "count" })));

const buildSelect = (label, names, key) => {
  const field = h("select", { change: event => { state[key] = event.target.value === "" ? "" : Number(event.target.value); applyFilters(); } },
    h("option", { value: "" }, "all"), names.map((name, at) => h("option", { value: at }, name)));
  field.key = key;
  return h("label", {}, label, field);
};
const applySoon = debounce(() => applyFilters(), 90);
const search = h("input", { type: "search", placeholder: "words in a sentence or its notes", input: event => { state.search = event.target.value.trim().toLowerCase(); applySoon(); } });
const controls = h("div", { class: "controls", role: "search", "aria-label": "Disagreements" },
  h("label", { class: "search" }, "Search", search), buildSelect("Label, relation or question", pageData.names, "name"),
  buildSelect("Annotator", pageData.annotators, "one"), buildSelect("Against", pageData.annotators, "other"),
  h("button", { type: "button", click: () => clearFilters() }, "Clear"));

function clearFilters() {
  Object.assign(state, { kinds: new Set(), name: "", one: "", other: "", search: "" });
  for (const field of controls.querySelectorAll("input, select")) field.value = "";
  applyFilters();
}

function applyFilters() {
  const byPassage = new Map();
  let total = 0;
  for (const disagreement of disagreements) {
    if (!matches(disagreement)) continue;
    total += matchingPairs(disagreement).length;
    byPassage.set(disagreement.index, [...byPassage.get(disagreement.index) ?? [], disagreement.at]);
  }
  found = [...byPassage];
  Object.assign(state, { page: 0, current: -1 });
  const documents = new Set(found.map(([index]) => passages[index][0])).size;
  const sentences = formatCount(passages.length, "sentence");
  status.textContent = `${formatCount(total, "disagreement")} in ${found.length === passages.length ? sentences : `${formatNumber(found.length)} of ${sentences}`}, ${formatCount(documents, "document")}`;
  updateCounts();
  drawCards();
}

/** Write the counts beside the choices of each filter. */
function updateCounts() {
  const kinds = countChoices("kinds", disagreement => [disagreement.kind]);
  chips.forEach((chip, at) => {
    chip.setAttribute("aria-pressed", state.kinds.has(at));
    chip.querySelector(".count").textContent = formatNumber(kinds.get(at) ?? 0);
  });
  const names = countChoices("name", disagreement => disagreement.names);
  for (const field of controls.querySelectorAll("select")) {
    for (const option of field.options) {
      if (option.value === "") continue;
      const at = Number(option.value);
      if (field.key === "name") {
        option.textContent = `${pageData.names[at]} (${formatNumber(names.get(at) ?? 0)})`;
        option.hidden = !names.has(at) && state.name !== at;
      }
      option.disabled = field.key === "other" && at === state.one;
    }
  }
}

function drawCards(from = state.page * PAGE_SIZE, to = from + PAGE_SIZE) {
  const only = state.one === "" || state.other === "" ? null : [state.one, state.other];
  cards.replaceChildren(...found.slice(from, to).map(([index, selected]) => buildCard(index, selected, only)));
  pages.hidden = found.length <= PAGE_SIZE;
  position.textContent = `${formatNumber(from + 1)}–${formatNumber(Math.min(to, found.length))} of ${formatNumber(found.length)}`;
  previous.disabled = from === 0;
  next.disabled = to >= found.length;
  empty.hidden = found.length > 0;
  drawAllSpans();
}
function turnPage(step) {
  state.page += step;
  state.current = -1;
  drawCards();
  scrollTo({ top: cards.getBoundingClientRect().top + scrollY - 70, behavior: "instant" });
}

addEventListener("beforeprint", () => { setPrinting(true); drawCards(0, PRINT_LIMIT); });
addEventListener("afterprint", () => { setPrinting(false); drawCards(); });

// --- keys

function moveToCard(step) {
  const shown = [...cards.children], at = state.current + step;
  if (at >= shown.length && !next.disabled) { turnPage(1); moveToCard(1); return; }
  if (at < 0 && !previous.disabled) { turnPage(-1); state.current = cards.children.length; moveToCard(-1); return; }
  const card = shown[Math.max(0, Math.min(at, shown.length - 1))];
  if (!card) return;
  state.current = shown.indexOf(card);
  focusCard(shown, card);
}
document.addEventListener("keydown", event => {
  if (hasModifier(event) || event.target.closest("input, select")) return;
  const actions = { j: () => moveToCard(1), k: () => moveToCard(-1), "/": () => search.focus() };
  if (!(event.key in actions)) return;
  actions[event.key]();
  event.preventDefault();
});

byId("explorer").append(
  controls, h("fieldset", { class: "kinds" }, h("legend", {}, "Kind"), chips),
  h("div", { class: "bar sticky" }, status, h("span", { class: "keys" }, h("kbd", {}, "j"), " next, ", h("kbd", {}, "k"), " previous, ", h("kbd", {}, "/"), " search")),
  empty, cards, pages);
applyFilters();
markReady();
