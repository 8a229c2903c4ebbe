// Figures open large, by click or Enter; its keys are those of a scrolling box and Esc.
const large = figure => {
  const view = make("div", { className: "view", tabIndex: 0 }, figure.querySelector(".sheet").cloneNode(true));
  const bar = make(
    "div",
    { className: "bar" },
    make("span"),
    button("Close (Esc)", () => shown.close()),
  );
  const shown = make("dialog", { className: "sy-lb sy-figure" }, labelled(view, "Figure", "group"), bar);
  labelled(shown, "Enlarged figure");
  shown.addEventListener("click", event => event.target === shown && shown.close());
  shown.addEventListener("close", () => {
    shown.remove();
    figure.focus();
  });
  document.body.append(shown);
  shown.showModal();
};

for (const figure of document.querySelectorAll("figure.plot")) {
  figure.title = "Click or press Enter to enlarge";
  figure.classList.add("opens");
  figure.addEventListener("click", () => large(figure));
  figure.addEventListener("keydown", event => event.key === "Enter" && large(figure));
}

// Figures and tables wider than the window scroll in their own box: `cut` says so, `more` shades the edge.
const boxes = document.querySelectorAll("figure.plot,.table");
const hidden = box => box.scrollWidth - box.clientWidth;
const more = box => box.classList.toggle("more", hidden(box) - box.scrollLeft > 8);
const wide = () =>
  boxes.forEach(box => {
    box.classList.toggle("cut", hidden(box) > 1);
    more(box);
  });
boxes.forEach(box => box.addEventListener("scroll", () => more(box), { passive: true }));
addEventListener("resize", wide);
addEventListener("load", wide);
