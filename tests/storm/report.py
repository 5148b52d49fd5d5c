"""The storm's numbers as ratios and as one page of HTML with plots, which needs nothing from elsewhere."""
import html
import statistics

from commands import COMMANDS, TITLES

COLOURS = {'none': '#888888', 'cp': '#1f77b4', 'convscan': '#2ca02c', 'clamdscan': '#d62728', 'script': '#9467bd'}
STYLE = ('body{font:14px/1.5 sans-serif;max-width:72em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}'
         'td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}'
         '.bad{color:#b00;font-weight:bold}.plots{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}')
WANTED = {'cp': 0.90, 'clamdscan': 5.0}     # convscan's messages a second against theirs


def median(values):
    return statistics.median(values) if values else None


def ratio(ours, theirs):
    """Of messages a second, turn by turn: the median, without each one's last turn, which ends early."""
    pairs = list(zip(ours['speeds'][:-1], theirs['speeds'][:-1])) or [(ours['per_second'], theirs['per_second'])]
    return median([a / b for a, b in pairs if b > 0]) or 0


def ratios(runs):
    """convscan against cp and clamdscan, in messages a second and in processor time, for each size and number of jobs."""
    found = []
    storms = {(r['messages'], r['jobs'], r['command']): r for r in runs if r['kind'] == 'storm'}
    for n, jobs in sorted({key[:2] for key in storms}):
        ours = storms.get((n, jobs, 'convscan'))
        for peer in ('none', 'cp', 'clamdscan', 'script'):
            theirs = storms.get((n, jobs, peer))
            if ours and theirs:
                found.append(dict(messages=n, jobs=jobs, peer=peer, want=WANTED.get(peer), speed=round(ratio(ours, theirs), 3),
                                  cpu=round(theirs['cpu_ms'] / max(ours['cpu_ms'], 1e-9), 3)))
    return found


def verdicts(data):
    for r in data['ratios']:
        met = '' if r['want'] is None else f"  ≥ {r['want']:g} {'met' if r['speed'] >= r['want'] else 'NOT MET'}"
        yield (f"ratio    {r['messages']:6} messages, {r['jobs']} jobs: convscan / {TITLES[r['peer']]:15} {r['speed']:6.3f} "
               f"(by processor time {r['cpu']:6.3f}){met}")
    kinds = {'of the same number of jobs': lambda p: p['what'] == 'batch' and p['jobs'] == p['learned'],
             'of another number of jobs': lambda p: p['what'] == 'batch' and p['jobs'] != p['learned'] and isinstance(p['learned'], int),
             'of all other numbers of jobs': lambda p: p['what'] == 'batch' and isinstance(p['learned'], str),
             'of messages one by one, from their own log': lambda p: p['what'] == 'own',
             'of messages one by one, from fewer of them': lambda p: p['what'] == 'paced'}
    for kind, fits in kinds.items():
        known = [abs(p['off']) for p in data['plan'] if p['off'] is not None and fits(p)]
        if known:
            yield (f"plan     at most {max(known):.0%} off in {len(known)} predictions {kind}  "
                   f"≤ 25% {'met' if max(known) <= 0.25 else 'NOT MET'}")


# ---- plots ----

def nice(most):
    step = 10 ** len(str(int(most))) / 10 if most >= 1 else 0.1
    for k in (0.1, 0.2, 0.5, 1, 2):
        if most / (step * k) <= 6:
            return step * k
    return step * 5


def axis(most, place, turn):
    step, marks, at = nice(most), '', 0.0
    while at <= most * 1.0001:
        marks += place(at, f'{at:g}' if step >= 1 else f'{at:.2g}')
        at += step
    return marks + turn


def plot(title, lines, across, up):
    """lines: (name, colour, [(x, y)])."""
    wide, high, left, low = 520, 300, 60, 40
    most_x = max((x for _, _, p in lines for x, _ in p), default=1) or 1
    most_y = max((y for _, _, p in lines for _, y in p), default=1) or 1

    def sx(x):
        return left + x / most_x * (wide - left - 10)

    def sy(y):
        return high - low - y / most_y * (high - low - 20)

    def mark_x(v, text):
        return f'<text x="{sx(v):.1f}" y="{high - low + 16}" text-anchor="middle">{text}</text>'

    def mark_y(v, text):
        return (f'<text x="{left - 6}" y="{sy(v) + 4:.1f}" text-anchor="end">{text}</text>'
                f'<path d="M{left} {sy(v):.1f}H{wide - 10}" stroke="#eee"/>')

    body = axis(most_x, mark_x, f'<text x="{wide / 2}" y="{high - 6}" text-anchor="middle">{html.escape(across)}</text>')
    body += axis(most_y, mark_y, f'<text x="4" y="12">{html.escape(up)}</text>')
    for k, (name, colour, points) in enumerate(lines):
        way = ' '.join(f'{sx(x):.1f},{sy(y):.1f}' for x, y in points)
        body += f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.7"/>'
        if len(points) < 12:
            body += ''.join(f'<circle cx="{sx(x):.1f}" cy="{sy(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in points)
        body += f'<text x="{wide - 12}" y="{30 + 14 * k}" text-anchor="end" fill="{colour}">{html.escape(name)}</text>'
    return (f'<figure><figcaption>{html.escape(title)}</figcaption><svg width="{wide}" height="{high}" font-size="11" '
            f'font-family="sans-serif" role="img"><title>{html.escape(title)}</title>{body}</svg></figure>')


def by_command(runs, across, up):
    return [(TITLES[c], COLOURS[c], sorted((r[across], up(r)) for r in runs if r['command'] == c))
            for c in COMMANDS if any(r['command'] == c for r in runs)]


def plots(data):
    storms = [r for r in data['runs'] if r['kind'] == 'storm']
    largest = max((r['messages'] for r in storms), default=0)
    for jobs in sorted({r['jobs'] for r in storms}):
        some = [r for r in storms if r['jobs'] == jobs]
        depth = [(TITLES[r['command']], COLOURS[r['command']], r['depth']) for r in some if r['messages'] == largest]
        yield plot(f'Depth of the queue, {largest} messages, {jobs} jobs', depth, 'seconds', 'messages')
        if len({r['messages'] for r in some}) > 1:
            yield plot(f'Median delay, {jobs} jobs', by_command(some, 'messages', lambda r: r['delay_s'].get('p50', 0)), 'messages', 'seconds')
            yield plot(f'Messages a second, {jobs} jobs', by_command(some, 'messages', lambda r: r['per_second']), 'messages', 'a second')
    at_largest = [r for r in storms if r['messages'] == largest]
    yield plot(f'Messages a second by jobs, {largest} messages', by_command(at_largest, 'jobs', lambda r: r['per_second']), 'jobs', 'a second')
    for r in data['runs']:
        if r['kind'] != 'storm':
            yield plot(f"Depth of the queue: {r['kind']}, {r['messages']} messages, {r['jobs']} jobs",
                       [(TITLES[r['command']], COLOURS[r['command']], r['depth'])], 'seconds', 'messages')


# ---- the page ----

def table(head, rows):
    def line(tag, cells):
        return '<tr>' + ''.join(f'<{tag}>{html.escape(str(c))}</{tag}>' for c in cells) + '</tr>'
    return '<table>' + line('th', head) + ''.join(line('td', r) for r in rows) + '</table>'


def run_rows(runs):
    for r in runs:
        d = r['delay_s']
        yield (r['kind'], TITLES[r['command']], r['messages'], r['jobs'], r['per_second'], d.get('p50'), d.get('p95'), d.get('p99'),
               r['service_ms'], r['cpu_ms'], r['processors'], r['disturbed'] or '', '; '.join(r['wrong']) or 'none')


def plan_rows(plans):
    for p in plans:
        yield (p['what'], p['learned'], p['jobs'], p['expected'], p['measured'],
               *([''] * 3 if p['off'] is None else (f"{x:+.0%}" for x in (p['off'], p['offs'][0], p['offs'][-1]))))


def page(data):
    wrong = sum(bool(r['wrong']) for r in data['runs'])
    judged = '<p class="bad">%d runs were wrong.</p>' % wrong if wrong else '<p>No message was lost, duplicated, changed or delivered infected in any run.</p>'
    return ('<!doctype html><html lang="en"><meta charset="utf-8"><title>The storm</title><style>' + STYLE + '</style>'
            f"<h1>The storm</h1><p>{html.escape(data['source'])}, half of them infected; {data['processors']} processors.</p>" + judged
            + '<h2>Against the peers</h2><ul>' + ''.join(f'<li>{html.escape(v)}</li>' for v in verdicts(data)) + '</ul>'
            + '<h2>Plots</h2><div class="plots">' + ''.join(plots(data)) + '</div><h2>Runs</h2>'
            + table(('run', 'command', 'messages', 'jobs', 'a second', 'delay 50% s', '95%', '99%', 'service ms', 'cpu ms', 'processors',
                     'disturbed', 'wrong'), run_rows(data['runs']))
            + '<h2>convstat plan</h2>' + table(('arrivals', 'learned from jobs', 'for jobs', 'median delay expected s', 'measured', 'off', 'from', 'to'),
                                                plan_rows(data['plan'])) + '</html>\n')
