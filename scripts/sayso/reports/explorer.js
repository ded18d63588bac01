// The explorer, after staff.js.

// --- what stands on the page, as lines that are looked through

/** Every line once: {passage, line, kind, names, pairs, words}. */
const lines = passages.flatMap((passage, at) => passage[7].map((line, place) => ({
  at, place, kind: line[0], names: line[1], pairs: line[3],
})));
const heard = later(() => passages.map(passage => [
  passage[0], passage[1] ?? "", passage[5],
  ...passage[7].flatMap(line => [line[2], ...line[4].map(side => side[1])]), ...passage[8].flatMap(note => note.slice(1)),
].join(" ").toLowerCase()));

const state = { kinds: new Set(), name: "", one: "", other: "", search: "", page: 0, now: -1 };
let found = []; // [passage, its lines that fit]

const within = (pairs, one, other) => pairs.filter(pair => (one === "" || pair.includes(one)) && (other === "" || pair.includes(other)));
const tests = {
  kinds: line => !state.kinds.size || state.kinds.has(line.kind),
  name: line => state.name === "" || line.names.includes(state.name),
  pairs: line => within(line.pairs, state.one, state.other).length > 0,
  search: line => !state.search || state.search.split(/\s+/).every(word => heard()[line.at].includes(word)),
};
const fits = (line, but) => Object.entries(tests).every(([name, test]) => name === but || test(line));
const weigh = line => within(line.pairs, state.one, state.other).length;

/** How many disagreements each choice of one filter would leave, all others as they are. */
function counted(filter, choices) {
  const counts = new Map();
  for (const line of lines) {
    if (fits(line, filter)) for (const choice of choices(line)) counts.set(choice, (counts.get(choice) ?? 0) + weigh(line));
  }
  return counts;
}

// --- the page

const status = h("p", { class: "status", role: "status" });
const cards = h("div", { class: "cards" });
const none = h("p", { class: "empty", hidden: true }, "Nothing fits. Clear the search or a filter.");
const before = h("button", { type: "button", click: () => leaf(-1) }, "Previous");
const after = h("button", { type: "button", click: () => leaf(1) }, "Next");
const place = h("span");
const pages = h("div", { class: "pages" }, before, place, after);
const chips = facts.kinds.map((kind, at) => h("button", {
  type: "button", class: "chip", "aria-pressed": "false", title: kind.means,
  click: () => { if (!state.kinds.delete(at)) state.kinds.add(at); choose(); },
}, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind.name]), h("b", {}, kind.name), " ", h("span", { class: "count" })));

const select = (label, list, key) => {
  const field = h("select", { change: event => { state[key] = event.target.value === "" ? "" : Number(event.target.value); choose(); } },
    h("option", { value: "" }, "all"), list.map((name, at) => h("option", { value: at }, name)));
  field.key = key;
  return h("label", {}, label, field);
};
const soon = pause(() => choose(), 90);
const search = h("input", { type: "search", placeholder: "words that all stand in a sentence or its notes", input: event => { state.search = event.target.value.trim().toLowerCase(); soon(); } });
const controls = h("div", { class: "controls", role: "search", "aria-label": "Disagreements" },
  h("label", { class: "search" }, "Search", search), select("Label or relation", facts.names, "name"),
  select("Annotator", facts.annotators, "one"), select("Against", facts.annotators, "other"),
  h("button", { type: "button", click: () => clear() }, "Clear"));

function clear() {
  Object.assign(state, { kinds: new Set(), name: "", one: "", other: "", search: "" });
  for (const field of controls.querySelectorAll("input, select")) field.value = "";
  choose();
}

function choose() {
  const by = new Map();
  let total = 0;
  for (const line of lines) {
    if (!fits(line)) continue;
    total += weigh(line);
    if (by.has(line.at)) by.get(line.at).push(line); else by.set(line.at, [line]);
  }
  found = [...by];
  Object.assign(state, { page: 0, now: -1 });
  const documents = new Set(found.map(([at]) => passages[at][0])).size;
  const passed = found.length === passages.length ? plural(found.length, "sentence") : `${format(found.length)} of ${plural(passages.length, "sentence")}`;
  status.textContent = `${plural(total, "disagreement")} in ${passed}, ${plural(documents, "document")}`;
  tell();
  draw();
}

/** Put the counts beside the choices. */
function tell() {
  const kinds = counted("kinds", line => [line.kind]);
  chips.forEach((chip, at) => {
    chip.setAttribute("aria-pressed", state.kinds.has(at));
    chip.querySelector(".count").textContent = format(kinds.get(at) ?? 0);
  });
  const people = key => line => new Set(line.pairs.flatMap(pair => key === "other" && state.one !== "" && !pair.includes(state.one) ? [] : pair).filter(one => key === "one" || one !== state.one));
  const lists = { name: counted("name", line => line.names), one: counted("pairs", people("one")), other: counted("pairs", people("other")) };
  const names = { name: facts.names, one: facts.annotators, other: facts.annotators };
  for (const field of controls.querySelectorAll("select")) {
    for (const option of field.options) {
      if (option.value === "") continue;
      const at = Number(option.value), count = lists[field.key].get(at) ?? 0;
      option.textContent = field.key === "name" ? `${names.name[at]} (${format(count)})` : names[field.key][at];
      option.hidden = field.key === "name" && !count && state.name !== at;
      option.disabled = field.key === "other" && at === state.one;
    }
  }
}

/** Where two annotators are chosen, only their rows. */
const both = () => state.one === "" || state.other === "" ? null : [state.one, state.other];

function draw(from = state.page * PAGE, to = from + PAGE) {
  cards.replaceChildren(...found.slice(from, to).map(([at, mine]) => card(at, mine.map(line => line.place), both())));
  pages.hidden = found.length <= PAGE;
  place.textContent = `${format(from + 1)}–${format(Math.min(to, found.length))} of ${format(found.length)}`;
  before.disabled = from === 0;
  after.disabled = to >= found.length;
  none.hidden = found.length > 0;
  layAll();
}
function leaf(step) {
  state.page += step;
  state.now = -1;
  draw();
  scrollTo({ top: cards.getBoundingClientRect().top + scrollY - 70, behavior: "instant" });
}

addEventListener("beforeprint", () => { onPaper(true); draw(0, PRINTED); });
addEventListener("afterprint", () => { onPaper(false); draw(); });

// --- keys

function go(step) {
  const shown = [...cards.children];
  const next = state.now + step;
  if (next >= shown.length && !after.disabled) { leaf(1); go(1); return; }
  if (next < 0 && !before.disabled) { leaf(-1); state.now = cards.children.length; go(-1); return; }
  const to = shown[Math.max(0, Math.min(next, shown.length - 1))];
  if (!to) return;
  for (const each of shown) each.classList.toggle("now", each === to);
  state.now = shown.indexOf(to);
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  const moves = { j: () => go(1), k: () => go(-1), "/": () => search.focus() };
  if (!(event.key in moves)) return;
  moves[event.key]();
  event.preventDefault();
});

$("explorer").append(
  controls, h("fieldset", { class: "kinds" }, h("legend", {}, "Kind"), chips),
  h("div", { class: "bar stick" }, status, h("span", { class: "keys" }, h("kbd", {}, "j"), " next, ", h("kbd", {}, "k"), " previous, ", h("kbd", {}, "/"), " search")),
  none, cards, pages);
choose();
document.fonts.ready.then(() => { document.documentElement.dataset.ready = "yes"; });
