"use strict";
// One clock runs in seconds of the recording. While the song plays, the song drives it; before the
// song, after it and without one, the computer's clock does.

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const audio = at("audio"), tracks = at("tracks"), slider = at("position");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const readouts = []; // functions that show the value at a time
const markers = []; // the button of each response
let position = 0, playing = false, since = 0, shown = -1;

// ---- drawing -------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const found = Object.assign(document.createElement(tag), properties);
  found.append(...children);
  return found;
}

function svg(tag, attributes) {
  const found = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  return found;
}

const x = (time) => (1000 * time) / data.seconds;

// A line through the known values; what is null interrupts it.
function line(times, values, low, high) {
  let path = "", pen = "M";
  times.forEach((time, i) => {
    if (values[i] === null) { pen = "M"; return; }
    path += `${pen}${x(time).toFixed(2)} ${(100 * (high - values[i]) / (high - low)).toFixed(2)}`;
    if (pen === "M") path += "h0"; // so that a single value is a dot
    pen = "L";
  });
  return path;
}

function range(...lists) {
  const known = lists.flat().filter((value) => value !== null);
  const low = known.reduce((a, b) => Math.min(a, b)), high = known.reduce((a, b) => Math.max(a, b));
  const edge = 0.06 * (high - low) || 1;
  return [low - edge, high + edge];
}

function before(times, time) { // the last of the times that is not later
  let low = -1, high = times.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (times[middle] <= time) low = middle; else high = middle - 1;
  }
  return low;
}

const format = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const number = (value) => value === null || value === undefined ? "–" : format.format(value);

// Numbers of a signal: three digits of its largest value, so that what is next to nothing is 0.
function numbersOf(values) {
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const digits = Math.min(20, Math.max(0, 2 - Math.floor(Math.log10(scale))));
  const shown = (value) => (Number(value.toFixed(digits)) || 0).toFixed(digits); // no -0
  return (value) => value === null || value === undefined ? "–" : shown(value);
}

function track(title, detail, description, kind = "") {
  const output = make("b");
  const name = make("div", { className: "name" }, title, " ", output, make("small", {}, detail));
  const drawing = svg("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", role: "img", "aria-label": description });
  const plot = make("div", { className: "plot" });
  plot.append(drawing);
  tracks.append(make("div", { className: `track ${kind}` }, name, plot));
  return { name, plot, drawing, output };
}

function edge(plot, place, text) {
  const found = make("span", { className: `edge ${place}` }, text);
  plot.append(found);
  return found;
}

function jump(plot, time, height, sign, label) {
  const button = make("button", { type: "button", className: "jump", ariaLabel: label, title: label }, sign);
  button.style.left = `${100 * time / data.seconds}%`;
  button.style.top = `${height}%`;
  button.addEventListener("click", () => seek(time, true));
  plot.append(button);
  return button;
}

function drawSignal(title, curves, description, floor = null) {
  const [lowest, highest] = range(...curves.map(([, , values]) => values));
  const low = floor ?? lowest, high = floor === null ? highest : highest + 0.2 * (highest - floor);
  const words = numbersOf(curves.flatMap(([, , values]) => values));
  const drawn = track(title, data.unit, description);
  for (const [kind, times, values] of curves) {
    const close = kind === "phasic" ? `V100H${x(times[0])}Z` : ""; // the area below it
    drawn.drawing.append(svg("path", { class: kind, d: line(times, values, low, high) + close }));
  }
  edge(drawn.plot, "top", words(high)); edge(drawn.plot, "bottom", words(low));
  const [, times, values] = curves[0];
  readouts.push((time) => { drawn.output.textContent = words(values[before(times, time)]); });
  return { ...drawn, height: (value) => 100 * (high - value) / (high - low) };
}

function drawSignals() {
  const curves = [["raw", data.eda.time, data.eda.value]];
  if (data.parts) curves.push(["tonic", data.parts.time, data.parts.tonic]);
  const raw = drawSignal(data.name, curves, `${data.name} over time${data.parts ? ", with its tonic part as a broken line" : ""}`);
  for (const [begin, end] of data.repaired) raw.drawing.prepend(svg("rect", { class: "repaired", x: x(begin), y: 0, width: Math.max(x(end - begin), 2), height: 100 }));
  if (data.repaired.length) raw.name.append(make("small", {}, "coloured: repaired"));
  if (data.parts) raw.name.append(make("small", {}, "broken line: tonic"));
  else return;
  const { time, phasic } = data.parts;
  const drawn = drawSignal("Phasic", [["phasic", time, phasic]], "Phasic part over time; each triangle is a response", Math.min(0, ...phasic));
  drawn.name.append(make("small", {}, `${data.responses.length} responses`));
  data.responses.forEach((each, i) => {
    const label = `Response ${i + 1} of ${data.responses.length}, peak at ${each.peak.toFixed(1)} s, amplitude ${number(each.amplitude)} ${data.unit}`;
    markers.push(jump(drawn.plot, each.peak, drawn.height(phasic[before(time, each.peak)]), "▲", label));
  });
}

function drawTarget(target) {
  tracks.append(make("h3", {}, target.title));
  for (const net of target.networks) {
    const strip = track(net.name, `attention for ${net.explained}`, `Attention of ${net.name} over time; darker is more`, "strip");
    net.weight.forEach((weight, i) => {
      if (weight > 0.02) strip.drawing.append(svg("rect", { class: "weight", x: x(net.begin[i]), y: 0, width: x(net.end[i] - net.begin[i]) + 0.3, height: 100, "fill-opacity": weight }));
    });
    if (net.peak !== null) jump(strip.plot, net.peak, 50, "◆", `Highest attention of ${net.name}, at ${net.peak.toFixed(1)} s`);
    readouts.push((time) => {
      const i = before(net.begin, time);
      strip.output.textContent = time >= net.begin[0] && time <= net.end.at(-1) ? net.weight[i].toFixed(2) : "–";
    });
  }
  const drawn = track("P(high)", "first t seconds, not calibrated", `Probability of high ${target.name} from the first t seconds; the table of networks has the last ones`);
  const { first } = target;
  drawn.drawing.append(svg("rect", { class: "early", x: 0, y: 0, width: x(first), height: 100 }), svg("path", { class: "half", d: "M0 50L1000 50" }));
  if (first > 0.25 * data.seconds) edge(drawn.plot, "middle", "too short, not evaluated").style.left = `${50 * first / data.seconds}%`;
  edge(drawn.plot, "top", "1 high"); edge(drawn.plot, "bottom", "0 low");
  target.networks.forEach((net, i) => {
    const usual = net.probability.map((value, k) => net.usual[k] ? value : null);
    drawn.drawing.append(
      svg("path", { class: `n${i} unusual`, d: line(net.time, net.probability, 0, 1) }),
      svg("path", { class: `n${i} answer`, d: line(net.time, usual, 0, 1) }),
    );
    const sample = svg("svg", { viewBox: "0 0 20 4", "aria-hidden": "true" });
    sample.append(svg("path", { class: `n${i}`, d: "M0 2L20 2", "stroke-width": 2, fill: "none" }));
    const output = make("b");
    drawn.name.append(make("small", {}, sample, `${net.short} `, output));
    readouts.push((time) => { const k = before(net.time, time + 1e-6); output.textContent = k < 0 ? "–" : net.probability[k].toFixed(2); });
  });
}

function drawAxis() {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
  const step = steps.find((each) => data.seconds / each <= 7) || 1200;
  const axis = track("", "", "", "axis");
  axis.plot.replaceChildren();
  for (let time = 0; time < data.seconds - 0.6 * step; time += step) axis.plot.append(make("span", {}, String(time)));
  axis.plot.append(make("span", {}, `${data.seconds.toFixed(1)} s`));
  [...axis.plot.children].forEach((each, i, all) => { each.style.left = `${i === all.length - 1 ? 100 : 100 * i * step / data.seconds}%`; });
}

// ---- playing -------------------------------------------------------------------------------

const hasSong = () => audio.readyState >= 1 && !audio.error;
const inSong = (time) => hasSong() && time >= data.songStart && time < data.songStart + audio.duration;

function now() {
  if (!playing) return position;
  if (inSong(position) && !audio.paused) return data.songStart + audio.currentTime;
  return position + (performance.now() - since) / 1000;
}

function follow() { // let the song play if it is its time, from where it has to
  since = performance.now();
  if (playing && inSong(position)) {
    if (Math.abs(audio.currentTime - (position - data.songStart)) > 0.15) audio.currentTime = position - data.songStart;
    if (audio.paused) audio.play().catch((error) => { if (error.name !== "AbortError") tell(`The ${data.word} cannot be played: ${error.message}`); });
  } else audio.pause();
}

function tick() {
  if (!playing) return;
  position = Math.min(now(), data.seconds);
  const wasSong = !audio.paused;
  if (inSong(position) !== wasSong || !wasSong) follow();
  if (position >= data.seconds) pause();
  show();
  if (!calm.matches) requestAnimationFrame(tick);
  else if (playing) setTimeout(tick, 250);
}

function play() {
  if (position >= data.seconds - 0.05) position = 0;
  playing = true;
  at("play").textContent = "Pause";
  follow();
  requestAnimationFrame(tick);
}

function pause() {
  position = Math.min(now(), data.seconds);
  playing = false;
  audio.pause();
  at("play").textContent = "Play";
  show(true);
}

function seek(time, aloud = false) {
  position = Math.max(0, Math.min(time, data.seconds));
  if (hasSong()) audio.currentTime = Math.max(0, Math.min(position - data.songStart, audio.duration));
  follow();
  show(aloud && !playing);
}

function tell(text) { at("status").textContent = text; }

function describe() {
  const i = data.responses.findIndex((each) => position >= each.onset && position <= each.end);
  return { i, text: i < 0 ? "" : `response ${i + 1} of ${data.responses.length}` };
}

function show(aloud = false) {
  tracks.style.setProperty("--share", position / data.seconds);
  for (const each of readouts) each(position);
  slider.value = position;
  at("clock").textContent = `${position.toFixed(1)} / ${data.seconds.toFixed(1)} s`;
  const { i, text } = describe();
  const rows = document.querySelectorAll("#events tbody tr");
  if (i !== shown) {
    [shown, i].filter((each) => each >= 0).forEach((each) => {
      markers[each].classList.toggle("now", each === i);
      rows[each].classList.toggle("now", each === i);
    });
    shown = i;
  }
  const words = `${position.toFixed(1)} of ${data.seconds.toFixed(1)} seconds${text && `, ${text}`}`;
  if (aloud || !playing || Math.floor(position) !== Math.floor(Number(slider.dataset.said))) {
    slider.setAttribute("aria-valuetext", words);
    slider.dataset.said = position;
  }
  if (aloud) at("said").textContent = words; // only where somebody stopped or jumped
}

// ---- what users do -------------------------------------------------------------------------

function timeOf(event, plot) {
  const box = plot.getBoundingClientRect();
  return data.seconds * (event.clientX - box.left) / box.width;
}

function start() {
  tracks.append(make("div", { id: "cursor" }));
  drawSignals();
  data.targets.forEach(drawTarget);
  drawAxis();
  at("play").addEventListener("click", () => playing ? pause() : play());
  at("back").addEventListener("click", () => seek(now() - 5, true));
  at("forward").addEventListener("click", () => seek(now() + 5, true));
  slider.addEventListener("input", () => seek(Number(slider.value)));
  tracks.addEventListener("pointerdown", (event) => {
    const plot = event.target.closest(".plot");
    if (!plot || event.target.closest("button") || event.button) return;
    const move = (moved) => seek(timeOf(moved, plot));
    move(event);
    addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => removeEventListener("pointermove", move), { once: true });
  });
  document.querySelectorAll("#events tbody tr").forEach((row, i) => row.addEventListener("click", () => seek(data.responses[i].peak, true)));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.type === "file") return;
    if (event.key !== " " && event.target.closest?.(".scroll")) return; // a table that is wider than the page
    const step = event.shiftKey ? 5 : 1;
    const to = { ArrowLeft: now() - step, ArrowRight: now() + step, Home: 0, End: data.seconds }[event.key];
    if (to !== undefined) seek(to, true);
    else if (event.key === " " && event.target.tagName !== "BUTTON") playing ? pause() : play();
    else return;
    event.preventDefault();
  });
  at("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (!file) return;
    if (audio.src.startsWith("blob:")) URL.revokeObjectURL(audio.src);
    audio.src = URL.createObjectURL(file);
    tell(`Loading ${file.name} …`);
  });
  audio.addEventListener("loadedmetadata", () => {
    const rest = data.seconds - data.songStart;
    const words = `The ${data.word} is ready: ${audio.duration.toFixed(1)} s.`;
    const apart = Math.abs(audio.duration - rest) > Math.max(5, 0.2 * rest);
    tell(apart ? `${words} The recording goes on for ${rest.toFixed(1)} s from its beginning: is it the excerpt that was played?` : words);
    seek(position);
  });
  audio.addEventListener("error", () => tell("The audio file is not there, or this browser cannot play it. Choose it, or play without sound."));
  if (audio.error || (audio.src && audio.networkState === audio.NETWORK_NO_SOURCE)) audio.dispatchEvent(new Event("error"));
  show();
}

start();
