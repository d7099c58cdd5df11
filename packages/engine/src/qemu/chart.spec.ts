import { composeChart } from './chart';

const plot = `<?xml version="1.0" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg width="1234.500px" height="678.000px" version="1.1" xmlns="http://www.w3.org/2000/svg">

<text>app.service</text>
</svg>
`;

test('the phases stand above what the guest drew, each as long as it took', () => {
  const chart = composeChart('a<b', { firmware: 1000, kernel: 2500, userspace: 40 }, plot);
  expect(chart).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg [^>]*width="1235" height="798">/);
  expect(chart).toContain('Boot of a&lt;b: 3.5 s from the start of QEMU');
  expect([...chart.matchAll(/x="([\d.]+)" y="60" width="([\d.]+)"/g)].map(([, x, width]) => [x, width])).toEqual([
    ['20.0', '100.0'],
    ['120.0', '250.0'],
    ['370.0', '4.0'],
  ]);
  expect(chart).toMatch(/<svg y="120" width="1234.500px"[^]*<text>app.service<\/text>\n<\/svg>\n<\/svg>\n$/);
  expect(chart.match(/<\?xml|<!DOCTYPE/g)).toEqual(['<?xml']);
});

test('a long boot makes it wide', () => {
  expect(composeChart('dev', { kernel: 20_000 }, plot)).toContain('width="2040"');
});
