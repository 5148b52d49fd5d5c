// Walks the console in Chromium: by mouse, by keyboard alone, on a phone, in the dark, without script. A line a check: ok or FAIL.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.env.MODULES + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const { URL: url, PASSWORD: password, SHOTS: shots, HOSTILE: hostile } = process.env;
let failed = 0;

function check(name, good, seen = '') {
    console.log(good ? `ok ${name}` : `FAIL ${name}: ${String(seen).slice(0, 500)}`);
    failed += !good;
}

async function judge(page, name) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    check(`axe: ${name}`, found.violations.length === 0, JSON.stringify(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 100) + (n.any[0]?.message ?? ''))])));
}

async function shoot(page, name) {
    if (shots)
        await page.screenshot({ path: `${shots}/${name}.png` });
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const odd = [];

async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: 'light', ...options });
    context.setDefaultTimeout(60000);
    const page = await context.newPage();
    page.on('dialog', (d) => { odd.push('dialog'); d.dismiss(); });
    page.on('request', (r) => { if (!r.url().startsWith(url)) odd.push(`request ${r.url()}`); });
    page.on('console', (m) => { if (m.type() === 'error' && !/status of (401|404|429)/.test(m.text())) odd.push(m.text()); });
    page.on('pageerror', (e) => odd.push(e.message));
    return page;
}

async function signIn(page, name, word = password) {
    await page.goto(url + '/sign-in');
    await page.fill('#name', name);
    await page.fill('#password', word);
    await page.click('button.main');
    await page.waitForLoadState();
}

const heading = (page) => page.textContent('h1');
const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

// ---- signing in ----
let page = await open();
let answer = await page.goto(url + '/list?queue=q');
check('without a session: the sign-in page', answer.status() === 401 && await heading(page) === 'Sign in');
await judge(page, 'sign in');
for (let i = 0; i < 5; i++)
    await signIn(page, 'wrong', 'not this one');
check('wrong password five times', (await page.textContent('[role=alert]')).includes('wrong'));
await signIn(page, 'wrong');
check('the sixth time waits', (await page.textContent('[role=alert]')).includes('Too many tries'));

// ---- by keyboard alone ----
await page.goto(url + '/sign-in');
await page.keyboard.type('root');
await page.keyboard.press('Tab');
await page.keyboard.type(password);
await page.keyboard.press('Enter');
await page.waitForSelector('h1:has-text("Overview")');
check('keyboard: signed in', true);
const time = await page.textContent('[data-live=time]');
await shoot(page, 'overview');
await page.keyboard.press('Tab');
check('keyboard: the first stop skips the navigation', await page.evaluate(() => document.activeElement.className) === 'skip');
await page.keyboard.press('Enter');
check('keyboard: skipped', page.url().endsWith('#main'));
await judge(page, 'overview');
await page.waitForFunction((t) => document.querySelector('[data-live=time]').textContent !== t, time, { timeout: 60000 });
check('figures are kept up to date', true);
async function tabTo(test) {
    for (let i = 0; i < 90; i++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(test))
            return true;
    }
    return false;
}
await page.goto(url + '/');
check('keyboard: to the mail', await tabTo(() => document.activeElement.textContent === 'Mail'));
await page.keyboard.press('Enter');
await page.waitForSelector('h1:has-text("Quarantined")');
check('keyboard: to a field', await tabTo(() => document.activeElement.name === 'subject'));
await page.keyboard.type('Release me');
await page.keyboard.press('Enter');
await page.waitForURL(/subject=Release/);
check('keyboard: found one', await page.locator('tbody tr').count() === 1);
check('keyboard: to the item', await tabTo(() => document.activeElement.textContent === 'Release me'));
await page.keyboard.press('Enter');
await page.waitForSelector('text=What to do');
check('keyboard: to the button', await tabTo(() => document.activeElement.value === 'release'));
await page.keyboard.press('Enter');
await page.waitForSelector('[role=status]');
check('keyboard: released', (await page.textContent('[role=status]')).includes('1 released'));
await judge(page, 'what was done');

// ---- by mouse ----
await page.goto(url + '/list?queue=q');
await judge(page, 'list');
await shoot(page, 'list');
check('a page of fifty', await page.locator('tbody tr').count() === 50);
await page.click('a[rel=next]');
await page.waitForSelector('a[rel=prev]');
check('the next page', await page.locator('tbody tr').count() === 23, await page.locator('tbody tr').count());
await page.goto(url + '/list?queue=q&signature=GTUBE');
for (const i of [0, 1, 2])
    await page.locator('input[name=item]').nth(i).check();
await page.click('text=Delete chosen');
await page.waitForSelector('h1:has-text("are you sure")');
check('bulk: asks, and says how many', (await page.textContent('main')).includes('3 items'));
await judge(page, 'confirmation');
await page.click('button.main');
await page.waitForSelector('[role=status]');
check('bulk: done', (await page.textContent('[role=status]')).includes('3 deleted'));
await page.click('text=Deleted');
for (const path of ['/stats', '/settings', '/help', '/list?queue=h', '/list?queue=q&subject=nothing+fits']) {
    await page.goto(url + path);
    await judge(page, path);
}
await page.goto(url + '/report');
check('the report', (await page.textContent('h1')).includes('The last day'));

// ---- hostile mail ----
await page.goto(url + '/list?queue=q&signature=Test.Virus');
check('hostile: in the list as text', (await page.textContent('tbody')).includes(hostile.replace('\u202e', '?').replaceAll('"', "'")), await page.textContent('tbody'));
await page.click('tbody th a');
await page.waitForSelector('text=What to do');
check('hostile: on its page as text', (await page.textContent('main')).includes(hostile.replace('\u202e', '\ufffd')));
check('hostile: nothing ran', await page.evaluate(() => window.owned === undefined && document.scripts.length === 1 && document.images.length === 0));
await judge(page, 'hostile item');
await shoot(page, 'item-hostile');
await page.goto(url + '/item?id=0.m000');
await judge(page, 'item');
await shoot(page, 'item');

// ---- one domain ----
const other = await open();
await signIn(other, 'one');
await other.waitForSelector('h1:has-text("Overview")');
await judge(other, 'overview of one domain');
await other.goto(url + '/list?queue=q');
check('one domain: sees its own', !(await other.textContent('main')).includes('two.example'));
check('one domain: no statistics', await other.locator('text=Statistics').count() === 0);
answer = await other.goto(url + '/item?id=0.m002');
check('one domain: nothing of another', answer.status() === 404);

// ---- a phone; the dark; no script ----
const cookies = await page.context().cookies();
for (const [name, options] of [['phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }], ['dark', { colorScheme: 'dark' }], ['plain', { javaScriptEnabled: false }]]) {
    const p = await open(options);
    await p.context().addCookies(cookies);
    for (const [path, shot] of [['/', 'overview'], ['/list?queue=q', 'list'], ['/item?id=0.m001', 'item'], ['/help', 'help']]) {
        await p.goto(url + path);
        if (name === 'plain')
            check(`no script: ${shot}`, (await p.textContent('main')).length > 300);
        else
            await judge(p, `${name}: ${shot}`);
        if (name === 'phone')
            check(`phone: ${shot} is not wider than the screen`, await wide(p) <= 0, await wide(p));
        if (name !== 'plain' && shot !== 'help')
            await shoot(p, `${name}-${shot}`);
    }
}
check('no dialog, no error, nothing from elsewhere', odd.length === 0, odd.join('; '));
await browser.close();
process.exit(failed ? 1 : 0);
