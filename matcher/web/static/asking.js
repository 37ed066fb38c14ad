"use strict";
// Small helps on the results: copy the address, print, dials that tell their number, rows of needs.
const show = (id, act) => {
  const button = document.getElementById(id);
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => act(button));
};
show("print", () => window.print());
show("copy", async (button) => {
  const field = document.getElementById("share");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  button.textContent = button.dataset.done;
});
for (const dial of document.querySelectorAll("input[type=range]")) {
  const said = dial.parentElement.querySelector("output");
  dial.addEventListener("input", () => { if (said) said.textContent = dial.value; });
}
const list = document.getElementById("need-list");
if (list) {
  const add = document.getElementById("add-need");
  const rows = () => [...list.querySelectorAll(".need-chip")];
  const empty = rows().at(-1).cloneNode(true);
  let number = rows().length;
  const helped = (row) => {
    row.querySelector(".remove")?.remove();
    row.querySelector(".drop").hidden = false;
    return row;
  };
  rows().filter((row) => !row.querySelector(".remove")).slice(1).forEach((row) => row.remove());
  rows().forEach(helped);
  list.addEventListener("click", (event) => {
    const drop = event.target.closest(".drop");
    if (!drop) return;
    const row = drop.closest(".need-chip");
    const near = row.nextElementSibling?.querySelector("input") ?? add;
    row.remove();
    near.focus();
  });
  show("add-need", () => {
    const row = helped(empty.cloneNode(true));
    for (const part of row.querySelectorAll("[id], [for]")) {
      const name = part.id ? "id" : "for";
      part.setAttribute(name, part.getAttribute(name).replace(/\d+$/, number));
    }
    number += 1;
    add.before(row);
    row.querySelector("input").focus();
  });
}
