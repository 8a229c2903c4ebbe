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
    chosen("figure", "");
    figure.focus();
  });
  chosen("figure", figure.dataset.number);
  document.body.append(shown);
  shown.showModal();
};

const plots = [...document.querySelectorAll("figure.plot")];
for (const [k, figure] of plots.entries()) {
  figure.dataset.number = k + 1;
  figure.title = "Click or press Enter to enlarge";
  figure.classList.add("opens");
  figure.addEventListener("click", () => large(figure));
  figure.addEventListener("keydown", event => event.key === "Enter" && large(figure));
}

remember("figure", value => {
  document.querySelector(".sy-figure")?.close();
  if (plots[value - 1]) large(plots[value - 1]);
});

// Figures are saved as they are drawn (SVG), and as PNG of twice their size.
const source = figure => figure.querySelector("image,img").getAttribute(figure.querySelector("image") ? "href" : "src");

const save = (href, name) => {
  const link = make("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
};

const savePng = (figure, name) => {
  const sheet = figure.querySelector(".sheet > svg,.sheet > img");
  const picture = new Image();
  picture.onload = () => {
    const canvas = make("canvas", { width: 2 * sheet.getAttribute("width"), height: 2 * sheet.getAttribute("height") });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    save(canvas.toDataURL("image/png"), `${name}.png`);
  };
  picture.src = source(figure);
};

document.querySelectorAll("main figure.plot").forEach((figure, k) => {
  const name = `${document.querySelector("main").dataset.name}-figure-${k + 1}`;
  const svg = source(figure).startsWith("data:image/svg") ? [button("Save as SVG", () => save(source(figure), `${name}.svg`))] : [];
  figure.after(make("p", { className: "save" }, ...svg, button("Save as PNG", () => savePng(figure, name))));
});

// All code of the page, shown or folded at once.
const folds = document.querySelectorAll("main details.code");
if (folds.length) {
  const toggle = event => {
    const shown = event.currentTarget.getAttribute("aria-pressed") === "true";
    folds.forEach(one => {
      one.open = !shown;
    });
    event.currentTarget.setAttribute("aria-pressed", !shown);
    event.currentTarget.textContent = shown ? "Show code" : "Hide code";
  };
  const all = button("Show code", toggle);
  all.setAttribute("aria-pressed", false);
  document.querySelector("main .where").append(make("span", { className: "code-bar save" }, all));
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

// Last of all, when everything that can be chosen is there.
restore();
addEventListener("hashchange", restore);
