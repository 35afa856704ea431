// Light and dark, and the colours of what is drawn on a canvas, which knows no variables.

const theme = { colours: new Map(), redraws: [] };

function systemIsDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function isDark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === "dark" : systemIsDark();
}

// colour returns what a variable of the stylesheet is in the theme of the moment.
function colour(name) {
  if (!theme.colours.has(name)) {
    const probe = element("span", "unseen");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    theme.colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return theme.colours.get(name);
}

function repaint() {
  theme.colours.clear();
  for (const redraw of theme.redraws) redraw();
}

function setTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  repaint();
}

function remembered() {
  try {
    return localStorage.getItem("imgsvc-theme") || "";
  } catch {
    return ""; // a page opened from a mail may have no storage
  }
}

function remember(name) {
  try {
    localStorage.setItem("imgsvc-theme", name);
  } catch {
    // then it is asked again next time
  }
}

function startTheme() {
  const button = document.getElementById("theme");
  const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  const saved = remembered();
  if (saved === "light" || saved === "dark") document.documentElement.dataset.theme = saved;
  button.hidden = false;
  label();
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    remember(next);
    setTheme(next);
    label();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { repaint(); label(); });
  let before = "";
  addEventListener("beforeprint", () => { before = document.documentElement.dataset.theme || ""; setTheme("light"); });
  addEventListener("afterprint", () => setTheme(before));
  const print = document.getElementById("print");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
