# startup-script.awk: convscan/startup.order as a piece of a linker script. The strings of the named functions stand side by side too.
function file_of(path,  n, dir) {
    n = split(path, dir, "/")
    sub(/\.c$/, ".o", dir[n])
    if (path == "convscan/main.c")
        return "*convscan/main.o"
    return "*lib" (dir[1] == "vdl" ? "vdl" dir[2] : dir[1]) ".a:" dir[n]
}
/^#/ { next }
{
    file = file_of($1)
    text = text file "(.text." $2 " .text." $2 ".*)\n"
    constants = constants file "(.rodata." $2 " .rodata." $2 ".*)\n"
}
END {
    print "SECTIONS { .text.startup_order : {\n" text "*libinih.a:(.text .text.*)\n*crt*.o(.text)\n} } INSERT BEFORE .text;"
    print "SECTIONS { .rodata.startup_order : {\n" constants "*libinih.a:(.rodata .rodata.*)\n} } INSERT BEFORE .rodata;"
    # What they write, beside what the loader writes (at the beginning of .bss) and the one part (behind that).
    print "SECTIONS { .bss.startup_order (NOLOAD) : {\n*libconvscan.a:watchdog.o(.bss.litter .bss.answer)\n*libinih.a:(.bss .bss.*)\n*convscan/main.o(.bss .bss.*)\n} } INSERT BEFORE .bss;"
}
