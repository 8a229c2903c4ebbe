// The enlarged view of a gallery's card. Arrows step through the cards that are shown, M through the maps, R takes them
// off, Esc closes and gives the focus back.
let dialog = null;
let current = null;

const build = () => {
  const said = make("div", {}, make("div", { className: "said" }), make("p", { className: "about" }));
  said.setAttribute("role", "status");
  const bar = make(
    "div",
    { className: "bar" },
    labelled(
      button("←", () => step(-1)),
      "Sample before",
    ),
    labelled(
      button("→", () => step(1)),
      "Next sample",
    ),
    make("span"),
    button("Photo only (R)", photo, { className: "alone" }),
    button("", method, { className: "which" }),
    button("Close (Esc)", () => dialog.close()),
  );
  const view = make("div", { className: "view" });
  dialog = make("dialog", { className: "sy-lb" }, view, make("p", { className: "legend" }), said, bar);
  labelled(dialog, "Enlarged sample");
  listen();
  document.body.append(dialog);
};

const listen = () => {
  const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), r: photo, m: method };
  dialog.addEventListener("keydown", event => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  dialog.addEventListener("click", event => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    const gallery = current.closest(".gallery");
    chosen(gallery.setting("image"), "");
    telling(gallery, gallery.dataset.m);
    current.querySelector(".zoom").focus();
  });
};

const part = name => dialog.querySelector(name);
const layers = () => JSON.parse(current.closest(".gallery").dataset.methods);
const next = () => (+dialog.dataset.m + 1) % (layers().length || 1);

const photo = () => {
  part(".view").classList.toggle("photo-only");
  tell();
};

const method = () => {
  dialog.dataset.m = next();
  telling(current.closest(".gallery"), dialog.dataset.m);
  tell();
};

// The map that is seen, in the address.
const telling = (gallery, m) => chosen(gallery.setting("map"), +m ? JSON.parse(gallery.dataset.methods)[m] : "");

const step = by => {
  let card = current;
  do card = by > 0 ? card.nextElementSibling : card.previousElementSibling;
  while (card?.hidden);
  if (card) enlarge(card);
};

// What stands under the picture: the card's words, its place among those shown, what the buttons would do.
const tell = () => {
  const shown = [...current.parentNode.children].filter(card => !card.hidden);
  const layer = current.querySelector(`g.m${dialog.dataset.m}`);
  const caption = [...current.querySelectorAll(".true,.word,.id")].map(node => node.textContent);
  part(".about").textContent = [...caption, layer?.dataset.note].filter(Boolean).join(" · ");
  part(".bar span").textContent = `${shown.indexOf(current) + 1} / ${shown.length}`;
  part(".alone").setAttribute("aria-pressed", part(".view").classList.contains("photo-only"));
  part(".which").hidden = layers().length < 2;
  part(".which").textContent = `Next: ${layers()[next()]} (M)`;
};

const enlarge = card => {
  if (!dialog) build();
  current = card;
  const gallery = card.closest(".gallery");
  if (!dialog.open) {
    dialog.dataset.m = gallery.dataset.m;
    part(".view").className = "view";
  }
  dialog.style.setProperty("--o", gallery.style.getPropertyValue("--o"));
  for (const mark of ["right", "wrong"]) dialog.classList.toggle(mark, card.dataset.mark === mark);
  part(".view").replaceChildren(card.querySelector(".stack").cloneNode(true));
  for (const [name, from] of [
    [".legend", gallery],
    [".said", card],
  ])
    part(name).replaceChildren(...from.querySelector(name).cloneNode(true).childNodes);
  tell();
  chosen(gallery.setting("image"), card.querySelector(".id").textContent);
  if (!dialog.open) dialog.showModal();
};
