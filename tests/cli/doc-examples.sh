#!/bin/sh
# What runs the documents' examples sees an example that is wrong, and one that would be overlooked.
command -v python3 >/dev/null || exit 77
passed=0 failed=0
says() { # status, what the run must say; the document on standard input
    cat >doc.md
    "$ROOT/scripts/doc-examples" "$BIN" "$PWD/doc.md" >said 2>&1
    rc=$?
    if [ $rc = "$1" ] && grep -qF -- "$2" said; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $2: $rc"; cat said; fi
}
fence='```'
says 0 '1 passed, 0 failed, 0 not run' <<END
${fence}sh
test -f README.md && convscan --version >/dev/null
${fence}
END
says 1 'exit status 2' <<END
${fence}sh
convscan --no-such-option; true
${fence}
END
says 0 '1 passed' <<END
${fence}console
\$ echo one; echo 2 is two
one
… two
${fence}
END
says 1 'the document says' <<END
${fence}console
\$ echo one
two
${fence}
END
says 1 'not fenced as one: convscan letter.txt' <<END
Then

    convscan letter.txt
END
says 1 'not fenced as one: make all' <<END
$fence
make all
$fence
END
says 0 '0 failed' <<END
It says

    letter.txt: OK
END
says 0 '1 passed' <<END
${fence}sh shows
echo 'took 1.23 ms, id 0123456789ab'; echo between; echo end
$fence

    took 4.5 ms, id ab0123456789
    …
    end

${fence}text
END
says 1 'not printed from here on: 2' <<END
${fence}sh shows
echo 3 parts
$fence

    2 parts
${fence}text
END
says 0 '1 passed' <<END
${fence}sh in=.ci/run
make test
${fence}
END
says 1 'not in .ci/run: make tset' <<END
${fence}sh in=.ci/run
make tset
${fence}
END
says 0 'not run: ' <<END
${fence}sh norun no reason
false
${fence}
END
# Root's examples: what they change is gone afterwards.
before=$(cksum /etc/passwd)
if unshare -m true 2>/dev/null && [ "$(id -u)" = 0 ]; then
    says 0 '3 passed, 0 failed' <<END
<!-- examples: echo nobody-else:x:999:999::/:/bin/false >>/etc/passwd -->
${fence}sh root
grep nobody-else /etc/passwd && mkdir /opt/doc-examples && ! ping -c 1 -W 1 192.0.2.1 2>/dev/null
${fence}
${fence}sh root typed=hello
test -d /opt/doc-examples && read -r x && test "\$x" = hello || exit 9
${fence}
END
    says 1 'does not serve 8025' <<END
${fence}sh root serves=8025
sleep 0.1
${fence}
END
    says 1 'what is that?' <<END
${fence}sh root
imsimta conbuild
${fence}
END
fi
[ "$(cksum /etc/passwd)" = "$before" ] && [ ! -e /opt/doc-examples ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAIL it is not private"; }
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
