// Galleries: filter, sort, switch between maps, opacity, enlargement. Word strips: step, opacity. Without this script all
// cards are shown with the first method, and words are chosen by their own buttons.
// Figures and tables wider than the window scroll in their own box: `cut` makes that seen.
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
    const apply = () => {
      for (const c of cards) c.hidden = Object.keys(wanted).some(k => wanted[k] && c.dataset[k] !== wanted[k]);
      count.value = `${cards.filter(c => !c.hidden).length} of ${cards.length} shown`;
    };
    const filter = key => value => { wanted[key] = value; apply(); };
    const found = key => [...new Set(cards.map(c => c.dataset[key]))].filter(Boolean).sort();
    const marks = Object.entries({ right: "✓ right", wrong: "✗ wrong", unlabelled: "? no label" }).filter(([m]) => found("mark").includes(m));
    if (marks.length > 1) tools.append(group("Right or wrong", "", choices([["", "all"], ...marks], filter("mark"))));
    for (const key of ["predicted", "true"]) {
      const names = found(key);
      if (names.length < 2) continue;
      if (short(names, 3)) tools.append(group(`${key} class`, key, choices([["", "any"], ...names.map(n => [n, n])], filter(key))));
      else tools.append(select(`${key} class`, [["", `any ${key} class`], ...names.map(n => [n, `${key}: ${n}`])], filter(key)));
    }
    if (cards.length > 1) tools.append(select("Order", [["0", "given order"], ["-1", "surest first"], ["1", "least sure first"]],
      way => list.append(...(+way ? [...cards].sort((a, b) => way * (a.dataset.confidence - b.dataset.confidence)) : cards))));
    tools.append(make("div", { className: "layers" }, ...(layers.length ? [...switches(gallery, layers, methods), ...laid(gallery)] : []), count));
    gallery.prepend(tools);
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
    dialog = make("dialog", { className: "sy-lb" }, make("div", { className: "view" }), said, make("div", { className: "bar" }, before, after,
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
  const method = () => { dialog.dataset.m = (+dialog.dataset.m + 1) % (layers().length || 1); tell(); };
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
    which.textContent = `${layers()[dialog.dataset.m]} (M: next map)`;
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
    dialog.querySelector(".said").replaceChildren(...card.querySelector(".said").cloneNode(true).childNodes);
    tell();
    if (!dialog.open) dialog.showModal();
  }

  document.querySelectorAll(".gallery:not([data-ready])").forEach(prepare);
  document.querySelectorAll(".strips:not([data-ready])").forEach(walk);
  const wide = () => document.querySelectorAll("figure.plot,.table").forEach(box => box.classList.toggle("cut", box.scrollWidth > box.clientWidth + 1));
  addEventListener("resize", wide);
  addEventListener("load", wide);
})();
