// Word strips: step through a caption, opacity. Without it words are chosen by their own buttons.
const walk = strips => {
  strips.dataset.ready = "1";
  strips.prepend(make("div", { className: "tools" }, ...laid(strips)));
  strips.querySelectorAll(".strip").forEach(steps);
};

const steps = strip => {
  const words = [...strip.querySelectorAll("input")];
  const place = make("output");
  const chosen = () => words.findIndex(word => word.checked);
  const tell = () => {
    place.value = `${chosen() + 1} of ${words.length}: ${words[chosen()].labels[0].textContent}`;
  };
  const go = (text, label, by) => {
    const move = () => {
      words[(chosen() + by + words.length) % words.length].checked = true;
      tell();
    };
    return labelled(button(text, move), label);
  };
  const bar = make("div", { className: "walk" }, go("←", "Word before", -1), go("→", "Next word", 1), place);
  strip.querySelector(".steps").after(bar);
  strip.addEventListener("change", tell);
  tell();
};

document.querySelectorAll(".strips:not([data-ready])").forEach(walk);
