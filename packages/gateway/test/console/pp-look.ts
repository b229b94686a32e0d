import { openBrowser } from './browser.ts';

const [url = '', key = '', ...flags] = process.argv.slice(2);
const browser = await openBrowser();
if (!browser) throw new Error('none');
const context = await browser.newContext({
  viewport: flags.includes('narrow') ? { width: 360, height: 740 } : { width: 1280, height: 820 },
  colorScheme: flags.includes('dark') ? 'dark' : 'light',
  locale: 'en-US',
});
const page = await context.newPage();
page.on('console', (m) => console.log(`${m.type()}: ${m.text()}`));
page.on('pageerror', (e) => console.log(`page error: ${e.message}`));
await page.goto(`${url}/console`);
await page.getByLabel('API key').fill(key);
await page.getByRole('button', { name: 'Log in' }).click();
await page.getByRole('navigation').waitFor();
const script = await import(flags.find((f) => f.endsWith('.ts')) ?? '');
await script.default(page, url, (name: string) =>
  page.screenshot({ path: `/tmp/pp-shots/${name}.png` }),
);
await browser.close();
