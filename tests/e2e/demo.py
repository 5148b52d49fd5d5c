"""demo.py STEP ROOM: the steps of scripts/demo that need a MIME parser. ROOM holds message, after, report.json, convscan.log."""
import json
import os
import sys

import mailkit as kit

CLEANED, REPLACED = {'3': 'june/invoice-17.txt'}, {'4.2': 'minutes.dat'}       # and the file that the notice names


def read(room, name):
    with open(os.path.join(room, name), 'rb') as f:
        return f.read()


def build(room):
    with open(os.path.join(room, 'message'), 'wb') as f:
        f.write(kit.demo_message())
    kit.Channel(room)                   # writes the configuration and the conversions file beside it


def before(room):
    raw = read(room, 'message')
    msg = kit.parse(raw)
    print(f"   From: {msg['From']}   Subject: {msg['Subject']}   {len(raw)} bytes\n")
    print(f"   {'part':5} {'type':26} {'bytes':>6}  name")
    for leaf in kit.leaves(msg):
        print(f'   {leaf.number:5} {leaf.type:26} {len(leaf.payload):6}  {leaf.name}'.rstrip())


def found(room):
    spent = {p['part']: p['us'] / 1000 for p in map(json.loads, read(room, 'report.json').splitlines())}
    print(f"\n   {'part':5} {'class':8} {'action':8} {'objects':>7} {'ms':>6}  what and where")
    for line in read(room, 'convscan.log').decode('utf-8', 'replace').splitlines():
        f = kit.log_fields(line)
        where = ' in '.join(x for x in (f.get('sig', '-'), f.get('name', '-')) if x != '-')
        print(f"   {f['part']:5} {f['class']:8} {f['action']:8} {f['objects']:>7} {spent[f['part']]:6.2f}  {where}".rstrip())
    print(f'\n   {len(spent)} parts, {sum(spent.values()):.1f} ms in all, from the start of each process to its end')


def after(room):
    was = {leaf.number: leaf for leaf in kit.leaves(kit.parse(read(room, 'message')))}
    print(f"   {'part':5} {'type':26} {'bytes':>6}  what became of it")
    for leaf in kit.leaves(kit.parse(read(room, 'after'))):
        same = leaf.number in was and leaf.payload == was[leaf.number].payload
        if same:
            fate = 'as it was, byte for byte'
        else:
            fate = 'an archive still; inside:' if leaf.number in CLEANED else 'replaced by this notice:'
        print(f'   {leaf.number:5} {leaf.type:26} {len(leaf.payload):6}  {fate}')
        for name, content in [] if same else kit.members(leaf.payload):
            if name:
                print(f'         {name}')
            for line in content.decode('utf-8', 'replace').splitlines():
                print(f'         | {line}'.rstrip())


class Checks:
    def __init__(self):
        self.failed = 0

    def that(self, what, is_so, why=''):
        print(f"   {'ok  ' if is_so else 'FAIL'}  {what}{'' if is_so or not why else ': ' + str(why)}")
        self.failed += not is_so


def check(room, status):
    c = Checks()
    raw, out = read(room, 'message'), read(room, 'after')
    a, b = kit.parse(raw), kit.parse(out)
    old, new = kit.leaves(a), kit.leaves(b)
    log = read(room, 'convscan.log').decode('utf-8', 'replace').splitlines()
    c.that('convchan delivered the message (exit status 0)', status == 0, status)
    c.that('the message is valid MIME', new and not kit.defects(b), kit.defects(b))
    c.that('it has the same parts in the same places', [x.number for x in old] == [x.number for x in new],
           [x.number for x in new])
    c.that('header fields of the message are as they were',
           all(a[h] == b[h] for h in ('From', 'To', 'Subject', 'Date', 'Message-ID')))
    was, now = {x.number: x for x in old}, {x.number: x for x in new}
    for x in old:
        if x.number in CLEANED or x.number in REPLACED:
            continue
        y = now.get(x.number)
        c.that(f'part {x.number} ({x.name or x.type}) is byte for byte what it was',
               y is not None and (y.type, y.name, y.payload) == (x.type, x.name, x.payload))
    for number, name in CLEANED.items():
        y = now.get(number)
        inside = dict(kit.members(y.payload)) if y else {}
        notes = [t.decode('utf-8', 'replace') for n, t in inside.items() if n.startswith(name)]
        c.that(f'part {number} is still {was[number].name}, its other member byte for byte what it was',
               y is not None and (y.type, y.name) == (was[number].type, was[number].name)
               and inside.get('readme.txt') == dict(kit.members(was[number].payload))['readme.txt'])
        c.that(f'in place of {name} a text names the virus and the file',
               len(notes) == 1 and 'eicar' in notes[0].lower() and name in notes[0], notes)
        c.that('a header field of the part names it too', y is not None and 'eicar' in str(y.part.items()).lower())
    for number, name in REPLACED.items():
        y = now.get(number)
        text = y.payload.decode('utf-8', 'replace') if y else ''
        c.that(f'part {number} is a text that names the virus and {name}',
               y is not None and y.type == 'text/plain' and 'eicar' in text.lower() and name in text, text)
    infected = [*CLEANED, *REPLACED]
    c.that(f'the log has class virus for {" and ".join(infected)}, and for no other part',
           sorted(f['part'] for f in map(kit.log_fields, log) if f.get('class') == 'virus') == infected)
    c.that('the test file is nowhere in what is delivered, decoded and unpacked or not',
           kit.EICAR not in out and not any(kit.EICAR in t for x in new for _, t in kit.members(x.payload)))
    c.that(f'one log line for each of the {len(old)} parts', len(log) == len(old), len(log))
    if c.failed:
        print(f'\ndemo: FAILED, {c.failed} of the claims above did not hold')
        return 1
    print(f'\ndemo: passed: of {len(old)} parts {len(infected)} were infected; in the archive and in the forwarded message a notice stands '
          f'for the virus, the other {len(old) - len(infected)} parts are unchanged')
    return 0


STEPS = {'build': build, 'before': before, 'found': found, 'after': after}

if __name__ == '__main__':
    step, folder = sys.argv[1:3]
    sys.exit(check(folder, int(sys.argv[3])) if step == 'check' else STEPS[step](folder))
