// Word strips: step through a caption, opacity. Without it words are chosen by their own buttons.
const walk = (strips, k) => {
  strips.dataset.ready = "1";
  const name = namer(strips, document.querySelectorAll(".gallery").length + k, ["opacity", "photo", "words"]);
  strips.prepend(make("div", { className: "tools" }, ...laid(strips, name)));
  strips.querySelectorAll(".strip").forEach(steps);
  const first = input => input === input.closest(".strip").querySelector("input");
  const words = () => [...strips.querySelectorAll("input[name]:checked")].filter(one => !first(one));
  remember(name("words"), value => {
    const told = value.split(",");
    const all = [...strips.querySelectorAll("input[name]")];
    for (const one of all) if (first(one)) one.checked = true;
    for (const one of all) if (told.includes(one.id)) one.checked = true;
    for (const one of strips.querySelectorAll(".strip")) one.dispatchEvent(new Event("change", { bubbles: true }));
  });
  strips.addEventListener("change", () => chosen(name("words"), words().map(one => one.id).join(",")));
};

const steps = strip => {
  const words = [...strip.querySelectorAll("input")];
  const place = make("output");
  const current = () => words.findIndex(word => word.checked);
  const tell = () => {
    place.value = `${current() + 1} of ${words.length}: ${words[current()].labels[0].textContent}`;
  };
  const go = (text, label, by) => {
    const move = () => {
      words[(current() + by + words.length) % words.length].checked = true;
      strip.dispatchEvent(new Event("change", { bubbles: true }));
    };
    return labelled(button(text, move), label);
  };
  const bar = make("div", { className: "walk" }, go("←", "Word before", -1), go("→", "Next word", 1), place);
  strip.querySelector(".steps").after(bar);
  strip.addEventListener("change", tell);
  tell();
};

document.querySelectorAll(".strips:not([data-ready])").forEach(walk);
