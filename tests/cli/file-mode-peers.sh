#!/bin/sh
# The snippets for amavisd-new and MIMEDefang in imta/sendmail/README.md, run as they stand, with convscan's real answers.
# With the peers themselves where tests/fetch-peers has unpacked them; else by the rules that their manuals give.
command -v perl >/dev/null 2>&1 && [ -x "$BIN/convscan" ] || exit 77
passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: '$2', due '$3'"; fi; }
readme=$ROOT/imta/sendmail/README.md
block() { awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```$/ { on = 0 } on' "$readme" | sed "s,/usr/bin/convscan,$BIN/convscan,"; }
peers=${PEERS:-$BUILD/peers}
perl5="-I$peers/usr/share/perl5 -I$(echo "$peers"/usr/lib/*/perl5/5*)"
LD_LIBRARY_PATH=$(echo "$peers"/usr/lib/*-linux-gnu*)

mkdir -p parts Work
ln -s "$PWD/parts" Work/parts
: >empty; block amavis >amavis; block mimedefang >mimedefang

cat >by-rule.pl <<'END'
# What amavisd makes of an entry: the status in one of two lists, names by the pattern; anything else is a failure.
do './amavis'; die $@ if $@;
my (undef, $command, $args, $clean, $infected, $names) = @{$av_scanners[0]};
$args =~ s/\{\}/parts/;
my $out = `$command $args 2>&1`;
my $status = $? & 127 ? -1 : $? >> 8;
if (grep $_ == $status, @$infected) { print "infected: ", join(', ', $out =~ /$names/gm), "\n" }
elsif (grep $_ == $status, @$clean) { print "clean\n" }
else { print "failed\n" }
END
cat >by-amavisd.pl <<'END'
use Amavis::AV; use Amavis::Conf qw(:confvars); use Amavis::Util;
$ENV{PATH} = '/usr/bin:/bin';
open my $f, '<', 'amavis' or die; my ($block) = join('', <$f>) =~ /(.*)/s; my ($here) = $ENV{PWD} =~ /(.*)/;
our (@av_scanners, @av_scanners_backup);
eval "$block 1" or die $@;
Amavis::Util::switch_to_my_time('test');
my @r = eval { Amavis::AV::run_av([qw(one two)], {}, $here, @{$av_scanners[0]}) };
print !defined $r[0] ? "failed\n" : $r[0] ? 'infected: ' . join(', ', @{$r[2]}) . "\n" : "clean\n";
END
cat >mimedefang.pl <<'END'
# MIMEDefang's actions, noted down.
sub action_tempfail { print "tempfail\n"; exit }
sub action_bounce { print "bounce: $_[0]\n"; exit }
do './mimedefang';
die $@ if $@;
filter_begin();
print "clean\n";
END
by_amavisd() { LD_LIBRARY_PATH=$LD_LIBRARY_PATH perl -T $perl5 by-amavisd.pl 2>err | tail -n 1; }

# each NAME AMAVIS MIMEDEFANG: what is due
each() {
    is "amavisd's rule: $1" "$(perl by-rule.pl 2>err)" "$2"
    if [ -d "$peers/usr/share/perl5/Amavis" ]; then is "amavisd: $1" "$(by_amavisd)" "$2"; else skipped=$((skipped + 1)); fi
    rm -rf Work; cp -R parts Work 2>/dev/null
    is "MIMEDefang: $1" "$(perl mimedefang.pl 2>err)" "$3"
}
printf 'clean\n' >parts/one; printf 'clean, too\n' >parts/two
each "clean" clean clean
"$ROOT/scripts/eicar" >parts/two
each "infected" 'infected: EICAR-Test-File' 'bounce: refused: EICAR-Test-File'
cp parts/two 'parts/name: X FOUND'
each "a name that looks like an answer" 'infected: EICAR-Test-File, EICAR-Test-File' 'bounce: refused: EICAR-Test-File'
rm parts/*; printf 'clean\n' >parts/one
sed -i "s,$BIN/convscan,& --db /nowhere," amavis mimedefang
each "no database: the message waits" failed tempfail
sed -i "s,$BIN/convscan --db /nowhere,/nowhere/convscan," amavis mimedefang
each "no scanner: the message waits" failed tempfail

if [ -d "$peers/usr/share/perl5/Mail/MIMEDefang" ]; then
    block mimedefang >mimedefang
    is "MIMEDefang has what the filter calls" "$(perl $perl5 -e 'use Mail::MIMEDefang; use Mail::MIMEDefang::Actions; do "./mimedefang"; die $@ if $@;
        print defined &action_tempfail && defined &action_bounce ? "yes" : "no"' 2>err)" yes
else
    skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
