import { bootChartSvg } from './chart';

const phases = { firmware: 1000, kernel: 2500, userspace: 500 };
const rectangles = (svg: string, fill: string): string[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)" height="\d+" fill="(#\w+)"/g)]
    .filter(([, , , , colour]) => colour === fill)
    .map(([, x, y, width]) => `${x} ${y} ${width}`);

test('phases, each as long as it took; all of it is escaped', () => {
  const svg = bootChartSvg('a<b', phases, []);
  expect(svg).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg [^>]*width="840" height="115"/);
  expect(svg).toContain('Boot of a&lt;b: 4.0 s from the start of QEMU (firmware 1.0 s, kernel 2.5 s, userspace 0.5 s)');
  const colours = ['#9a9a9a', '#d98c3f', '#62a884'];
  expect(colours.flatMap((colour) => rectangles(svg, colour))).toEqual([
    '20.0 45 100.0',
    '120.0 45 250.0',
    '370.0 45 50.0',
  ]);
});

test('a unit stands where it began to start after the firmware, dark until it was up', () => {
  const svg = bootChartSvg('dev', phases, [
    { name: 'a.service', start: 2500, up: 2700 },
    { name: 'b.service', start: 2600, up: 2650, end: 2850 },
    { name: 'once.service', start: 2600, end: 2700 },
    { name: 'starting.service', start: 2900 },
  ]);
  expect(rectangles(svg, '#e57368')).toEqual(['370.0 95 20.0', '380.0 113 5.0', '380.0 131 10.0', '410.0 149 10.0']);
  expect(rectangles(svg, '#f3dedb')).toEqual(['390.0 95 30.0', '385.0 113 20.0']);
  expect(svg).toMatch(/>a\.service \(0\.200 s\)<.*[^]*>starting\.service \(0\.100 s\)</);
});
