// `node tools/browser/setup.mjs`: a browser for the tests that look at pages; chromium of Debian's packages where there is
// none yet. The last line it prints is the program.
import { installPackages, isInPath } from '../setup.mjs';

const names = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];
if (!names.some(isInPath)) installPackages(['chromium']);
console.log(names.find(isInPath));
