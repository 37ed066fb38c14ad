"use strict";
// A job's page follows the job; when it is done, what it made is shown.
const job = document.getElementById("job");
if (job && job.dataset.open === "yes") {
  const part = (name) => document.getElementById(`job-${name}`);
  let pause = 1000;
  const follow = async () => {
    let now;
    try {
      const answer = await fetch(job.dataset.state, { headers: { Accept: "application/json" } });
      if (answer.status === 404 || answer.redirected) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      now = await answer.json();
    } catch {
      pause = Math.min(pause * 2, 30000);
      return void setTimeout(follow, pause);
    }
    if (!now.open) return now.error || !job.dataset.next ? location.reload() : location.replace(job.dataset.next);
    if (part("state").textContent !== now.state) part("state").textContent = now.state;
    if (now.step) part("step").textContent = now.step;
    const bar = part("progress");
    if (now.total) { bar.max = now.total; bar.value = now.done; } else { bar.removeAttribute("value"); }
    part("count").textContent = now.total ? `${now.done} / ${now.total}` : now.done || "";
    pause = Math.min(pause + 250, 4000);
    setTimeout(follow, pause);
  };
  setTimeout(follow, pause);
}
