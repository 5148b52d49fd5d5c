# VI: a pattern at a key of a PE file's version information, the same for ours and for clamscan where it is installed.
fail() { echo "$*"; exit 1; }
command -v python3 >/dev/null 2>&1 || { echo "python3 is not installed"; exit 77; }
cat >pe.py <<'END'
import struct, sys
def u(s): return s.encode('utf-16le')+b'\0\0'
def pad(b): return b+b'\0'*(-len(b)%4)
def string(k,v):
    body=pad(struct.pack('<HHH',0,len(v)+1,1)+u(k))+u(v)
    return struct.pack('<H',len(body))+body[2:]
strings=b''
for k,v in [('CompanyName','Bad Actors'),('FileDescription','Nice tool'),('InternalName','abc')]:
    strings+=pad(string(k,v))
tab=pad(struct.pack('<HHH',0,0,1)+u('040904b0'))+strings; tab=struct.pack('<H',len(tab))+tab[2:]
sfi=pad(struct.pack('<HHH',0,0,1)+u('StringFileInfo'))+tab; sfi=struct.pack('<H',len(sfi))+sfi[2:]
fixed=struct.pack('<II',0xfeef04bd,0x10000)+b'\0'*44
vi=pad(struct.pack('<HHH',0,52,0)+u('VS_VERSION_INFO'))+fixed+sfi; vi=struct.pack('<H',len(vi))+vi[2:]
RVA=0x2000; RAW=0x400
def d(ids): return struct.pack('<IIHHHH',0,0,0,0,0,len(ids))+b''.join(struct.pack('<II',i,o) for i,o in ids)
rs=d([(16,0x80000000|24)])+d([(1,0x80000000|48)])+d([(1033,72)])
rs+=struct.pack('<IIII',RVA+88,len(vi),0,0)
assert len(rs)==88
rs+=vi
rs=rs.ljust(0x400,b'\0')
mz=b'MZ'+b'\x90\0'*29+struct.pack('<I',0x40); mz=mz[:0x3c]+struct.pack('<I',0x40)
opt=struct.pack('<HBBIIIIII',0x10b,8,0,0x200,0x400,0,0x1000,0x1000,0x2000)+struct.pack('<IIIHHHHHHIIIIHHIIIIII',0x400000,0x1000,0x200,4,0,0,0,4,0,0,0x3000,0x200,0,2,0,0x100000,0x1000,0x100000,0x1000,0,16)
dirs=[(0,0)]*16; dirs[2]=(RVA,len(rs))
opt+=b''.join(struct.pack('<II',*x) for x in dirs)
coff=struct.pack('<HHIIIHH',0x14c,2,0,0,0,len(opt),0x102)
def sec(n,vs,va,rsz,raw,fl): return n.ljust(8,b'\0')+struct.pack('<IIIIIIHHI',vs,va,rsz,raw,0,0,0,0,fl)
h=mz+b'PE\0\0'+coff+opt+sec(b'.text',0x200,0x1000,0x200,0x200,0x60000020)+sec(b'.rsrc',0x400,RVA,0x400,RAW,0x40000040)
f=h.ljust(0x200,b'\0')+(b'\xc3'+b'\x90'*0x1ff)+rs
open(sys.argv[1],'wb').write(f)
def hx(k,v): return (pad(b'\0'*6+u(k))[6:]+u(v)).hex()
print('Vi.Hit:1:VI:'+hx('CompanyName','Bad Actors'))
print('Vi.Key:1:VI:'+u('InternalName').hex())
print('Vi.Value:1:VI:'+u('Nice tool').hex())
print('Vi.Inner:1:VI:'+u('nternalName').hex())
print('Vi.Desc:1:VI:'+'4600??006c00(65|66)00')
END
python3 pe.py a.exe >vi.ndb || fail "no file was made"
while read -r line; do
    name=${line%%:*}
    printf '%s\n' "$line" >one.ndb
    "$BIN/vdlc" -q -o one.vdb one.ndb || fail "$name is not loaded"
    ours=$("$BIN/convscan" --raw --db one.vdb a.exe)
    case $name in Vi.Hit | Vi.Key | Vi.Desc) want="a.exe: $name FOUND" ;; *) want="a.exe: OK" ;; esac
    [ "$ours" = "$want" ] || fail "$name: $ours"
    command -v clamscan >/dev/null 2>&1 || continue
    theirs=$(clamscan --no-summary -d one.ndb a.exe | sed 's/\.UNOFFICIAL FOUND$/ FOUND/; s,^.*/a.exe:,a.exe:,')
    [ "$ours" = "$theirs" ] || fail "$name: ours $ours, theirs $theirs"
done <vi.ndb
# cut off or damaged anywhere it is no version information, and nothing breaks
printf 'Vi.Key:1:VI:49006e007400650072006e0061006c004e0061006d0065000000\n' >one.ndb
"$BIN/vdlc" -q -o one.vdb one.ndb || fail "not loaded"
for n in 60 200 500 1030 1060 1100 1120 1200; do
    head -c $n a.exe >cut.exe
    "$BIN/convscan" --raw --db one.vdb cut.exe | grep -q 'OK$' || fail "cut at $n: $("$BIN/convscan" --raw --db one.vdb cut.exe)"
done
