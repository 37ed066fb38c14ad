"use strict";
// A further row for an offer or a need, without sending the form.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-add]");
  if (!button) return;
  event.preventDefault();
  const rows = document.querySelector(`[data-rows="${button.dataset.add}"]`);
  const number = rows.children.length;
  const row = rows.lastElementChild.cloneNode(true);
  row.classList.remove("wrong");
  row.querySelectorAll(".error, .remove").forEach((one) => one.remove());
  row.querySelectorAll("[id]").forEach((one) => {
    const label = row.querySelector(`label[for="${one.id}"]`);
    one.id = one.id.replace(/-\d+-/, `-${number}-`);
    if (label) label.htmlFor = one.id;
  });
  row.querySelectorAll("textarea, input, select").forEach((one) => {
    one.value = "";
    one.removeAttribute("aria-invalid");
    one.removeAttribute("aria-describedby");
  });
  const label = row.querySelector("label");
  label.textContent = label.textContent.replace(/\d+/, String(number + 1));
  rows.append(row);
  row.querySelector("textarea").focus();
});
