#!/bin/sh
# Notices as a page beside the text, and the language that is chosen: the message's wish, the recipient's domain, the setting.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
command -v python3 >/dev/null || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
printf ':Test.Virus, "the needle" #\n' >r.vdl
"$BIN/vdlc" -q -o r.vdb r.vdl || exit 1
echo 'here is the needle' >virus
mkdir -p o notices

# run SETTINGS [VARIABLE=…]…: the infected part, with all files
run() {
    printf '[notice]\n%b\n' "$1" >now.conf; shift
    rm -f o/*
    env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options INPUT_HEADERS=part OUTPUT_HEADERS=o/headers MESSAGE_HEADERS=message "$@" \
        "$BIN/convscan" --config now.conf --db r.vdb 2>err
}
language() { # WORDS SETTINGS HEADERS
    printf '%b\n\n' "$3" >message
    run "$2"
    grep -q "$1" o/out && ok || bad "$2, $3: $(head -n 1 o/out)"
}
printf 'Content-Type: application/x; name=n.exe\n' >part
language 'was removed by the mail server' '' 'Subject: x'
language 'vom Mailserver entfernt' 'domains = *.example.de:de' 'To: a@mail.example.de'
language 'vom Mailserver entfernt' 'domains = example.fr:fr, *.de:de' 'To: x@example.org, Y <y@example.DE>'
language 'de ce message' 'domains = *.de:de' 'To: a@example.de\nAccept-Language: fr'
language 'vom Mailserver entfernt' 'domains = *.de:de' 'To: a@example.de\nAccept-Language: xx'
language 'de ce message' 'domains = *.de:xx *.de:de\nlanguage = fr' 'To: a@example.de'
language 'was removed by the mail server' 'domains = nonsense : :: *.de\nlanguage = zz' 'To: a@example.de'

# A class may have templates of its own; what it lacks comes from the common folder, then from ours.
mkdir -p of-virus
echo 'virus text: {virus}' >of-virus/en.txt
echo 'gemeinsam: {virus}' >notices/de.txt
language 'virus text: Test.Virus' 'folder = notices\n[virus]\nnotice = of-virus' 'Accept-Language: en'
language 'gemeinsam: Test.Virus' 'folder = notices\n[virus]\nnotice = of-virus' 'Accept-Language: de'
language 'de ce message' 'folder = notices\n[virus]\nnotice = of-virus' 'Accept-Language: fr'
language 'was removed by the mail server' 'folder = notices\n[spam]\nnotice = of-virus' 'Accept-Language: en'
rm notices/de.txt

cat >check.py <<'P'
import email, email.policy, sys
from html.parser import HTMLParser
html, name = sys.argv[1], sys.argv[2]
raw = open('o/headers', 'rb').read() + b'\n' + open('o/out', 'rb').read()
m = email.message_from_bytes(raw, policy=email.policy.default)
assert all(line.isascii() and len(line) <= 998 for line in raw.splitlines()), 'not 7bit'
assert m.get_content_type() == 'multipart/alternative' and not m.defects, (m.get_content_type(), m.defects)
text, page = m.iter_parts()
assert [p.get_content_type() for p in (text, page)] == ['text/plain', 'text/html'] and not text.defects and not page.defects
assert text.get_filename() == name, text.get_filename()
assert 'Test.Virus' in text.get_content() and 'the needle' not in raw.decode()
tags = set()
class P(HTMLParser):
    def handle_starttag(self, tag, attrs): tags.add(tag)
P().feed(page.get_content())
assert tags <= {'html', 'head', 'meta', 'title', 'body', 'pre', 'h1'}, tags
assert html in page.get_content(), page.get_content()
options = open('o/options').read()
assert options.splitlines() == ['OUTPUT_TYPE=MULTIPART', 'OUTPUT_SUBTYPE=ALTERNATIVE', 'OUTPUT_MODE=TEXT', 'OUTPUT_ENCODING=7BIT',
                                'OUTPUT_DESCRIPTION="removed part"'], options
P
both() { # HTML NAME-OF-THE-PART NAME-OF-THE-NOTICE
    run 'html = yes\nfolder = notices' "NAME=$2"
    python3 check.py "$1" "$3" 2>err && ok || bad "both, $2: $(tail -n 1 err)"
}
printf 'Subject: <script>alert(1)</script>\r\nAccept-Language: en\n\n' >message
: >part
both '<pre>' n.exe n.exe.removed.txt
both '&lt;b&gt;&amp;&#39;.exe' '<b>&".exe' "<b>&'.exe.removed.txt"
both 'STATUS=' "$(printf 'a\nSTATUS=1\r\n--=_x--\nb')" 'a?STATUS=1??--=_x--?b.removed.txt'
both '=_' "=_$(printf '%0300d' 0)" "=_$(printf '%0198d' 0).removed.txt"
both '???' "$(printf '\302\205\377\033[2J<')" '???[2J<.removed.txt'
printf '<h1>{subject}</h1>{virus}{file}{nothing}' >notices/en.html
both '<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>Test.Virus&lt;b&gt;{' '<b>{virus}' '<b>{virus}.removed.txt'
# No header lines to write the boundary in, or no options: the text.
run 'html = yes' OUTPUT_HEADERS=
grep -qx 'OUTPUT_TYPE=TEXT' o/options && ! grep -q multipart o/out && ok || bad "both without OUTPUT_HEADERS"
run 'html = yes' OUTPUT_OPTIONS=
grep -q 'removed by the mail server' o/out && grep -q '^Content-Type: text/plain' o/headers && ok || bad "both without OUTPUT_OPTIONS"
for l in de en es fr it ja nl pt zh; do
    printf '[notice]\nhtml = yes\n' >now.conf
    "$BIN/convscan" --config now.conf --preview-notice $l >preview && python3 - 2>err <<'P' && ok || bad "preview $l: $(tail -n 1 err)"
import email, email.policy
m = email.message_from_file(open('preview'), policy=email.policy.default)
text, page = m.iter_parts()
assert 'EICAR-Test-File' in text.get_content() and 'EICAR-Test-File' in page.get_content() and text.get_content().strip() in page.get_content().replace('&#39;', "'")
P
    "$BIN/convscan" --preview-notice $l >preview && grep -q 'invoice.exe' preview && ! grep -q multipart preview && ok || bad "preview $l, text"
done

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
