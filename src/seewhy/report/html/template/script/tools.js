// What the other parts are made with: elements, buttons, groups of buttons, and how maps are laid over photos.
const make = (tag, props = {}, ...inside) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...inside);
  return node;
};

const button = (text, onclick, props = {}) => make("button", { type: "button", textContent: text, onclick, ...props });

const labelled = (node, label, role) => {
  node.setAttribute("aria-label", label);
  if (role) node.setAttribute("role", role);
  return node;
};

const group = (label, told, buttons) => {
  const head = told ? [make("span", { textContent: told })] : [];
  return labelled(make("div", { className: "chips" }, ...head, ...buttons), label, "group");
};

// Buttons of which one is pressed, the first to begin with. entries: [value, text].
const choices = (entries, choose) => {
  const press = one => buttons.forEach(b => b.setAttribute("aria-pressed", b === one));
  const buttons = entries.map(([value, text]) =>
    button(text, event => {
      press(event.currentTarget);
      choose(value);
    }),
  );
  press(buttons[0]);
  const set = value => (buttons[entries.findIndex(([one]) => one === value)] ?? buttons[0]).click();
  return Object.assign(buttons, { set });
};

const select = (label, entries, choose) => {
  const options = entries.map(([value, text]) => new Option(text, value));
  const box = labelled(make("select", { title: label }, ...options), label);
  box.onchange = () => choose(box.value);
  const set = value => {
    box.value = entries.some(([one]) => one === value) ? value : entries[0][0];
    box.onchange();
  };
  return Object.assign(box, { set });
};

// Whether names fit beside one another as buttons; else they are a list.
const short = (names, most) => names.length <= most && names.join("").length < 48;

// The controls of opacity and of photos alone, for all of a gallery or of a page's strips. name: of their settings.
const laid = (box, name) => {
  const slider = make("input", { type: "range", min: 0, max: 1, step: 0.05, value: box.dataset.opacity });
  const show = () => {
    box.style.setProperty("--o", slider.value);
    slider.setAttribute("aria-valuetext", `${Math.round(100 * slider.value)} %`);
  };
  slider.oninput = () => {
    show();
    chosen(name("opacity"), slider.value === slider.defaultValue ? "" : slider.value);
  };
  slider.defaultValue = slider.value;
  show();
  const photo = make("input", { type: "checkbox" });
  photo.onchange = () => {
    box.classList.toggle("photo-only", photo.checked);
    chosen(name("photo"), photo.checked ? "only" : "");
  };
  remember(name("opacity"), value => {
    slider.value = value || slider.defaultValue;
    slider.oninput();
  });
  remember(name("photo"), value => {
    photo.checked = value === "only";
    photo.onchange();
  });
  return [make("label", {}, "opacity", slider), make("label", {}, photo, "photo only")];
};
