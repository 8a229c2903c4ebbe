// Galleries: filter, sort, switch between maps, opacity, enlargement. Word strips: step, opacity. Without this script all
// cards are shown with the first method, and words are chosen by their own buttons.
// Figures and tables wider than the window scroll in their own box: `cut` says so, `more` shades the edge.
(() => {
  const make = (tag, props = {}, ...inside) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...inside);
    return node;
  };
  const button = (text, onclick) => make("button", { type: "button", textContent: text, onclick });
  const pressed = (buttons, one) => buttons.forEach(b => b.setAttribute("aria-pressed", b === one));
  const group = (label, told, buttons) => {
    const box = make("div", { className: "chips" }, ...(told ? [make("span", { textContent: told })] : []), ...buttons);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    return box;
  };
  const choices = (entries, choose) => {
    const buttons = entries.map(([value, text]) => { const b = button(text, () => { pressed(buttons, b); choose(value); }); return b; });
    pressed(buttons, buttons[0]);
    return buttons;
  };
  const select = (label, entries, choose) => {
    const box = make("select", { title: label }, ...entries.map(([value, text]) => new Option(text, value)));
    box.setAttribute("aria-label", label);
    box.onchange = () => choose(box.value);
    return box;
  };
  const short = (names, most) => names.length <= most && names.join("").length < 48;

  // How maps are laid over photos, for all of a gallery or of a page's strips.
  function laid(box) {
    const slider = make("input", { type: "range", min: 0, max: 1, step: 0.05, value: box.dataset.opacity });
    slider.oninput = () => {
      box.style.setProperty("--o", slider.value);
      slider.setAttribute("aria-valuetext", `${Math.round(100 * slider.value)} %`);
    };
    slider.oninput();
    const photo = make("input", { type: "checkbox" });
    photo.onchange = () => box.classList.toggle("photo-only", photo.checked);
    return [make("label", {}, "opacity", slider), make("label", {}, photo, "photo only")];
  }

  function prepare(gallery) {
    gallery.dataset.ready = "1";
    const list = gallery.querySelector(".cards"), cards = [...list.children], layers = JSON.parse(gallery.dataset.methods);
    const methods = layers.length - gallery.dataset.controls, tools = make("div", { className: "tools" });
    const wanted = { mark: "", predicted: "", true: "" }, count = make("output");
    const filters = [], reset = () => filters.forEach(one => one.reset());
    const empty = make("p", { className: "none-left" }, "No sample fits these filters.", button("Show all", reset));
    const apply = () => {
      for (const c of cards) c.hidden = Object.keys(wanted).some(k => wanted[k] && c.dataset[k] !== wanted[k]);
      const left = cards.filter(c => !c.hidden).length;
      count.value = `${left} of ${cards.length} shown`;
      empty.hidden = left > 0;
    };
    const filter = key => value => { wanted[key] = value; apply(); };
    const found = key => [...new Set(cards.map(c => c.dataset[key]))].filter(Boolean).sort();
    const marks = Object.entries({ right: "✓ right", wrong: "✗ wrong", unlabelled: "? no label" }).filter(([m]) => found("mark").includes(m));
    const chips = (label, told, key, entries) => {
      const buttons = choices(entries, filter(key)), box = group(label, told, buttons);
      box.reset = () => buttons[0].click();
      return box;
    };
    const picks = (label, key, entries) => {
      const box = select(label, entries, filter(key));
      box.reset = () => { box.value = ""; box.onchange(); };
      return box;
    };
    if (marks.length > 1) filters.push(chips("Right or wrong", "", "mark", [["", "all"], ...marks]));
    for (const key of ["predicted", "true"]) {
      const names = found(key);
      if (names.length < 2) continue;
      if (short(names, 3)) filters.push(chips(`${key} class`, key, key, [["", "any"], ...names.map(n => [n, n])]));
      else filters.push(picks(`${key} class`, key, [["", `any ${key} class`], ...names.map(n => [n, `${key}: ${n}`])]));
    }
    tools.append(...filters);
    if (cards.length > 1) tools.append(select("Order", [["0", "given order"], ["-1", "surest first"], ["1", "least sure first"]],
      way => list.append(...(+way ? [...cards].sort((a, b) => way * (a.dataset.confidence - b.dataset.confidence)) : cards))));
    tools.append(make("div", { className: "layers" }, ...(layers.length ? [...switches(gallery, layers, methods), ...laid(gallery)] : []), count));
    gallery.prepend(tools);
    list.after(empty);
    apply();
    list.onclick = event => { const card = event.target.closest(".card"); if (card) enlarge(card); };
  }

  // Methods, and beside them controls: one of them all is shown.
  function switches(gallery, layers, methods) {
    if (layers.length < 2) return [];
    const entries = layers.map((name, k) => [String(k), name]), pick = k => { gallery.dataset.m = k; };
    if (!short(layers, 7)) return [select("Map", entries.map(([k, name]) => [k, k < methods ? name : `control: ${name}`]), pick)];
    const buttons = choices(entries, pick);
    const controls = group("Controls: maps that know nothing of the model", "controls", buttons.slice(methods));
    return [group("Method", "map", buttons.slice(0, methods)), ...(methods < layers.length ? [controls] : [])];
  }

  function walk(strips) {
    strips.dataset.ready = "1";
    strips.prepend(make("div", { className: "tools" }, ...laid(strips)));
    for (const strip of strips.querySelectorAll(".strip")) {
      const words = [...strip.querySelectorAll("input")], place = make("output");
      const chosen = () => words.findIndex(word => word.checked);
      const tell = () => { place.value = `${chosen() + 1} of ${words.length}: ${words[chosen()].labels[0].textContent}`; };
      const step = by => { words[(chosen() + by + words.length) % words.length].checked = true; tell(); };
      const go = (text, label, by) => { const b = button(text, () => step(by)); b.setAttribute("aria-label", label); return b; };
      strip.querySelector(".steps").after(make("div", { className: "walk" }, go("←", "Word before", -1), go("→", "Next word", 1), place));
      strip.addEventListener("change", tell);
      tell();
    }
  }

  let dialog, current;
  function build() {
    const said = make("div", {}, make("div", { className: "said" }), make("p", { className: "about" }));
    const before = button("←", () => step(-1)), after = button("→", () => step(1));
    before.setAttribute("aria-label", "Sample before");
    after.setAttribute("aria-label", "Next sample");
    said.setAttribute("role", "status");
    dialog = make("dialog", { className: "sy-lb" }, make("div", { className: "view" }), make("p", { className: "legend" }), said, make("div", { className: "bar" }, before, after,
      make("span"), make("button", { type: "button", className: "alone", textContent: "Photo only (R)", onclick: photo }),
      make("button", { type: "button", className: "which", onclick: method }), button("Close (Esc)", () => dialog.close())));
    dialog.setAttribute("aria-label", "Enlarged sample");
    const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), r: photo, m: method };
    dialog.addEventListener("keydown", event => {
      const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
    });
    dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => current?.querySelector(".zoom").focus());
    document.body.append(dialog);
  }
  const layers = () => JSON.parse(current.closest(".gallery").dataset.methods);
  const photo = () => { dialog.querySelector(".view").classList.toggle("photo-only"); tell(); };
  const next = () => (+dialog.dataset.m + 1) % (layers().length || 1);
  const method = () => { dialog.dataset.m = next(); tell(); };
  const step = by => {
    let card = current;
    do card = by > 0 ? card.nextElementSibling : card.previousElementSibling; while (card?.hidden);
    if (card) enlarge(card);
  };
  function tell() {
    const shown = [...current.parentNode.children].filter(c => !c.hidden), layer = current.querySelector(`g.m${dialog.dataset.m}`);
    const caption = [...current.querySelectorAll(".true,.word,.id")].map(node => node.textContent), which = dialog.querySelector(".which");
    dialog.querySelector(".about").textContent = [...caption, layer?.dataset.note].filter(Boolean).join(" · ");
    dialog.querySelector(".bar span").textContent = `${shown.indexOf(current) + 1} / ${shown.length}`;
    dialog.querySelector(".alone").setAttribute("aria-pressed", dialog.querySelector(".view").classList.contains("photo-only"));
    which.hidden = layers().length < 2;
    which.textContent = `Next: ${layers()[next()]} (M)`;
  }
  function enlarge(card) {
    if (!dialog) build();
    current = card;
    const gallery = card.closest(".gallery");
    if (!dialog.open) { dialog.dataset.m = gallery.dataset.m; dialog.querySelector(".view").className = "view"; }
    dialog.style.setProperty("--o", gallery.style.getPropertyValue("--o"));
    dialog.classList.toggle("wrong", card.dataset.mark === "wrong");
    dialog.classList.toggle("right", card.dataset.mark === "right");
    dialog.querySelector(".view").replaceChildren(card.querySelector(".stack").cloneNode(true));
    dialog.querySelector(".legend").replaceChildren(...gallery.querySelector(".legend").cloneNode(true).childNodes);
    dialog.querySelector(".said").replaceChildren(...card.querySelector(".said").cloneNode(true).childNodes);
    tell();
    if (!dialog.open) dialog.showModal();
  }

  // A figure, large; its keys are those of a scrolling box and Esc.
  function large(figure) {
    const view = make("div", { className: "view", tabIndex: 0 }, figure.querySelector(".sheet").cloneNode(true));
    const shown = make("dialog", { className: "sy-lb sy-figure" }, view, make("div", { className: "bar" }, make("span"), button("Close (Esc)", () => shown.close())));
    shown.setAttribute("aria-label", "Enlarged figure");
    view.setAttribute("role", "group");
    view.setAttribute("aria-label", "Figure");
    shown.addEventListener("click", event => { if (event.target === shown) shown.close(); });
    shown.addEventListener("close", () => { shown.remove(); figure.focus(); });
    document.body.append(shown);
    shown.showModal();
  }
  for (const figure of document.querySelectorAll("figure.plot")) {
    figure.title = "Click or press Enter to enlarge";
    figure.classList.add("opens");
    figure.addEventListener("click", () => large(figure));
    figure.addEventListener("keydown", event => { if (event.key === "Enter") large(figure); });
  }

  document.querySelectorAll(".gallery:not([data-ready])").forEach(prepare);
  document.querySelectorAll(".strips:not([data-ready])").forEach(walk);
  const boxes = document.querySelectorAll("figure.plot,.table");
  const rest = box => box.scrollWidth - box.clientWidth;
  const more = box => box.classList.toggle("more", rest(box) - box.scrollLeft > 8);
  const wide = () => boxes.forEach(box => { box.classList.toggle("cut", rest(box) > 1); more(box); });
  boxes.forEach(box => box.addEventListener("scroll", () => more(box), { passive: true }));
  addEventListener("resize", wide);
  addEventListener("load", wide);
})();
