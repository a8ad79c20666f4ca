// Conveniences only: the page says everything without them.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const source = document.getElementById("report").textContent;

  const actions = {
    theme() {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = root.dataset.theme || (dark ? "dark" : "light");
      root.dataset.theme = now === "dark" ? "light" : "dark";
    },
    download() {
      const text = JSON.stringify(JSON.parse(source), null, 2) + "\n";
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = "verdict.json";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
    async copy(button) {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        // Pages opened from a file may not reach the clipboard; a selection is the next best thing.
        const range = document.createRange();
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        if (!document.execCommand("copy")) return;
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    },
  };
  for (const button of document.querySelectorAll("[data-action]")) {
    button.addEventListener("click", () => actions[button.dataset.action](button));
  }

  const SVG = "http://www.w3.org/2000/svg";
  const shape = (name, attributes, parent) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.appendChild(node);
    return node;
  };

  // A crosshair that snaps to the nearest recorded point, by pointer or arrow keys.
  for (const view of document.querySelectorAll("[data-readings]")) {
    const readings = JSON.parse(view.dataset.readings);
    const svg = view.querySelector("svg");
    const out = view.querySelector("output");
    if (!readings.length) continue;
    const rows = new Set(readings.map((r) => r.ys[0])).size === readings.length &&
      view.closest("figure").id === "figure-coordinates";
    const box = svg.viewBox.baseVal;
    // The drawing is in tenths of a pixel, the readings in pixels.
    const fine = 10;
    const layer = shape("g", { "aria-hidden": "true" }, svg);
    let at = -1;

    const hide = () => { layer.replaceChildren(); out.classList.remove("on"); at = -1; };
    const show = (k) => {
      if (k === at) return;
      at = k;
      const r = readings[k];
      layer.replaceChildren();
      if (!rows) {
        shape("line", { x1: r.x * fine, x2: r.x * fine, y1: Math.min(...r.ys) * fine, y2: box.height - 46 * fine,
          stroke: "var(--fig-muted)", "stroke-width": 8, "stroke-dasharray": "30 30" }, layer);
      }
      for (const y of r.ys) {
        shape("circle", { cx: r.x * fine, cy: y * fine, r: 45, fill: "var(--fig-paper)", stroke: "var(--fig-ink)",
          "stroke-width": 16 }, layer);
      }
      out.textContent = r.text.split(" · ").join("\n");
      out.style.whiteSpace = "pre-line";
      out.classList.add("on");
      const scale = svg.clientWidth / box.width;
      const x = r.x * fine * scale, y = Math.min(...r.ys) * fine * scale;
      const left = x + 14 + out.offsetWidth > view.clientWidth ? x - 14 - out.offsetWidth : x + 14;
      out.style.left = Math.max(0, left) + "px";
      out.style.top = Math.max(0, y - out.offsetHeight - 6) + "px";
    };
    const nearest = (event) => {
      const frame = svg.getBoundingClientRect();
      const place = rows ? (event.clientY - frame.top) / frame.height * box.height / fine
        : (event.clientX - frame.left) / frame.width * box.width / fine;
      let best = 0;
      readings.forEach((r, k) => {
        const key = (q) => Math.abs((rows ? q.ys[0] : q.x) - place);
        if (key(r) < key(readings[best])) best = k;
      });
      show(best);
    };
    view.addEventListener("pointermove", nearest);
    view.addEventListener("pointerdown", nearest);
    view.addEventListener("pointerleave", hide);
    view.addEventListener("blur", hide);
    view.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") return hide();
      if (!move) return;
      event.preventDefault();
      show(Math.min(readings.length - 1, Math.max(0, at < 0 ? (move > 0 ? 0 : readings.length - 1) : at + move)));
    });
  }
})();
