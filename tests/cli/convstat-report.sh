#!/bin/sh
# convstat report: well-formed, self-contained, true to the log, and deaf to markup in it.
[ -x "$BIN/convstat" ] || exit 77
command -v python3 >/dev/null || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
line() { printf 'time=2026-01-0%sT%s:04:05.000000Z id=%s part=1 in=a out=b type=x name=- class=%s sig=%s action=pass size=1000 objects=1 bytes=1 us=%s cpu_us=5 db=0\n' "$@"; }
{
    line 1 03 m1 clean - 1000; line 1 04 m2 clean - 2000; line 2 05 m3 virus Worm.A 3000; line 2 05 m4 virus Worm.A 3000
    line 2 06 m5 spam '"<script>alert(1)</script>&"' 9000; line 2 06 m6 error - 9000
} >log
printf 'time=1767330000 act=release id="a"\ntime=1767330001 act=delete id="b"\n' >acts.log
"$BIN/convstat" report --html page.html --title 'A <b> & "c"' --acts acts.log log; [ $? = 0 ] && ok || bad "exit"
python3 - <<'P' && ok || bad "the page"
import html.parser
void = {"meta", "link", "br", "rect", "line"}
class P(html.parser.HTMLParser):
    def __init__(self): super().__init__(); self.stack = []; self.seen = set(); self.text = ""
    def handle_starttag(self, t, a):
        self.seen.add(t)
        assert not any(k in ("src", "href") or k.startswith("on") for k, v in a), a
        if t not in void: self.stack.append(t)
    def handle_startendtag(self, t, a): self.seen.add(t)
    def handle_endtag(self, t): assert self.stack.pop() == t, t
    def handle_data(self, d): self.text += d
p = P(); page = open("page.html").read(); p.feed(page); p.close()
assert not p.stack and "script" not in p.seen and "b" not in p.seen, (p.stack, p.seen)
assert "A <b> & 'c'" in p.text and "Worm.A" in p.text and "alert(1)" in p.text
assert "http" not in page
import re
cell = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page))
assert cell["messages"] == "6" and cell["viruses"] == "2" and cell["released (false alarms)"] == "1", cell
assert re.search(r"<td>Worm.A</td><td>2</td>", page)
P
"$BIN/convstat" report --last 12h log >page2; grep -q '<dt>messages</dt><dd>4' page2 && ok || bad "--last"
"$BIN/convstat" report --last x log >/dev/null 2>&1; [ $? = 64 ] && ok || bad "--last x"
"$BIN/convstat" report /dev/null >/dev/null 2>&1; [ $? = 1 ] && ok || bad "nothing"
"$BIN/convstat" report --html nowhere/page log 2>/dev/null; [ $? = 75 ] && ok || bad "cannot be written"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
