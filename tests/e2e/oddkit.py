"""What the modules of odd cases share."""
import base64
import codecs
import gzip

FOUND, CLOSED, CLEAN = 'found', 'closed', 'clean'
EICAR = codecs.decode('K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*', 'rot13').encode()
# Where a format holds bytes as they are, what comes out must have been opened.
PACKED = gzip.compress(EICAR, mtime=0)
CODED = base64.b64encode(PACKED)


def patched(data, *changes):
    """changes: (place, bytes); a negative place counts from the end."""
    made = bytearray(data)
    for at, what in changes:
        at += len(made) if at < 0 else 0
        made[at:at + len(what)] = what
    return bytes(made)
