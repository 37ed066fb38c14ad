"use strict";
// The line-up builder: the team follows what is typed, without a reload.
const builder = document.getElementById("builder");
if (builder) {
  let asked = 0;
  let waiting = 0;
  const refresh = async () => {
    const mine = ++asked;
    const query = new URLSearchParams(new FormData(builder)).toString();
    const team = document.getElementById("team");
    team.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${location.pathname}?${query}`, { headers: { Accept: "text/html" } });
      if (mine !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("team");
      if (fresh && (answer.ok || answer.status === 422)) {
        team.replaceChildren(...fresh.childNodes);
        if (answer.ok) history.replaceState(null, "", `?${query}`);
      }
    } finally {
      if (mine === asked) team.removeAttribute("aria-busy");
    }
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(refresh, 350); };
  const complete = (row) => {
    const of = row.querySelector("[name=of]").value;
    const plain = of === "sme" || of === "newcomer";
    const limits = row.querySelector("[name=least]").value || row.querySelector("[name=most]").value;
    return !of || (limits && (plain || row.querySelector("[name=value]").value));
  };
  builder.addEventListener("input", (event) => {
    const row = event.target.closest(".quota");
    if (!row || complete(row)) soon();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "exclude") return;
    if (!builder.contains(event.target)) soon();
  });
}
