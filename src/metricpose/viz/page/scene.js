"use strict";
// Draws the scene on a 2D canvas. Metres; x right, y forward along the ground, z up.

const scene = JSON.parse(document.getElementById("scene").textContent);
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const canvas = byId("view");
const pen = canvas.getContext("2d");

root.dataset.errors = "0";
window.addEventListener("error", () => { root.dataset.errors = String(Number(root.dataset.errors) + 1); });

// Vectors ------------------------------------------------------------------------------------------------------------

const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const times = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const length = (a) => Math.hypot(a[0], a[1], a[2]);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// State --------------------------------------------------------------------------------------------------------------

const NEAR = 0.05;
const layers = { labels: true, intervals: true, blobs: true, truth: true };
const eye = { target: [0, 3, 1], distance: 8, azimuth: 0, elevation: 0.3, zoom: 1.25 };
let current = 0;
let chosen = null;
let timer = null;
let waiting = false;
let palette = {};
let home = "aside";
let fitted = null; // the view that follows the size of the window, until somebody turns it

const frame = () => scene.frames[current] || null;

function readPalette() {
  const style = getComputedStyle(root);
  for (const name of ["ground", "ink", "soft", "grid", "left", "right", "middle", "truth", "camera", "halo"]) {
    palette[name] = style.getPropertyValue(`--${name}`).trim();
  }
}

// Projection ---------------------------------------------------------------------------------------------------------

/** Axes of the viewer and where it stands, from its angles about the target. */
function viewer() {
  const { azimuth: a, elevation: e } = eye;
  const ahead = [Math.sin(a) * Math.cos(e), Math.cos(a) * Math.cos(e), -Math.sin(e)];
  const right = [Math.cos(a), -Math.sin(a), 0];
  const up = [Math.sin(a) * Math.sin(e), Math.cos(a) * Math.sin(e), Math.cos(e)];
  const height = canvas.clientHeight || 1;
  return {
    right, up, ahead, at: minus(eye.target, times(ahead, eye.distance)), focal: eye.zoom * height,
    middle: [(canvas.clientWidth || 1) / 2, height / 2],
  };
}

/** The point in the viewer's frame: right, up, ahead. */
function seen(view, p) {
  const d = minus(p, view.at);
  return [dot(d, view.right), dot(d, view.up), dot(d, view.ahead)];
}

const onScreen = (view, q) =>
  [view.middle[0] + (view.focal * q[0]) / q[2], view.middle[1] - (view.focal * q[1]) / q[2]];

/** A point on the screen with its depth, or null behind the viewer. */
function placed(view, p) {
  const q = seen(view, p);
  return q[2] < NEAR ? null : [...onScreen(view, q), q[2]];
}

/** Both ends of a line on the screen, cut where it passes the viewer; null if all of it is behind. */
function placedLine(view, a, b) {
  let [p, q] = [seen(view, a), seen(view, b)];
  if (p[2] < NEAR && q[2] < NEAR) return null;
  if (p[2] < NEAR || q[2] < NEAR) {
    const t = (NEAR - p[2]) / (q[2] - p[2]);
    const cut = [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1]), NEAR];
    if (p[2] < NEAR) p = cut; else q = cut;
  }
  return [onScreen(view, p), onScreen(view, q)];
}

// Drawing ------------------------------------------------------------------------------------------------------------

function stroke(view, a, b, colour, width, { alpha = 1, dash = [] } = {}) {
  const ends = placedLine(view, a, b);
  if (!ends) return;
  pen.globalAlpha = alpha;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(...ends[0]);
  pen.lineTo(...ends[1]);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function disc(x, y, radius, colour, alpha) {
  pen.globalAlpha = alpha;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
  pen.globalAlpha = 1;
}

function words(text, x, y, colour, { bold = false, align = "center" } = {}) {
  pen.font = `${bold ? "600 " : ""}13px system-ui, sans-serif`;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.strokeStyle = palette.halo;
  pen.lineWidth = 4;
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/** Corners of the ground to draw, and the side of its cells: never more than about forty cells across. */
function extent() {
  const ends = scene.frames.flatMap((f) => [...f.people.flatMap((p) => [p.root, ...p.interval]), ...f.truth.map((p) => p.root)]);
  const usable = ends.filter((p) => length(p) < 500);
  const xs = usable.map((p) => p[0]), ys = usable.map((p) => p[1]);
  const wide = { x0: Math.min(-2, ...xs) - 1, x1: Math.max(2, ...xs) + 1, y0: Math.min(-1, ...ys) - 1, y1: Math.max(4, ...ys) + 1 };
  const side = Math.max(wide.x1 - wide.x0, wide.y1 - wide.y0);
  const cell = [1, 2, 5, 10, 20, 50, 100].find((step) => side / step <= 40) || 200;
  return {
    cell, x0: Math.floor(wide.x0 / cell) * cell, x1: Math.ceil(wide.x1 / cell) * cell,
    y0: Math.floor(wide.y0 / cell) * cell, y1: Math.ceil(wide.y1 / cell) * cell,
  };
}

function drawGround(view, ground) {
  const { x0, x1, y0, y1, cell } = ground;
  for (let x = x0; x <= x1 + 1e-6; x += cell) stroke(view, [x, y0, 0], [x, y1, 0], palette.grid, 1, { alpha: x === 0 ? 1 : 0.6 });
  for (let y = y0; y <= y1 + 1e-6; y += cell) stroke(view, [x0, y, 0], [x1, y, 0], palette.grid, 1, { alpha: 0.6 });
  stroke(view, [0, 0, 0], [0, y1, 0], palette.soft, 1.5, { alpha: 0.6 });
  const step = cell * Math.max(1, Math.ceil(y1 / cell / 6));
  for (let y = step; y <= y1 + 1e-6; y += step) {
    const at = placed(view, [0, y, 0]);
    if (at) words(`${y} m`, at[0], at[1], palette.soft);
  }
}

function drawCamera(view, camera) {
  const longest = Math.max(...camera.corners.map((c) => length(minus(c, camera.at))));
  const tips = camera.corners.map((c) => add(camera.at, times(minus(c, camera.at), 0.8 / longest)));
  tips.forEach((tip, i) => {
    stroke(view, camera.at, tip, palette.camera, 1.5, { alpha: 0.9 });
    stroke(view, tip, tips[(i + 1) % 4], palette.camera, 1.5, { alpha: 0.9 });
  });
  const [left, right] = [tips[0], tips[1]];
  const mark = add(times(add(left, right), 0.5), times(minus(add(left, right), add(tips[2], tips[3])), 0.08));
  stroke(view, left, mark, palette.camera, 1.5, { alpha: 0.9 });
  stroke(view, right, mark, palette.camera, 1.5, { alpha: 0.9 });
  stroke(view, camera.at, [camera.at[0], camera.at[1], 0], palette.camera, 1, { alpha: 0.5, dash: [3, 4] });
  const at = placed(view, camera.at);
  if (at) words("camera", at[0], at[1] + 14, palette.camera);
}

/** A person's shadow: where it stands on the ground, which is hard to see otherwise. */
function drawFoot(view, place, colour, alpha) {
  const steps = 24;
  pen.beginPath();
  for (let i = 0; i <= steps; i++) {
    const turn = (2 * Math.PI * i) / steps;
    const at = placed(view, [place[0] + 0.22 * Math.cos(turn), place[1] + 0.22 * Math.sin(turn), 0]);
    if (!at) return;
    if (i) pen.lineTo(at[0], at[1]); else pen.moveTo(at[0], at[1]);
  }
  pen.globalAlpha = alpha;
  pen.fillStyle = colour;
  pen.fill();
  pen.globalAlpha = 1;
  stroke(view, place, [place[0], place[1], 0], colour, 1, { alpha: 0.6, dash: [2, 4] });
}

/** All that belongs to people, as things with a depth, so that what is near covers what is far. */
function drawPeople(view, shown) {
  const things = [];
  const put = (points, draw) => {
    const depths = points.map((p) => seen(view, p)[2]);
    things.push([depths.reduce((a, b) => a + b, 0) / depths.length, draw]);
  };
  if (layers.truth) for (const person of shown.truth) putTruth(view, person, put);
  shown.people.forEach((person, i) => putPerson(view, person, chosen === null || chosen === i, put));
  things.sort((a, b) => b[0] - a[0]);
  for (const [, draw] of things) draw();
}

function putTruth(view, person, put) {
  put([person.root], () => drawFoot(view, person.root, palette.truth, 0.18));
  for (const [a, b] of scene.skeletons[person.skeleton].strokes) {
    const [p, q] = [person.joints[a], person.joints[b]];
    if (p && q) put([p, q], () => stroke(view, p, q, palette.truth, 2.5, { alpha: 0.9 }));
  }
}

function putPerson(view, person, bright, put) {
  const fade = bright ? 1 : 0.3;
  const skeleton = scene.skeletons[person.skeleton];
  const thickness = (p) => clamp((0.035 * view.focal) / Math.max(NEAR, seen(view, p)[2]), 1.2, 14);
  put([person.root], () => drawFoot(view, person.root, person.colour, 0.3 * fade));
  if (layers.intervals) putInterval(view, person, fade, put);
  for (const [a, b, side] of skeleton.strokes) {
    const [p, q] = [person.joints[a], person.joints[b]];
    if (!p || !q) continue;
    const found = person.seen[a] && person.seen[b];
    put([p, q], () => {
      const width = thickness(p);
      stroke(view, p, q, palette[side], found ? width : 0.7 * width,
        { alpha: (found ? 1 : 0.65) * fade, dash: found ? [] : [1.5 * width, 1.6 * width] });
    });
  }
  person.joints.forEach((p, j) => {
    if (!p) return;
    put([p], () => {
      const at = placed(view, p);
      if (!at) return;
      const colour = palette[skeleton.sides[j]];
      if (layers.blobs) disc(at[0], at[1], Math.min(2000, (person.sigmas[j] * view.focal) / at[2]), colour, 0.2 * fade);
      disc(at[0], at[1], 0.72 * thickness(p), colour, (person.seen[j] ? 1 : 0.45) * fade);
    });
  });
}

function putInterval(view, person, fade, put) {
  const [near, far] = person.interval;
  put([near, far], () => {
    stroke(view, near, far, person.colour, 6, { alpha: 0.4 * fade });
    for (const end of [near, far]) {
      const at = placed(view, end);
      if (at) disc(at[0], at[1], 5, person.colour, 0.75 * fade);
    }
  });
}

function drawLabels(view, shown) {
  const taken = [];
  const order = shown.people.map((person, i) => [seen(view, person.root)[2], i]).sort((a, b) => a[0] - b[0]);
  for (const [depth, i] of order.slice(0, 80)) {
    const person = shown.people[i];
    if (depth < NEAR || (chosen !== null && chosen !== i)) continue;
    const tops = person.joints.filter(Boolean).map((p) => p[2]);
    const at = placed(view, [person.root[0], person.root[1], Math.max(person.root[2], ...tops) + 0.18]);
    if (!at) continue;
    const text = `${person.label}  ${person.distance}`;
    pen.font = "600 13px system-ui, sans-serif";
    const half = pen.measureText(text).width / 2 + 6;
    if (at[0] < 0 || at[0] > canvas.clientWidth) continue;
    at[0] = clamp(at[0], half + 6, Math.max(half + 6, canvas.clientWidth - half - 6));
    while (taken.some((box) => Math.abs(box[0] - at[0]) < box[2] + half && Math.abs(box[1] - at[1]) < 19)) at[1] -= 4;
    taken.push([at[0], at[1], half]);
    disc(at[0] - half, at[1], 4.5, person.colour, 1);
    words(text, at[0] + 3, at[1], palette.ink, { bold: true });
  }
}

function draw() {
  waiting = false;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineCap = "round";
  const view = viewer();
  const shown = frame();
  drawGround(view, ground);
  if (shown) {
    drawCamera(view, shown.camera);
    drawPeople(view, shown);
    if (layers.labels) drawLabels(view, shown);
  }
  canvas.dataset.drawn = String(shown ? shown.people.length : 0);
  canvas.dataset.truth = String(shown && layers.truth ? shown.truth.length : 0);
}

function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}

// Where to look from -------------------------------------------------------------------------------------------------

/** What has to be in view: everybody from foot to head, and the camera. */
function wanted() {
  const shown = frame();
  if (!shown) return [[-2, 1, 0], [2, 6, 2]];
  const tall = (p) => [[p[0], p[1], Math.max(0, p[2] - 1)], [p[0], p[1], p[2] + 1]];
  const points = [...shown.people, ...shown.truth].flatMap((person) => tall(person.root));
  const usable = [...points, shown.camera.at, [0, 1.5, 0]].filter((p) => length(p) < 500);
  return usable.length ? usable : [[-2, 1, 0], [2, 6, 2]];
}

function middleOf(points) {
  const low = [0, 1, 2].map((i) => Math.min(...points.map((p) => p[i])));
  const high = [0, 1, 2].map((i) => Math.max(...points.map((p) => p[i])));
  return times(add(low, high), 0.5);
}

const VIEWS = {
  aside: { azimuth: -0.7, elevation: 0.3 },
  top: { azimuth: 0, elevation: Math.PI / 2 - 0.001 },
  side: { azimuth: -Math.PI / 2, elevation: 0.06 },
};

function look(name) {
  const points = wanted();
  if (name === "camera" && frame()) lookThroughCamera(frame().camera, middleOf(points));
  else fit(VIEWS[name] || VIEWS.aside, points);
  fitted = name;
  redraw();
}

/** Looks from the given angles, as near as leaves the points in view with room for labels. */
function fit(angles, points) {
  Object.assign(eye, angles, { target: middleOf(points), distance: 1, zoom: 1.25 });
  for (let round = 0; round < 4; round++) {
    eye.distance = neededDistance(points);
    centre(points);
  }
  eye.distance = neededDistance(points);
}

function neededDistance(points) {
  const view = viewer();
  const room = [0.8 * view.middle[0], 0.78 * view.middle[1]];
  return Math.max(1.5, ...points.map((p) => {
    const d = minus(p, eye.target);
    const needed = Math.max(Math.abs(dot(d, view.right)) / room[0], Math.abs(dot(d, view.up)) / room[1]);
    return needed * view.focal - dot(d, view.ahead);
  }));
}

/** Moves the target so that the points' outline on the screen is about its middle. */
function centre(points) {
  const view = viewer();
  const outline = points.map((p) => placed(view, p)).filter(Boolean);
  if (!outline.length) return;
  const off = [0, 1].map((i) => {
    const along = outline.map((p) => p[i]);
    return (Math.min(...along) + Math.max(...along)) / 2 - view.middle[i];
  });
  const metres = eye.distance / view.focal;
  eye.target = add(eye.target, add(times(view.right, off[0] * metres), times(view.up, -off[1] * metres)));
}

/** From where the picture was taken, with its field of view; the camera's roll is left out. */
function lookThroughCamera(camera, middle) {
  const ahead = minus(camera.ahead, camera.at);
  const distance = Math.max(1, length(minus(middle, camera.at)));
  const shrink = Math.min(1, canvas.clientWidth / Math.max(1, canvas.clientHeight) / camera.aspect);
  Object.assign(eye, {
    azimuth: Math.atan2(ahead[0], ahead[1]), elevation: Math.asin(clamp(-ahead[2], -1, 1)), distance,
    target: add(camera.at, times(ahead, distance)), zoom: camera.focal * shrink,
  });
}

function turn(across, down) {
  fitted = null;
  eye.azimuth += across;
  eye.elevation = clamp(eye.elevation + down, -Math.PI / 2 + 0.001, Math.PI / 2 - 0.001);
  redraw();
}

/** Moves the target by pixels of the screen. */
function move(across, down) {
  fitted = null;
  const view = viewer();
  const metres = eye.distance / view.focal;
  eye.target = add(eye.target, add(times(view.right, -across * metres), times(view.up, down * metres)));
  redraw();
}

function approach(factor) {
  fitted = null;
  eye.distance = clamp(eye.distance * factor, 0.3, 2000);
  redraw();
}

// Pointers and keys --------------------------------------------------------------------------------------------------

const pointers = new Map();

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
});

canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
  const other = [...pointers].find(([id]) => id !== event.pointerId);
  if (other) {
    const gap = (x, y) => Math.max(10, Math.hypot(x - other[1][0], y - other[1][1]));
    approach(gap(...before) / gap(event.clientX, event.clientY));
    move(dx / 2, dy / 2);
  } else if (event.shiftKey || event.buttons & 6) move(dx, dy);
  else turn(dx * 0.007, dy * 0.007);
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
});

for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
}
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  approach(Math.exp(clamp(event.deltaY, -200, 200) * 0.0015));
}, { passive: false });

const KEYS = {
  ArrowLeft: () => turn(-0.08, 0), ArrowRight: () => turn(0.08, 0),
  ArrowUp: () => turn(0, 0.06), ArrowDown: () => turn(0, -0.06),
  "Shift+ArrowLeft": () => move(30, 0), "Shift+ArrowRight": () => move(-30, 0),
  "Shift+ArrowUp": () => move(0, 30), "Shift+ArrowDown": () => move(0, -30),
  "+": () => approach(0.85), "=": () => approach(0.85), "-": () => approach(1.18),
  Home: () => { choose(null); look(home); }, Escape: () => choose(null),
  " ": () => play(timer === null), PageDown: () => show(current + 1), PageUp: () => show(current - 1),
};

canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const arrow = event.key.startsWith("Arrow") && event.shiftKey;
  const act = KEYS[arrow ? `Shift+${event.key}` : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const button of document.querySelectorAll("[data-view]")) {
  button.addEventListener("click", () => { home = button.dataset.view; look(home); });
}
for (const box of document.querySelectorAll("[data-layer]")) {
  box.addEventListener("change", () => { layers[box.dataset.layer] = box.checked; redraw(); });
}
byId("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  readPalette();
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readPalette(); redraw(); });

// Frames and people --------------------------------------------------------------------------------------------------

function show(index) {
  current = clamp(index, 0, Math.max(0, scene.frames.length - 1));
  const shown = frame();
  chosen = null;
  byId("frame").value = String(current);
  byId("count").textContent = `${current + 1} of ${scene.frames.length}`;
  byId("note").textContent = shown ? `${shown.name}: ${shown.note}` : "no pictures";
  byId("note").title = byId("note").textContent;
  byId("note").classList.toggle("assumed", Boolean(shown && shown.assumed));
  byId("frame-note").textContent = shown ? groundNote(shown) : "";
  byId("picture").hidden = !(shown && shown.picture);
  if (shown && shown.picture) byId("picture").firstElementChild.src = shown.picture;
  canvas.setAttribute("aria-label", shown ? `3D view of ${shown.name}: ${shown.note}` : "3D view, empty");
  if (timer === null) byId("status").textContent = shown ? `${shown.name}, ${shown.note}` : "no pictures";
  fillRows(shown ? shown.people : []);
  redraw();
}

function groundNote(shown) {
  if (shown.grounded) return "";
  const tilt = shown.level ? "" : "The camera's tilt is not known: its own up is taken for up. ";
  return `${tilt}The camera's height is not known: the ground is drawn under the lowest joint.`;
}

function fillRows(people) {
  const metres = (value) => (value === null ? "" : value.toFixed(2));
  byId("rows").replaceChildren(...people.map((person, i) => {
    const row = document.createElement("tr");
    const head = document.createElement("td");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = person.label;
    button.style.borderLeftColor = person.colour;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => choose(chosen === i ? null : i));
    head.append(button);
    row.append(head);
    const interval = person.far > person.near ? `${metres(person.near)} to ${metres(person.far)}` : "";
    for (const text of [metres(person.depth), interval, metres(person.sideways), metres(person.true)]) {
      row.append(Object.assign(document.createElement("td"), { textContent: text }));
    }
    row.children[3].className = "sideways";
    row.children[4].className = "true";
    if (person.true !== null && interval && (person.true < person.near || person.true > person.far)) {
      row.children[4].classList.add("outside");
      row.children[4].title = "outside the interval";
    }
    return row;
  }));
  if (!people.length) {
    const cell = Object.assign(document.createElement("td"), { colSpan: 5, textContent: "no people" });
    byId("rows").append(document.createElement("tr"));
    byId("rows").firstElementChild.append(cell);
  }
}

/** Puts one person forward, and turns about it; null for everybody. */
function choose(index) {
  chosen = index;
  const people = frame() ? frame().people : [];
  [...byId("rows").children].forEach((row, i) => {
    row.classList.toggle("chosen", i === index);
    const button = row.querySelector("button");
    if (button) button.setAttribute("aria-pressed", String(i === index));
  });
  if (index === null) look(home);
  else {
    fitted = null;
    eye.target = people[index].root;
    eye.distance = Math.min(eye.distance, 6);
  }
  redraw();
}

function play(on) {
  if (timer !== null) clearInterval(timer);
  timer = on && scene.frames.length > 1 ? setInterval(() => show((current + 1) % scene.frames.length), 120) : null;
  byId("play").textContent = timer === null ? "Play" : "Pause";
  byId("play").setAttribute("aria-pressed", String(timer !== null));
}

byId("frame").addEventListener("input", (event) => { play(false); show(Number(event.target.value)); });
byId("play").addEventListener("click", () => play(timer === null));

// Start --------------------------------------------------------------------------------------------------------------

const ground = extent();
const withTruth = scene.frames.some((f) => f.truth.length > 0);
const compared = scene.frames.some((f) => f.people.some((p) => p.true !== null));
byId("truthbox").hidden = !withTruth;
for (const element of document.querySelectorAll("#legend .true")) element.hidden = !withTruth;
if (!compared) document.head.append(Object.assign(document.createElement("style"), { textContent: ".true { display: none; }" }));
byId("player").hidden = scene.frames.length < 2;
byId("frame").max = String(Math.max(0, scene.frames.length - 1));
readPalette();
show(0);
look("aside");
draw();
new ResizeObserver(() => { if (fitted) look(fitted); redraw(); }).observe(canvas);
