import { megabytes } from './figures';
import { html } from './html';
import type { Html } from './html';
import { squarify } from './squarify';
import type { Rectangle } from './squarify';
import type { ContentGroup, ImageSummary } from './summary';

const width = 960;
const height = 540;
/** Height of an image's title, and the gap around what is in it. */
const title = 18;
const gap = 2;
/** Parts that take less of the whole are drawn as one. */
const smallest = 0.0015;
/** Width of a character of the labels, about. */
const letter = 6.2;

interface Part {
  name: string;
  bytes: number;
}

/**
 * The images and the packages in them, each as large as its files are unpacked. The tables say the same in words: it is
 * one picture to a screen reader.
 */
export function treeMap(images: readonly ImageSummary[]): Html {
  const shown = images
    .map((image) => ({ image, bytes: image.unpacked ?? image.size }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  const total = shown.reduce((sum, { bytes }) => sum + bytes, 0);
  const areas = squarify(
    shown.map(({ bytes }) => bytes),
    { x: 0, y: 0, width, height },
  );
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="map-title" aria-describedby="map-text">
    <title id="map-title">What takes the space</title>
    <desc id="map-text">${shown.map(({ image, bytes }) => `${image.name}: ${megabytes(bytes)}`).join('; ')}.</desc>
    ${shown.map(({ image, bytes }, at) => drawImage(image, bytes, total, areas[at]!, at))}
  </svg>`;
}

function drawImage(image: ImageSummary, bytes: number, total: number, area: Rectangle, at: number): Html {
  const hasTitle = area.height > title * 2 && area.width > 40;
  const inner = inset(hasTitle ? { ...area, y: area.y + title, height: area.height - title } : area);
  const parts = together(image.groups, total);
  const label = `${image.name}, ${megabytes(bytes)}`;
  return html`<g class="image c${at % 8}">
    ${box(area, 'frame', label)} ${hasTitle && text(label, area, 13)}
    ${
      inner.width > 0 &&
      inner.height > 0 &&
      squarify(
        parts.map((part) => part.bytes),
        inner,
      ).map((place, index) => drawPart(parts[index]!, place))
    }
  </g>`;
}

function drawPart({ name, bytes }: Part, place: Rectangle): Html {
  return html`<g class="part">
    ${box(place, 'tile', `${name}: ${megabytes(bytes)}`)} ${place.height > 16 && text(name, place, 12)}
    ${place.height > 32 && text(megabytes(bytes), { ...place, y: place.y + 14 }, 12)}
  </g>`;
}

function box({ x, y, width, height }: Rectangle, kind: string, label: string): Html {
  return html`<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}">
    <title>${label}</title>
  </rect>`;
}

/** As much of it as there is room for; nothing where that says too little. */
function text(label: string, area: Rectangle, below: number): Html | undefined {
  const room = Math.floor((area.width - 6) / letter);
  if (room < Math.min(4, label.length)) return undefined;
  const shown = label.length <= room ? label : `${label.slice(0, room - 1)}…`;
  return html`<text x="${round(area.x + 4)}" y="${round(area.y + below)}">${shown}</text>`;
}

/** Sorted by size; what is too small to be seen as one part at the end. */
function together(groups: readonly ContentGroup[], total: number): Part[] {
  const seen = groups.filter(({ bytes }) => bytes / total >= smallest);
  const others = groups.filter(({ bytes }) => bytes > 0 && bytes / total < smallest);
  const rest = others.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts: Part[] = [...seen, ...(rest > 0 ? [{ name: `${others.length} smaller ones`, bytes: rest }] : [])];
  return parts.sort((a, b) => b.bytes - a.bytes);
}

function inset({ x, y, width, height }: Rectangle): Rectangle {
  return {
    x: x + gap,
    y: y + gap,
    width: Math.max(0, width - 2 * gap),
    height: Math.max(0, height - 2 * gap),
  };
}

function round(value: number): string {
  return value.toFixed(1);
}
