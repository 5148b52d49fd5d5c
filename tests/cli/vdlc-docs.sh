# The rules and samples that docs/LANGUAGE.md shows compile, and do what it says.
fail() { echo "$*"; exit 1; }
sed -n 's/^ \{4,\}\([:+-][A-Z][^,]*, .*#\)$/\1/p' "$ROOT/docs/LANGUAGE.md" >doc.vdl
[ "$(grep -c '^:' doc.vdl)" -ge 3 ] || fail "no rules found"
[ "$(grep -c '^[+-]' doc.vdl)" -ge 4 ] || fail "no samples found"
"$BIN/vdlc" --test doc.vdl 2>err || fail "$(cat err)"

# The left column of the tables of segments and conditions; a, b and c are texts, h is a name.
sed -n '/^## Segments/,/^## Types/p' "$ROOT/docs/LANGUAGE.md" | sed -n 's/\\|/\a/g; s/^| \(`[^|]*`[^|]*\)|.*/\1/p' | tr '\a' '|' |
    sed 's/^[^`]*`//; s/`, `/\n/g; s/`; `/\n/g; s/`[^`]*$//' | grep -v '…' >pieces
n=0
while IFS= read -r p; do
    n=$((n + 1))
    p=$(printf '%s' "$p" | sed -e 's/\(^\|[ (]\)a\($\|[ ,)]\)/\1"aaaa"\2/g' -e 's/\([ (]\)b\($\|[ ,)]\)/\1"bbbb"\2/g' -e 's/\([ (]\)c\($\|[ ,)]\)/\1"cccc"\2/g')
    case $p in
    *LET*) ;;
    *'(h '*) p="LET h = \"head\" IN $p" ;;
    esac
    printf ':Piece %d, %s #\n' "$n" "$p" >p.vdl
    printf ':Piece %d, "text", %s #\n' "$n" "$p" >q.vdl
    "$BIN/vdlc" -q -o p.vdb p.vdl 2>err || "$BIN/vdlc" -q -o p.vdb q.vdl 2>err2 || fail "$(cat p.vdl err err2)"
done <pieces
[ "$n" -ge 40 ] || fail "only $n pieces found"
