// Galleries: filter, sort, switch between maps. Without it all cards are shown with the first method.
const MARKS = { right: "✓ right", wrong: "✗ wrong", unlabelled: "? no label" };
const ORDERS = [
  ["0", "given order"],
  ["-1", "surest first"],
  ["1", "least sure first"],
];

const prepare = gallery => {
  gallery.dataset.ready = "1";
  const list = gallery.querySelector(".cards");
  const cards = [...list.children];
  const layers = JSON.parse(gallery.dataset.methods);
  const { filters, count, empty } = filtering(cards);
  const maps = layers.length ? [...switches(gallery, layers), ...laid(gallery)] : [];
  const order = cards.length > 1 ? [sorting(list, cards)] : [];
  gallery.prepend(
    make("div", { className: "tools" }, ...filters, ...order, make("div", { className: "layers" }, ...maps, count)),
  );
  list.after(empty);
  list.onclick = event => {
    const card = event.target.closest(".card");
    if (card) enlarge(card);
  };
};

// The filters that these cards have a use for, the line that counts what is left, and what stands where nothing is.
const filtering = cards => {
  const wanted = { mark: "", predicted: "", true: "" };
  const count = make("output");
  const reset = () => filters.forEach(one => one.reset());
  const empty = make("p", { className: "none-left" }, "No sample fits these filters.", button("Show all", reset));
  const apply = () => {
    for (const card of cards) card.hidden = Object.keys(wanted).some(k => wanted[k] && card.dataset[k] !== wanted[k]);
    const left = cards.filter(card => !card.hidden).length;
    count.value = `${left} of ${cards.length} shown`;
    empty.hidden = left > 0;
  };
  const choose = key => value => {
    wanted[key] = value;
    apply();
  };
  const found = key => [...new Set(cards.map(card => card.dataset[key]))].filter(Boolean).sort();
  const marks = Object.entries(MARKS).filter(([mark]) => found("mark").includes(mark));
  const filters = marks.length > 1 ? [chips("Right or wrong", "", [["", "all"], ...marks], choose("mark"))] : [];
  for (const key of ["predicted", "true"])
    if (found(key).length > 1) filters.push(classes(`${key} class`, key, found(key), choose(key)));
  apply();
  return { filters, count, empty };
};

const chips = (label, told, entries, choose) => {
  const buttons = choices(entries, choose);
  return Object.assign(group(label, told, buttons), { reset: () => buttons[0].click() });
};

const classes = (label, key, names, choose) => {
  if (short(names, 3)) return chips(label, key, [["", "any"], ...names.map(name => [name, name])], choose);
  const box = select(label, [["", `any ${label}`], ...names.map(name => [name, `${key}: ${name}`])], choose);
  const reset = () => {
    box.value = "";
    box.onchange();
  };
  return Object.assign(box, { reset });
};

const sorting = (list, cards) => {
  const sorted = way => [...cards].sort((a, b) => way * (a.dataset.confidence - b.dataset.confidence));
  return select("Order", ORDERS, way => list.append(...(+way ? sorted(+way) : cards)));
};

// Methods, and beside them controls: one of them all is shown.
const switches = (gallery, layers) => {
  if (layers.length < 2) return [];
  const methods = layers.length - gallery.dataset.controls;
  const entries = layers.map((name, k) => [String(k), name]);
  const pick = k => {
    gallery.dataset.m = k;
  };
  const told = ([k, name]) => [k, k < methods ? name : `control: ${name}`];
  if (!short(layers, 7)) return [select("Map", entries.map(told), pick)];
  const buttons = choices(entries, pick);
  const controls = group("Controls: maps that know nothing of the model", "controls", buttons.slice(methods));
  return [group("Method", "map", buttons.slice(0, methods)), ...(methods < layers.length ? [controls] : [])];
};

document.querySelectorAll(".gallery:not([data-ready])").forEach(prepare);
