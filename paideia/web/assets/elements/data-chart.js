// <data-chart data-option="…">: an ECharts plot in the page's own colours, drawn when it comes into view.
import { BarChart, FunnelChart, GraphChart, HeatmapChart, LineChart, PieChart, SankeyChart, ScatterChart } from "echarts/charts";
import {
  CalendarComponent,
  DatasetComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  MarkPointComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  BarChart, FunnelChart, GraphChart, HeatmapChart, LineChart, PieChart, SankeyChart, ScatterChart,
  CalendarComponent, DatasetComponent, DataZoomComponent, GridComponent, LegendComponent, MarkAreaComponent,
  MarkLineComponent, MarkPointComponent, TooltipComponent, VisualMapComponent, SVGRenderer,
]);

customElements.define(
  "data-chart",
  class extends HTMLElement {
    #plot;
    #watch;
    #size;
    #redraw = () => this.#draw();

    connectedCallback() {
      this.#watch = new IntersectionObserver(([entry]) => entry.isIntersecting && this.#draw(), { rootMargin: "200px" });
      this.#watch.observe(this);
      this.#size = new ResizeObserver(() => this.#plot?.resize());
      this.#size.observe(this);
      document.addEventListener("theme:changed", this.#redraw);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#redraw);
    }

    disconnectedCallback() {
      this.#watch.disconnect();
      this.#size.disconnect();
      document.removeEventListener("theme:changed", this.#redraw);
      matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.#redraw);
      this.#plot?.dispose();
    }

    #draw() {
      this.#watch.disconnect();
      this.#plot?.dispose();
      this.#plot = echarts.init(this, theme(this), { renderer: "svg", locale: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" });
      this.#plot.setOption({
        animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
        animationDuration: 350,
        ...JSON.parse(this.dataset.option),
      });
    }
  },
);

/** ECharts' theme from the tokens in force at `element`. */
function theme(element) {
  const color = (name) => resolved(element, `var(--${name})`);
  const axis = {
    axisLine: { lineStyle: { color: color("line-strong") } },
    axisTick: { show: false },
    axisLabel: { color: color("ink-2"), fontSize: 12 },
    splitLine: { lineStyle: { color: color("line") } },
    nameTextStyle: { color: color("ink-2") },
  };
  return {
    color: [color("accent"), ...[45, 255, 320, 135, 20, 195, 285].map((hue) => resolved(element, `light-dark(oklch(.58 .12 ${hue}), oklch(.76 .1 ${hue}))`))],
    textStyle: { fontFamily: getComputedStyle(element).fontFamily, color: color("ink") },
    grid: { left: 8, right: 12, top: 28, bottom: 8, containLabel: true },
    legend: { textStyle: { color: color("ink-2") }, icon: "roundRect", itemWidth: 12, itemHeight: 8 },
    tooltip: { backgroundColor: color("surface"), borderColor: color("line"), textStyle: { color: color("ink"), fontSize: 13 }, confine: true },
    visualMap: { textStyle: { color: color("ink-2") }, inRange: { color: [color("sunken"), color("accent-line"), color("accent")] } },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: { ...axis, axisLine: { show: false } },
    timeAxis: { ...axis, splitLine: { show: false } },
    logAxis: axis,
    line: { symbol: "none", lineStyle: { width: 2.5 }, smooth: false },
    bar: { itemStyle: { borderRadius: [3, 3, 0, 0] }, barMaxWidth: 36 },
  };
}

/** A CSS colour as rgb(): ECharts reads no light-dark() and no oklch(). */
function resolved(element, css) {
  const probe = document.createElement("span");
  probe.style.color = css;
  element.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  if (!value.startsWith("oklch") && !value.startsWith("color")) return value;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = value;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}
