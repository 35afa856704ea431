// Tables that sort by a column and show the rows with a text in them.

function makeSortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = element("button", "", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      const next = nextOrder(was, head.classList.contains("n"));
      if (next) head.setAttribute("aria-sort", next);
      body.append(...(next ? sorted(original, column, next) : original));
      say(next ? `sorted by ${button.textContent}, ${next}` : "in the order of the script");
    });
  });
}

// nextOrder: figures begin with the highest, names with the first; the third click is the script's order again.
function nextOrder(was, isNumber) {
  const first = isNumber ? "descending" : "ascending";
  const second = isNumber ? "ascending" : "descending";
  if (!was) return first;
  return was === first ? second : null;
}

function sorted(rows, column, order) {
  const sign = order === "ascending" ? 1 : -1;
  const key = (row) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent : Number(cell.dataset.sort);
  };
  return [...rows].sort((a, b) => {
    const x = key(a), y = key(b);
    return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
  });
}

function makeFilter(steps) {
  const input = steps.querySelector("input");
  const shown = steps.querySelector(".shown");
  const rows = [...steps.querySelector("tbody").rows];
  const tell = () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const left = rows.filter((row) => !row.hidden).length;
    shown.textContent = `${left} of ${rows.length}`;
    return left;
  };
  input.addEventListener("input", () => say(`${tell()} steps shown`));
  tell();
}
