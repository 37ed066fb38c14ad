"use strict";
// Small helps on the results: copy the address, print, dials that tell their number.
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
