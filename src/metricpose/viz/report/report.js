"use strict";
// Draws the plots in the colours of the page, again when its theme changes.

(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  /** The value with each name of a CSS variable, as "--a", replaced by what the theme says. */
  function coloured(value, style) {
    if (typeof value === "string") {
      return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
    }
    if (Array.isArray(value)) return value.map((each) => coloured(each, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, style)]));
  }

  function axis(own) {
    return {
      gridcolor: "--grid", linecolor: "--line", zerolinecolor: "--line", automargin: true, fixedrange: true, ...own,
      title: { standoff: 10, ...own.title },
    };
  }

  function layout(own, height) {
    return {
      paper_bgcolor: "rgba(0, 0, 0, 0)", plot_bgcolor: "rgba(0, 0, 0, 0)", height, dragmode: false,
      margin: { l: 10, r: 12, t: 8, b: 10 },
      font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: "--ink" },
      hoverlabel: { bgcolor: "--panel", bordercolor: "--line", font: { color: "--ink" } },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" },
      showlegend: true,
      ...own, xaxis: axis(own.xaxis), yaxis: axis(own.yaxis),
    };
  }

  async function drawn(place) {
    const { traces, layout: own } = plots[place.dataset.plot];
    const style = getComputedStyle(root);
    const [lines, form] = coloured([traces, layout(own, Number(place.dataset.height))], style);
    try {
      await Plotly.react(place, lines, form, { responsive: true, displayModeBar: false, showTips: false });
      place.dataset.drawn = "yes";
    } catch (error) {
      place.classList.add("failed");
      place.textContent = `This plot could not be drawn (${error.message}); its figures stand in the table below.`;
    }
  }

  const all = () => document.querySelectorAll("[data-plot]").forEach((place) => drawn(place));

  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    all();
  });
  dark.addEventListener("change", all);
  all();
})();
