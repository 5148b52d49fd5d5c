"""
Signatures that are digests. No file can be made for a digest that is known alone, so digests are made from files here: of the whole file, of a section of
an executable, of its imports. For each signature a file that has it and near misses (a byte changed, a byte more, another size asked for); what is due
is known beforehand, and convscan, clamscan (1.4) and, for YARA's hash module, yara (4.2) must each say it.
"""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys

BIN = os.environ["BIN"]
ALGOS = ("md5", "sha1", "sha256")
passed = failed = skipped = 0


def check(is_good, text):
    global passed, failed
    if is_good:
        passed += 1
    else:
        failed += 1
        print("FAILED:", text)


def skip(text):
    global skipped
    skipped += 1
    print("skipped:", text)


def digest(algo, data):
    return hashlib.new(algo, data).hexdigest()


# ---- executables ----

def imports_at(libraries, base, wide, first_thunk_only, spare):
    """The import table of libraries [(name, [function or number])], to stand at address base; its bytes and its size."""
    width = 8 if wide else 4
    table = (len(libraries) + 1) * 20
    names, thunks, rows = b"", b"", []
    n_thunks = sum(len(functions) + 1 for _, functions in libraries) * width
    names_at = base + table + n_thunks
    for library, functions in libraries:
        here = base + table + len(thunks)
        for f in functions:
            if isinstance(f, int):
                value = 1 << (8 * width - 1) | f
            else:
                value = names_at + len(names)
                names += b"\0\0" + f + b"\0"
            thunks += value.to_bytes(width, "little")
        thunks += bytes(width)
        rows.append(struct.pack("<IIIII", 0 if first_thunk_only else here, 0, 0, names_at + len(names), here))
        names += library + b"\0"
    return b"".join(rows) + bytes(20) + thunks + names, table - (0 if spare else 20)


def program(sections, libraries=(), wide=False, first_thunk_only=False, spare=True):
    """A PE file: sections [(name, bytes)], and one more for the imports."""
    sections = list(sections)
    size = 0
    if libraries:
        address = 0x1000 * (1 + len(sections))
        body, size = imports_at(libraries, address, wide, first_thunk_only, spare)
        sections.append((b".idata", body))
    optional = 240 if wide else 224
    head = bytearray(0x400)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 0x3c, 0x40)
    struct.pack_into("<4sHHIIIHH", head, 0x40, b"PE\0\0", 0x8664 if wide else 0x14c, len(sections), 0, 0, 0, optional, 0x102)
    at = 0x58
    struct.pack_into("<H", head, at, 0x20b if wide else 0x10b)
    struct.pack_into("<I", head, at + 16, 0x1000)
    struct.pack_into("<Q" if wide else "<I", head, at + (24 if wide else 28), 0x400000)
    struct.pack_into("<II", head, at + 32, 0x1000, 0x200)
    struct.pack_into("<H", head, at + 48, 4)
    struct.pack_into("<II", head, at + 56, 0x1000 * (2 + len(sections)), 0x400)
    struct.pack_into("<H", head, at + 68, 2)
    struct.pack_into("<I", head, at + (108 if wide else 92), 16)
    if libraries:
        struct.pack_into("<II", head, at + (112 if wide else 96) + 8, address, size)
    place, bodies = 0x400, b""
    for i, (name, body) in enumerate(sections):
        body += bytes(-len(body) % 0x200)
        struct.pack_into("<8sIIIIIIHHI", head, at + optional + 40 * i, name, len(body), 0x1000 * (i + 1), len(body), place, 0, 0, 0, 0, 0x60000020)
        bodies += body
        place += len(body)
    return bytes(head) + bodies + bytes(0x200)     # clamscan passes over functions whose names stand in the last 256 bytes


def import_text(libraries, numbers=None):
    out = []
    for library, functions in libraries:
        stem = library.decode().lower()
        if stem[stem.find("."):][:4] in (".dll", ".ocx", ".sys"):
            stem = stem[:stem.find(".")]
        for f in functions:
            out.append(stem + "." + ((numbers or {}).get(f, "ord%d" % f) if isinstance(f, int) else f.decode().lower()))
    return ",".join(out).encode()


# ---- signatures and files ----

lines = {}              # by ending
files = {}              # name: bytes
due = {}                # name: names of signatures
not_theirs = set()      # what clamscan is known not to look at


def sign(ending, line):
    lines.setdefault(ending, []).append(line)


def add_file(name, data, *names):
    assert name not in files
    files[name] = data
    due[name] = set(names)


def spoiled(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def whole_files():
    for i, algo in enumerate(ALGOS):
        for star in (False, True):
            name = "Whole.%s.%s" % (algo, "any" if star else "size")
            data = b"\x01\x02whole %d %d\x7f" % (i, star) * (i + 3)
            sign("hdb" if algo == "md5" else "hsb", "%s:%s:%s%s" % (digest(algo, data), "*" if star else len(data), name, ":73" if star else ""))
            add_file(name, data, name)
            for what, other in (("changed", spoiled(data, i)), ("last", spoiled(data, len(data) - 1)), ("more", data + b"\0"), ("less", data[:-1])):
                add_file("%s.%s" % (name, what), other)
        data = b"\x03\x04sized %d\x7f" % i * 4
        for by in (-1, 1):
            sign("hdb" if algo == "md5" else "hsb", "%s:%d:Wrong.%s.%d" % (digest(algo, data), len(data) + by, algo, by))
        sign("hsb", "%s:%d:Twice.%s" % (digest("sha256", data), len(data), algo))
        add_file("sized.%s" % algo, data, "Twice.%s" % algo)


def sections():
    for i, algo in enumerate(ALGOS):
        for star in (False, True):
            name = "Section.%s.%s" % (algo, "any" if star else "size")
            body = b"\x55\x8b\xec section %d %d" % (i, star) * 20
            data = program([(b".text", b"\x90\xc3" * 8), (b".data", body)])
            raw = body + bytes(-len(body) % 0x200)
            sign("mdb" if algo == "md5" else "msb", "%s:%s:%s%s" % ("*" if star else len(raw), digest(algo, raw), name, ":73" if star else ""))
            add_file(name, data, name)
            add_file(name + ".changed", spoiled(data, data.index(body)))
            add_file(name + ".elsewhere", spoiled(data, data.index(b"\x90\xc3")), name)
            add_file(name + ".bare", raw)
    body = b"\x55\x8b\xec wrong" * 20 + bytes(-13 * 20 % 0x200)
    sign("mdb", "%d:%s:Section.wrong" % (len(body) + 1, digest("md5", body)))
    add_file("section.wrong", program([(b".text", body)]))


# Numbers that are as good as a name, in the two libraries where they are.
SOCKETS = {1: "accept", 23: "socket", 115: "wsastartup", 151: "__wsafdisset", 500: "wep"}
AUTOMATION = {2: "sysallocstring", 150: "sysallocstringbytelen", 443: "unregistertypelibforuser"}

TABLES = {
    "one": ([(b"KERNEL32.dll", [b"ExitProcess"])], None),
    "several": ([(b"KERNEL32.dll", [b"ExitProcess", b"GetProcAddress"]), (b"User32.DLL", [b"MessageBoxA"]), (b"msvbvm60.dll", [100, 101])], None),
    "endings": ([(b"a.ocx", [b"One"]), (b"B.SYS", [b"Two"]), (b"c.drv", [b"Three"]), (b"d", [b"Four"]), (b"core.l1.dll", [b"Five"]),
                 (b"e.dll.dll", [b"Six"]), (b"f.dllx", [b"Seven"])], None),
    "sockets": ([(b"WS2_32.dll", [1, 23, 115, 151, 500, 100, b"WSAConnect"])], SOCKETS),
    "old-sockets": ([(b"wsock32.DLL", [115, 23, 9999])], SOCKETS),
    "automation": ([(b"OLEAUT32.dll", [2, 150, 443, 1, 444])], AUTOMATION),
    "modern": ([(b"api-ms-win-crt-heap-l1-1-0.dll", [b"free", b"malloc"])], None),
    "mangled": ([(b"MSVCP140.dll", [b"?uncaught_exception@std@@YA_NXZ", b"_Init@4"]), (b"b.dll", [b"$a(b)<c>"])], None),
    "names": ([(b"x_y.dll", [b"_a.b_C9", b"0", b"." * 9, b"A" * 200])], None),
    "many": ([(b"lib%d.dll" % i, [b"Function%d" % k for k in range(20)]) for i in range(40)], None),
}


def imports():
    for what, (libraries, numbers) in TABLES.items():
        text = import_text(libraries, numbers)
        for algo in ALGOS:
            sign("imp", "%s:*:Imports.%s.%s" % (digest(algo, text), what, algo))
        sign("imp", "%s:%d:Imports.%s.size" % (digest("md5", text), len(text), what))
        sign("imp", "%s:%d:Imports.%s.wrong" % (digest("md5", text), len(text) + 1, what))
        names = ["Imports.%s.%s" % (what, k) for k in ALGOS + ("size",)]
        for form in range(4):
            name = "imports.%s.%d" % (what, form)
            add_file(name, program([(b".text", b"\xc3" * 40)], libraries, wide=form == 1, first_thunk_only=form == 2), *names)
            if form == 1 or what == "mangled":
                not_theirs.add(name)
            if form == 3:
                add_file(name + ".changed", program([(b".text", b"\xc3" * 40)], [(libraries[0][0], [b"Other"] + libraries[0][1])] + libraries[1:]))
        add_file("imports.%s.text" % what, text)
    # The last row of the table counts only when something stands behind it; a name that no linker makes ends it all.
    cut = [(b"first.dll", [b"One"]), (b"second.dll", [b"Two"])]
    sign("imp", "%s:*:Imports.cut" % digest("md5", import_text(cut[:1])))
    sign("imp", "%s:*:Imports.uncut" % digest("md5", import_text(cut)))
    add_file("imports.cut", program([(b".text", b"\xc3")], cut, spare=False), "Imports.cut")
    add_file("imports.uncut", program([(b".text", b"\xc3")], cut), "Imports.uncut")
    unnamed = [(b"first.dll", [b"One"]), (b"second.dll", [b"no name"])]
    sign("imp", "%s:*:Imports.unnamed" % digest("md5", import_text(unnamed)))
    add_file("imports.unnamed", program([(b".text", b"\xc3")], unnamed))
    for what, at in (("library", b"first.dll"), ("function", b"\0\0One")):
        data = program([(b".text", b"\xc3")], cut)
        add_file("imports.lost." + what, data[:data.index(at)])


# ---- the scanners ----

def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ours(images, folder):
    found = {}
    argv = [os.path.join(BIN, "convscan"), "--all", "--json", "-r", folder]
    for image in images:
        argv[3:3] = ["--db", image]
    for line in run(*argv).stdout.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            found.setdefault(os.path.basename(one["path"]), set()).update(h["name"] for h in one.get("hits", ()))
    return found


def theirs(folder, files):
    found = {}
    for line in run("clamscan", "-z", "-r", "-d", folder, files).stdout.splitlines():
        if line.endswith(".UNOFFICIAL FOUND"):
            path, name = line[:-len(".UNOFFICIAL FOUND")].split(": ", 1)
            found.setdefault(os.path.basename(path), set()).add(name)
    return found


def compare(who, found, leave_out=()):
    for name in sorted(files):
        if name not in leave_out:
            check(found.get(name, set()) == due[name], "%s: %s finds %s, due is %s" % (name, who, sorted(found.get(name, ())), sorted(due[name])))


def write_all():
    os.mkdir("files")
    os.mkdir("set")
    for name, data in files.items():
        with open(os.path.join("files", name), "wb") as f:
            f.write(data)
    for ending, all_lines in lines.items():
        with open("set/set." + ending, "w") as f:
            f.write("".join(line + "\n" for line in all_lines))


def clam():
    whole_files()
    sections()
    imports()
    write_all()
    n = sum(map(len, lines.values()))
    out = run(os.path.join(BIN, "vdlc"), "--json", "-q", "-o", "set.vdb", "set").stdout
    check('"loaded":%d,' % n in out and '"unsupported":0,' in out, "not all of %d are loaded: %s" % (n, out))
    compare("convscan", ours(["set.vdb"], "files"))
    # The same rules as VDL's own text.
    with open("dumped.vdl", "w") as f:
        f.write(run(os.path.join(BIN, "vdlc"), "--dump", "set.vdb").stdout)
    check(run(os.path.join(BIN, "vdlc"), "-q", "-o", "dumped.vdb", "dumped.vdl").returncode == 0, "what --dump writes does not compile")
    compare("convscan with dumped rules", ours(["dumped.vdb"], "files"))
    # Beside another condition a digest is looked at in another way.
    with open("dumped.vdl") as f, open("beside.vdl", "w") as g:
        g.write(f.read().replace(" #\n", " AND SIZE > 1 #\n"))
    check(run(os.path.join(BIN, "vdlc"), "-q", "-o", "beside.vdb", "beside.vdl").returncode == 0, "digests beside a condition do not compile")
    compare("convscan with digests beside a condition", ours(["beside.vdb"], "files"))
    if shutil.which("clamscan"):
        found = theirs("set", "files")
        compare("clamscan", found, not_theirs)
        check(not not_theirs & set(found), "clamscan finds what it was known not to: %s" % sorted(not_theirs & set(found)))
        print("%d files are left out for clamscan, which hashes no imports of 64-bit programs and none with names of C++ functions" % len(not_theirs))
    else:
        skip("clamscan is not installed")
    proved = set().union(*due.values())
    wrong = {line.split(":")[2] for all_lines in lines.values() for line in all_lines} - proved
    print("%d signatures, %d of them proved by a file, %d made to fit none" % (n, len(proved), len(wrong)))


def yara():
    files.clear()
    due.clear()
    lines.clear()
    rules = 'import "hash"\n'
    for algo in ALGOS:
        data = b"\x05\x06yara %s\x7f" % algo.encode() * 5
        value = digest(algo, data)
        rules += 'rule %s { condition: hash.%s(0, filesize) == "%s" }\n' % (algo, algo, value)
        rules += 'rule %s_small { condition: filesize < %d and hash.%s(0, filesize) == "%s" }\n' % (algo, len(data), algo, value)
        rules += 'rule %s_sized { condition: filesize == %d and hash.%s(0, filesize) == "%s" }\n' % (algo, len(data), algo, value)
        add_file("yara." + algo, data, algo, algo + "_sized")
        add_file("yara.%s.changed" % algo, spoiled(data, 7))
        add_file("yara.%s.more" % algo, data + b"\0")
    shutil.rmtree("files")
    shutil.rmtree("set")
    write_all()
    with open("rules.yar", "w") as f:
        f.write(rules)
    out = run(os.path.join(BIN, "vdlc"), "--json", "-q", "-o", "yara.vdb", "rules.yar").stdout
    check('"loaded":9,' in out, "not all of 9 are loaded: %s" % out)
    compare("convscan", ours(["yara.vdb"], "files"))
    if not shutil.which("yara"):
        skip("yara is not installed")
        return
    found = {}
    for line in run("yara", "-r", "rules.yar", "files").stdout.splitlines():
        name, path = line.split(" ", 1)
        found.setdefault(os.path.basename(path), set()).add(name)
    compare("yara", found)


clam()
yara()
print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
sys.exit(failed > 0)
