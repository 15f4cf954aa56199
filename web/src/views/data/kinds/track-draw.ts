export interface Point {
  latitude: number;
  longitude: number;
  at: string;
  seq: number;
  participant: string;
}
/** Metres on a flat sheet: east and north of the equator's origin, around the middle of the track. */
export interface View {
  x: number;
  y: number;
  span: number;
  cos: number;
}

const METRES = 111_320;

const flat = (point: Point, cos: number) => ({ x: point.longitude * METRES * cos, y: point.latitude * METRES });

export function bounds(points: Point[]): View | null {
  const first = points[0];
  if (!first) return null;
  let [south, north, west, east] = [first.latitude, first.latitude, first.longitude, first.longitude];
  for (const { latitude, longitude } of points) {
    south = Math.min(south, latitude);
    north = Math.max(north, latitude);
    west = Math.min(west, longitude);
    east = Math.max(east, longitude);
  }
  const cos = Math.max(0.01, Math.cos((((south + north) / 2) * Math.PI) / 180));
  const span = Math.max((north - south) * METRES, (east - west) * METRES * cos, 50);
  return { x: ((west + east) / 2) * METRES * cos, y: ((south + north) / 2) * METRES, span: span * 1.15, cos };
}

export function project(view: View, width: number, height: number) {
  const scale = Math.min(width, height) / view.span;
  return { scale, place: (point: Point) => { const { x, y } = flat(point, view.cos); return { x: width / 2 + (x - view.x) * scale, y: height / 2 - (y - view.y) * scale }; } };
}

export function nearest(points: Point[], view: View, width: number, height: number, x: number, y: number): Point | null {
  const { place } = project(view, width, height);
  let found: Point | null = null;
  let best = 14 ** 2;
  for (const point of points) {
    const at = place(point);
    const away = (at.x - x) ** 2 + (at.y - y) ** 2;
    if (away < best) {
      best = away;
      found = point;
    }
  }
  return found;
}

export function draw(canvas: HTMLCanvasElement, points: Point[], view: View, near: Point | null): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  const { scale, place } = project(view, width, height);
  grid(context, width, height, scale, view, colour('--edge'), colour('--quiet'));
  const placed = points.map(place);
  context.lineWidth = 1.6;
  context.lineJoin = 'round';
  context.strokeStyle = colour('--accent');
  const parts = 40;
  for (let part = 0; part < parts; ++part) {
    const from = Math.floor((part * (placed.length - 1)) / parts);
    const to = Math.floor(((part + 1) * (placed.length - 1)) / parts);
    context.globalAlpha = 0.3 + (0.7 * part) / parts;
    context.beginPath();
    for (let i = from; i <= to; ++i) {
      const at = placed[i];
      if (!at) continue;
      if (i === from) context.moveTo(at.x, at.y);
      else context.lineTo(at.x, at.y);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  context.fillStyle = colour('--accent');
  for (const at of [placed[0], placed[placed.length - 1]]) if (at) dot(context, at, 4.5);
  if (near) {
    context.fillStyle = colour('--bad');
    dot(context, place(near), 5);
  }
}

function dot(context: CanvasRenderingContext2D, at: { x: number; y: number }, radius: number): void {
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** Squares of a round size, and how long one is. */
function grid(context: CanvasRenderingContext2D, width: number, height: number, scale: number, view: View, line: string, text: string): void {
  const raw = 90 / scale;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power;
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = Math.ceil((view.x - width / 2 / scale) / step) * step; x < view.x + width / 2 / scale; x += step) {
    const at = Math.round(width / 2 + (x - view.x) * scale) + 0.5;
    context.moveTo(at, 0);
    context.lineTo(at, height);
  }
  for (let y = Math.ceil((view.y - height / 2 / scale) / step) * step; y < view.y + height / 2 / scale; y += step) {
    const at = Math.round(height / 2 - (y - view.y) * scale) + 0.5;
    context.moveTo(0, at);
    context.lineTo(width, at);
  }
  context.stroke();
  context.fillStyle = text;
  context.font = '11px sans-serif';
  context.fillText(`one square: ${step >= 1000 ? `${step / 1000} km` : `${step} m`}`, 10, height - 10);
}
