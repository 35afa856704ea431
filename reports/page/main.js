// The page without this script is whole but for its charts; with it, it has them, and tables that sort.

function drawWhenOpen(run, data) {
  const holder = run.querySelector("[data-charts]");
  let drawn = false;
  const draw = () => {
    if (drawn || run.tagName === "DETAILS" && !run.open) return;
    drawn = true;
    drawRun(data, holder);
    holder.dataset.drawn = "yes";
  };
  run.addEventListener("toggle", draw);
  draw();
}

// save gives the report back as the file it was.
async function save(index, title) {
  const packed = document.querySelector(`[data-source="${index}"]`).textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type: "application/json" }));
  link.download = (title.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "report") + ".json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function start() {
  const runs = JSON.parse(document.getElementById("charts").textContent);
  document.documentElement.classList.add("scripted");
  startTheme();
  const overlay = document.getElementById("overlay");
  if (overlay) {
    drawOverlay(runs, overlay);
    overlay.dataset.drawn = "yes";
  }
  document.querySelectorAll(".run").forEach((run) => drawWhenOpen(run, runs[Number(run.dataset.run)]));
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  document.querySelectorAll(".steps").forEach(makeFilter);
  document.querySelectorAll("[data-save]").forEach((button) => {
    button.addEventListener("click", () => save(button.dataset.save, runs[Number(button.dataset.save)].label || document.title));
  });
  performance.mark("drawn");
  document.documentElement.dataset.ready = "yes";
}

start();
