// What is chosen on a page stands behind the # of its address, so that a link shows what its sender saw.
const settings = new Map(); // key -> { value, set }: what is chosen ("": as the page opens), and how it is chosen

const remember = (key, set) => settings.set(key, { value: "", set });

const chosen = (key, value) => {
  if (!document.body.classList.contains("page")) return; // an output in JupyterLab, whose address is its own
  settings.get(key).value = value;
  const told = new URLSearchParams();
  for (const [name, one] of settings) if (one.value) told.set(name, one.value);
  const open = location.hash.includes("=");
  if (told.size || open) history.replaceState(null, "", `#${told}`);
};

// Choose what the address says, and put back what it does not name. Anchors of headings and terms have no "=".
const restore = () => {
  const told = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  for (const [key, one] of settings) {
    const value = told.get(key) ?? "";
    if (value !== one.value) one.set(value);
  }
  const first = [...told.keys()].find(key => settings.has(key));
  if (first) document.querySelector(`[data-settings~="${first}"]`)?.scrollIntoView();
};

// The names of a gallery's settings: those of a page's first gallery are plain, others have its number.
const namer = (box, k, keys) => {
  const name = key => (k ? `${k + 1}.${key}` : key);
  box.dataset.settings = keys.map(name).join(" ");
  return name;
};
