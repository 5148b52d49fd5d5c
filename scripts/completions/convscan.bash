# bash completion of convscan and its companions: made by scripts/gen-completions out of --help.
_convscan_complete() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} how=file words="" options="" commands=""
    COMPREPLY=()
    [[ $prev != "=" ]] || prev=${COMP_WORDS[COMP_CWORD-2]}
    [[ $cur != "=" ]] || { prev=${COMP_WORDS[COMP_CWORD-1]}; cur=""; }
    case ${1##*/} in
    convscan|uvscan)
        options="--all --check-config --clean --config --db --delete --exit-codes --explain --help --json --mime --move --noboot --preview-notice --print-config --print-notice --quiet --raw --recursive --secure --selftest --summary --unzip --verbose --version --wait -c -m -r -v"
        case $prev in
        --config|--db) how=file options="" commands="" ;;
        --move|-m) how=folder options="" commands="" ;;
        --preview-notice|--print-notice) how=words words="en de fr es it nl pt ja zh" options="" commands="" ;;
        --exit-codes) how=words words="uvscan" options="" commands="" ;;
        esac ;;
    vdlc)
        options="--class --dialect --dump --exceptions --explain --help --json --level --output --quiet --test --verify --version --with-pua -c -o -q"
        case $prev in
        --dump|--output|--verify|-o) how=file options="" commands="" ;;
        --explain|--level) how=other options="" commands="" ;;
        --dialect) how=words words="cvdl" options="" commands="" ;;
        --class|-c) how=words words="virus ext spam pua allow" options="" commands="" ;;
        esac ;;
    convchan)
        options="--backoff --clock-offset --conversions --deliver --deliver-timeout --drain --from --held --help --hold --host --in-chan --jobs --lint --log --mail-log --mappings --no-sync --notices --out-chan --postmaster --priority --program-dir --queue --release --report --size-classes --submit --switches --tag --to --version -S"
        case $prev in
        --conversions|--log|--mail-log|--mappings|--report) how=file options="" commands="" ;;
        --program-dir|--queue) how=folder options="" commands="" ;;
        --backoff|--clock-offset|--deliver|--deliver-timeout|--from|--host|--in-chan|--jobs|--notices|--out-chan|--postmaster|--release|--size-classes|--tag|--to|-S) how=other options="" commands="" ;;
        esac ;;
    convstat)
        options="--acts --batch --cpus --help --html --jobs --last --rate --target-delay --title --version"
        commands="summary solve plan report"
        case $prev in
        --acts|--html) how=file options="" commands="" ;;
        --batch|--cpus|--jobs|--last|--rate|--target-delay|--title) how=other options="" commands="" ;;
        esac ;;
    convtop)
        options="--databases --flood --help --interval --log --once --quarantine --queue --version --window --write -q"
        case $prev in
        --flood|--log|--write) how=file options="" commands="" ;;
        --databases|--quarantine|--queue|-q) how=folder options="" commands="" ;;
        --interval|--window) how=other options="" commands="" ;;
        esac ;;
    convhold)
        options="--all --allow --class --dir --done --dry-run --file --from --help --json --max-bytes --mta --newer-than --older-than --only-to --recipient --scan --sender --signature --subject --to --version -d -n"
        commands="list show release delete expire"
        case $prev in
        --allow|--mta|--scan) how=file options="" commands="" ;;
        --dir|--to|-d) how=folder options="" commands="" ;;
        --file|--from|--max-bytes|--newer-than|--older-than|--only-to|--recipient|--sender|--signature|--subject) how=other options="" commands="" ;;
        --class) how=words words="virus ext spam encrypted limit error" options="" commands="" ;;
        esac ;;
    convmilter)
        options="--auth-chan --check --config --conversions --help --hold --idle-timeout --in-chan --jobs --log --mail-log --mappings --max-connections --memory --out-chan --pid-file --postmaster --program-dir --size-classes --socket --socket-group --socket-mode --spool-dir --standby --status --stop-time --tag --timeout --user --version --work-dir -S"
        case $prev in
        --config|--conversions|--log|--mail-log|--mappings|--pid-file|--status) how=file options="" commands="" ;;
        --hold|--program-dir|--spool-dir|--work-dir) how=folder options="" commands="" ;;
        --auth-chan|--idle-timeout|--in-chan|--jobs|--max-connections|--memory|--out-chan|--postmaster|--size-classes|--socket|--socket-group|--socket-mode|--standby|--stop-time|--tag|--timeout|--user|-S) how=other options="" commands="" ;;
        esac ;;
    convweb)
        options="--add-user --allow --archive --audit --behind-proxy --cert --config --convscan --convstat --databases --domains --flood --from --held-archive --help --index --key --listen --log --mta --notify --quarantine --queue --reports --rights --state --users --version --zip-password"
        case $prev in
        --allow|--audit|--cert|--config|--convscan|--convstat|--flood|--index|--key|--log|--mta|--notify|--state|--users) how=file options="" commands="" ;;
        --archive|--databases|--held-archive|--quarantine|--queue|--reports) how=folder options="" commands="" ;;
        --add-user|--domains|--from|--listen|--zip-password) how=other options="" commands="" ;;
        --rights) how=words words="r rw" options="" commands="" ;;
        esac ;;
    vdl-update)
        options="--check --config --dir --dry-run --file --force --help --keep --key --name --quiet --rollback --source --verbose --version -c -f -q -v"
        case $prev in
        --config|--file|--key|--source|-c|-f) how=file options="" commands="" ;;
        --dir) how=folder options="" commands="" ;;
        --keep|--name) how=other options="" commands="" ;;
        esac ;;
    vdl-publish)
        options="--help --key --name --out --version"
        case $prev in
        --key) how=file options="" commands="" ;;
        --out) how=folder options="" commands="" ;;
        --name|--version) how=other options="" commands="" ;;
        esac ;;
    flood-digest)
        options="--dry-run --help --log --sendmail --state --to"
        case $prev in
        --log|--sendmail|--state) how=file options="" commands="" ;;
        --to) how=other options="" commands="" ;;
        esac ;;
    esac
    local -a found=()
    if [[ $cur == -* && -n $options ]]; then how=words words=$options
    elif [[ -n $commands && $COMP_CWORD == 1 ]]; then how=words words=$commands
    fi
    case $how in
    words) mapfile -t found < <(compgen -W "$words" -- "$cur") ;;
    folder) mapfile -t found < <(compgen -d -- "$cur") ;;
    file) mapfile -t found < <(compgen -f -- "$cur") ;;
    esac
    COMPREPLY=("${found[@]}")
}
complete -o filenames -F _convscan_complete convscan vdlc convchan convstat convtop convhold convmilter convweb vdl-update vdl-publish flood-digest uvscan
