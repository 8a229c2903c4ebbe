// Galleries: filter, sort, method, opacity, enlargement. Without this script all cards are shown with the first method.
// Figures and tables wider than the window scroll in their own box: `cut` makes that seen.
(() => {
  const make = (tag, props = {}, ...inside) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...inside);
    return node;
  };
  const pressed = (buttons, one) => buttons.forEach(b => b.setAttribute("aria-pressed", b === one));
  const chips = (label, entries, choose) => {
    const buttons = entries.map(([value, text]) => make("button", { type: "button", textContent: text, value }));
    buttons.forEach(b => (b.onclick = () => { pressed(buttons, b); choose(b.value); }));
    pressed(buttons, buttons[0]);
    const group = make("div", { className: "chips" }, ...buttons);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", label);
    return group;
  };
  const select = (label, entries, choose) => {
    const box = make("select", { title: label }, ...entries.map(([value, text]) => new Option(text, value)));
    box.setAttribute("aria-label", label);
    box.onchange = () => choose(box.value);
    return box;
  };

  function prepare(gallery) {
    gallery.dataset.ready = "1";
    const list = gallery.querySelector(".cards"), cards = [...list.children], methods = JSON.parse(gallery.dataset.methods);
    const wanted = { mark: "", predicted: "", true: "" }, count = make("output"), tools = make("div", { className: "tools" });
    const apply = () => {
      for (const c of cards) c.hidden = Object.keys(wanted).some(k => wanted[k] && c.dataset[k] !== wanted[k]);
      count.value = `${cards.filter(c => !c.hidden).length} of ${cards.length} shown`;
    };
    const filter = key => value => { wanted[key] = value; apply(); };
    const found = key => [...new Set(cards.map(c => c.dataset[key]))].filter(Boolean).sort();
    const marks = { right: "✓ right", wrong: "✗ wrong", unlabelled: "? no label" };
    if (found("mark").length > 1)
      tools.append(chips("Right or wrong", [["", "all"], ...Object.entries(marks).filter(([m]) => found("mark").includes(m))], filter("mark")));
    for (const key of ["predicted", "true"])
      if (found(key).length > 1)
        tools.append(select(`${key} class`, [["", `any ${key} class`], ...found(key).map(c => [c, `${key}: ${c}`])], filter(key)));
    if (cards.length > 1) tools.append(select("Order", [["0", "given order"], ["-1", "most confident first"], ["1", "least confident first"]],
      way => list.append(...(+way ? [...cards].sort((a, b) => way * (a.dataset.confidence - b.dataset.confidence)) : cards))));
    if (methods.length > 1) {
      const names = methods.map((m, k) => [String(k), m]), pick = k => { gallery.dataset.m = k; };
      tools.append(methods.join("").length < 48 ? chips("Method", names, pick) : select("Method", names, pick));
    }
    if (methods.length) {
      const slider = make("input", { type: "range", min: 0, max: 1, step: 0.05, value: gallery.dataset.opacity });
      slider.oninput = () => gallery.style.setProperty("--o", slider.value);
      slider.oninput();
      const photo = make("input", { type: "checkbox" });
      photo.onchange = () => gallery.classList.toggle("photo-only", photo.checked);
      tools.append(make("label", {}, "map", slider), make("label", {}, photo, "photo only"));
    }
    tools.append(count);
    gallery.prepend(tools);
    apply();
    list.onclick = event => { const card = event.target.closest(".card"); if (card) enlarge(card); };
  }

  let dialog, current;
  function build() {
    const button = (text, does) => make("button", { type: "button", textContent: text, onclick: does });
    dialog = make("dialog", { className: "sy-lb" }, make("div", { className: "view" }), make("div", { className: "said" }),
      make("p", { className: "about" }), make("div", { className: "bar" }, button("←", () => step(-1)), button("→", () => step(1)),
        make("span"), button("Photo (R)", photo), button("Method (M)", method), button("Close (Esc)", () => dialog.close())));
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
  const gallery = () => current.closest(".gallery");
  const photo = () => dialog.querySelector(".view").classList.toggle("photo-only");
  const method = () => { const g = gallery(), n = JSON.parse(g.dataset.methods).length; if (n > 1) { dialog.dataset.m = (+dialog.dataset.m + 1) % n; tell(); } };
  const step = by => {
    let card = current;
    do card = by > 0 ? card.nextElementSibling : card.previousElementSibling; while (card?.hidden);
    if (card) enlarge(card);
  };
  function tell() {
    const shown = [...current.parentNode.children].filter(c => !c.hidden), layer = current.querySelector(`g.m${dialog.dataset.m}`);
    const caption = [...current.querySelectorAll(".true,.word,.id")].map(node => node.textContent);
    dialog.querySelector(".about").textContent = [...caption, layer?.dataset.note].filter(Boolean).join(" · ");
    dialog.querySelector(".bar span").textContent = `${shown.indexOf(current) + 1} / ${shown.length}`;
  }
  function enlarge(card) {
    if (!dialog) build();
    current = card;
    if (!dialog.open) { dialog.dataset.m = gallery().dataset.m; dialog.querySelector(".view").className = "view"; }
    dialog.style.setProperty("--o", gallery().style.getPropertyValue("--o"));
    dialog.classList.toggle("wrong", card.dataset.mark === "wrong");
    dialog.classList.toggle("right", card.dataset.mark === "right");
    dialog.querySelector(".view").replaceChildren(card.querySelector(".stack").cloneNode(true));
    dialog.querySelector(".said").replaceChildren(...card.querySelector(".said").cloneNode(true).childNodes);
    tell();
    if (!dialog.open) dialog.showModal();
  }

  document.querySelectorAll(".gallery:not([data-ready])").forEach(prepare);
  const wide = () => document.querySelectorAll("figure.plot,.table").forEach(box => box.classList.toggle("cut", box.scrollWidth > box.clientWidth + 1));
  addEventListener("resize", wide);
  addEventListener("load", wide);
})();
