// Galleries: filter, sort, switch between maps. Without it all cards are shown with the first method.
const MARKS = { right: "✓ right", wrong: "✗ wrong", unlabelled: "? no label" };
const ORDERS = [
  ["", "given order"],
  ["confident-first", "most confident first"],
  ["confident-last", "least confident first"],
];
const WAYS = { "confident-first": -1, "confident-last": 1 };
const SETTINGS = ["mark", "predicted", "true", "order", "map", "opacity", "photo", "image"];

const prepare = (gallery, k) => {
  gallery.dataset.ready = "1";
  const name = namer(gallery, k, SETTINGS);
  const list = gallery.querySelector(".cards");
  const cards = [...list.children];
  const layers = JSON.parse(gallery.dataset.methods);
  const { filters, count, empty } = filtering(cards, name);
  const order = cards.length > 1 ? [sorting(list, cards, name("order"))] : [];
  const maps = layers.length ? [...switches(gallery, layers, name("map")), ...laid(gallery, name)] : [];
  gallery.prepend(
    make("div", { className: "tools" }, ...filters, ...order, make("div", { className: "layers" }, ...maps, count)),
  );
  list.after(empty);
  list.onclick = event => {
    const card = event.target.closest(".card");
    if (card) enlarge(card);
  };
  const image = cards => value => {
    const card = cards.find(one => one.querySelector(".id").textContent === value);
    if (card) enlarge(card);
    else if (dialog?.open) dialog.close();
  };
  remember(name("image"), image(cards));
  gallery.setting = name;
};

// The filters that these cards have a use for, the line that counts what is left, and what stands where nothing is.
const filtering = (cards, name) => {
  const wanted = { mark: "", predicted: "", true: "" };
  const count = make("output");
  const reset = () => filters.forEach(one => one.set(""));
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
    chosen(name(key), value);
  };
  const found = key => [...new Set(cards.map(card => card.dataset[key]))].filter(Boolean).sort();
  const marks = Object.entries(MARKS).filter(([mark]) => found("mark").includes(mark));
  const filters = [];
  const add = (key, filter) => {
    filters.push(filter);
    remember(name(key), filter.set);
  };
  if (marks.length > 1) add("mark", chips("Right or wrong", "", [["", "all"], ...marks], choose("mark")));
  for (const key of ["predicted", "true"])
    if (found(key).length > 1) add(key, classes(`${key} class`, key, found(key), choose(key)));
  apply();
  return { filters, count, empty };
};

const chips = (label, told, entries, choose) => {
  const buttons = choices(entries, choose);
  return Object.assign(group(label, told, buttons), { set: buttons.set });
};

const classes = (label, key, names, choose) => {
  if (short(names, 3)) return chips(label, key, [["", "any"], ...names.map(name => [name, name])], choose);
  return select(label, [["", `any ${label}`], ...names.map(name => [name, `${key}: ${name}`])], choose);
};

const sorting = (list, cards, setting) => {
  const sorted = way => [...cards].sort((a, b) => way * (a.dataset.confidence - b.dataset.confidence));
  const box = select("Order", ORDERS, order => {
    list.append(...(order ? sorted(WAYS[order]) : cards));
    chosen(setting, order);
  });
  remember(setting, box.set);
  return box;
};

// Methods, and beside them baselines: one of them all is shown.
const switches = (gallery, layers, setting) => {
  const pick = name => {
    gallery.dataset.m = layers.indexOf(name);
    chosen(setting, name === layers[0] ? "" : name);
  };
  const set = value => control.set(value || layers[0]);
  remember(setting, value => layers.length > 1 && set(value));
  if (layers.length < 2) return [];
  const methods = layers.length - gallery.dataset.controls;
  const told = layers.map((name, k) => [name, k < methods ? name : `baseline: ${name}`]);
  const control = short(layers, 7) ? choices(layers.map(name => [name, name]), pick) : select("Map", told, pick);
  if (!Array.isArray(control)) return [control];
  const baselines = group("Baselines: maps that do not use the model", "baselines", control.slice(methods));
  return [group("Method", "map", control.slice(0, methods)), ...(methods < layers.length ? [baselines] : [])];
};

document.querySelectorAll(".gallery:not([data-ready])").forEach(prepare);
